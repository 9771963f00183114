"""Every recorded message of the public streams becomes facts, or is known to be none of ours."""

import json
from collections import Counter

import pytest

from quantum_os.events.market import MarketTick
from quantum_os.market.feeds.live import binance_messages, bybit_messages
from quantum_os.market.feeds.live.heard import BookChange, Heard, NotOurs, Reading, Refused, Trade
from quantum_os.market.feeds.live.reading import Reader, read_safely, read_text
from quantum_os.market.feeds.live.telling import tick_of
from tests.market.feeds.live.recordings import (
    CAPTURES,
    FIXTURES,
    captured,
    messages,
    needs_recordings,
    zipped,
)

pytestmark = needs_recordings

READERS = {"binance_um": binance_messages.read, "bybit": bybit_messages.read}

IMPOSSIBLE = {
    "binance_um/ws/Klines.json": "a documentation example whose low is above its open",
    "binance_um/nautilus/ws/kline_stream_open.json": "the same example",
    "binance_um/ws/Concurrent.json": "six placeholders, without any name",
    "bybit/nautilus/ws/ws_account_position_with_open_time.json": "REST's answer, not a message",
}
"""The only recorded messages that are refused, and why."""

PUBLIC = {
    "binance_um": {"Trade": 53, "Quote": 53, "BookChange": 55, "Bar": 51, "Reference": 2},
    "bybit": {"Trade": 2, "Quote": 2, "BookChange": 2, "Bar": 1, "Reference": 2},
}
"""Facts that the fixtures hold."""

NOT_OURS = {
    "binance_um": {
        "reply",
        "24hrTicker",
        "24hrMiniTicker",
        "forceOrder",
        "compositeIndex",
        "assetIndexUpdate",
        "contractInfo",
        "continuous_kline",
    },
    "bybit": {"reply", "allLiquidation", "another product"},
}
"""Public shapes in the fixtures that are deliberately not ours."""


def readings(venue: str) -> dict[str, list[Reading]]:
    files = sorted((FIXTURES / venue).glob("*/ws*.json"))
    files += sorted((FIXTURES / venue).glob("ws/*.json"))
    files += sorted((FIXTURES / venue).glob("nautilus/ws/*.json"))
    return {
        str(file.relative_to(FIXTURES)): [
            read_safely(READERS[venue], message) for message in messages(file)
        ]
        for file in files
    }


@pytest.mark.parametrize("venue", sorted(READERS))
def test_every_recorded_message_is_a_fact_or_deliberately_none(venue: str) -> None:
    facts: Counter[str] = Counter()
    shapes: set[str] = set()
    for file, found in readings(venue).items():
        refused = [one for one in found if isinstance(one, Refused)]
        assert bool(refused) == (file in IMPOSSIBLE), f"{file}: {refused}"
        for one in found:
            if isinstance(one, Heard):
                facts.update(type(fact).__name__ for fact in one.facts)
            elif isinstance(one, NotOurs):
                shapes.add(one.shape)
    private = binance_messages.PRIVATE if venue == "binance_um" else bybit_messages.PRIVATE
    assert facts == PUBLIC[venue]
    assert shapes - private == NOT_OURS[venue]


def facts_of(reader: Reader, lines: list[str]) -> tuple[list[object], list[str]]:
    facts: list[object] = []
    refused: list[str] = []
    for line in lines:
        reading = read_text(reader, line)
        if isinstance(reading, Heard):
            facts.extend(reading.facts)
        elif isinstance(reading, Refused):
            refused.append(line)
    return facts, refused


def test_a_whole_capture_of_four_coins_becomes_facts() -> None:
    lines = list(captured(FIXTURES / "captures/cryptofeed_BINANCE_FUTURES.ws.1.0.gz", ": "))
    facts, refused = facts_of(binance_messages.read, lines)
    kinds = Counter(type(fact).__name__ for fact in facts)
    assert not refused
    assert kinds == {"BookChange": 764, "Quote": 613, "Trade": 91, "Bar": 67}


def test_the_raw_capture_of_a_day_becomes_ticks() -> None:
    lines = list(captured(CAPTURES / "binance_um_btcusdt_20240808.gz", " "))
    facts, refused = facts_of(binance_messages.read, lines)
    ticks = [tick_of("binance", fact) for fact in facts if isinstance(fact, Trade)]
    assert [json.loads(line).keys() & {"lastUpdateId"} for line in refused] == [{"lastUpdateId"}]
    assert len(ticks) == 21_313
    assert {type(tick) for tick in ticks} == {MarketTick}
    assert len({tick.trade_id for tick in ticks}) == len(ticks)
    assert all(61_000 < tick.price < 62_500 for tick in ticks)
    stamps = [tick.venue_ts for tick in ticks]
    assert stamps == sorted(stamps)


def test_the_old_api_of_a_capture_is_refused_and_not_guessed() -> None:
    lines = list(captured(FIXTURES / "captures/cryptofeed_BYBIT.ws.25.0.gz", ": "))
    facts, refused = facts_of(bybit_messages.read, lines)
    assert not facts
    assert len(refused) > 3_000


def test_bybits_recorded_book_is_read_without_loss() -> None:
    lines = list(zipped(CAPTURES / "bybit_linear_xrpusdt_ob500.data.zip"))
    facts, refused = facts_of(bybit_messages.read, lines)
    assert not refused
    assert [type(fact) for fact in facts] == [BookChange] * 50
