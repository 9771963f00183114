"""An entry says to old readers what they know, and to us the event to the last bit."""

import json
import math
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.base import redis_key_of
from quantum_os.events.catalog import EVENTS, ORIGINAL_STREAMS
from quantum_os.events.market import ExchangeNormalized, MarketKlines
from quantum_os.events.units import Ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.journal_reading import DamagedRecord
from quantum_os.storage.redis.entries import (
    Entry,
    entries_of,
    envelope_of,
    id_of,
    id_text,
    is_ours,
)
from quantum_os.storage.redis.layout import ROWED, Form, keys_of, read_key, stream_key, whole_key
from tests.events.examples import example_of
from tests.kernel.fakes import bus_of, tick
from tests.storage.redis.fund import Speaker, cross_section, entries, mirrored
from tests.storage.redis.old_reader import read_old


def enveloped(event: object) -> Envelope:
    bus, journal = bus_of()
    bus.process(1_700_000_000_123_456_789, event, "test")  # type: ignore[arg-type]
    return next(iter(journal.read()))


def fields_of(entry: Entry) -> dict[bytes, bytes]:
    words = [each if isinstance(each, bytes) else each.encode() for each in entry.fields]
    return dict(zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize("stream", EVENTS)
def test_the_whole_entry_gives_the_event_back(stream: str) -> None:
    envelope = enveloped(example_of(EVENTS[stream]))
    *_, whole = entries_of(envelope)
    assert whole.key == whole_key(stream)
    assert whole.ends
    assert envelope_of(stream, fields_of(whole)) == envelope


@given(price=st.floats(), qty=st.none() | st.floats())
def test_any_number_survives_json_or_goes_round_it(price: float, qty: float | None) -> None:
    """JSON has no infinity and no NaN: such a payload is carried as it is."""
    envelope = enveloped(tick(price, qty=qty))
    (whole,) = entries_of(envelope)
    assert envelope_of("market.tick", fields_of(whole)) == envelope
    strange = not math.isfinite(price) or (qty is not None and not math.isfinite(qty))
    assert (b"packed" in fields_of(whole)) == strange


def test_each_entry_carries_the_marks_of_its_event() -> None:
    envelope = enveloped(cross_section(2))
    for entry in entries_of(envelope):
        fields = fields_of(entry)
        assert fields[b"timestamp"] == b"2023-11-14T22:13:20.123456Z"
        assert fields[b"ts"] == b"1700000000123456789"
        marks = (b"seq", b"cause", b"trace", b"schema", b"kind", b"source")
        assert [fields[name] for name in marks] == [b"1", b"0", b"1", b"1", b"input", b"test"]


def test_columns_are_one_entry_per_symbol_and_one_whole() -> None:
    found = list(entries_of(enveloped(cross_section(3))))
    assert [(entry.key, entry.id) for entry in found] == [
        ("quantum:stream:market_data", (1, 0)),
        ("quantum:stream:market_data", (1, 1)),
        ("quantum:stream:market_data", (1, 2)),
        ("quantum:stream:market_data:columns", (1, 0)),
    ]
    assert [entry.ends for entry in found] == [False, False, False, True]


def test_an_event_without_symbols_is_whole_all_the_same() -> None:
    (whole,) = entries_of(enveloped(cross_section(0)))
    assert whole.key == "quantum:stream:market_data:columns"


def test_ours_lie_beside_a_stream_that_others_write_to() -> None:
    envelope = enveloped(example_of(EVENTS["trade.intent"]))
    (beside,) = entries_of(envelope, frozenset({"trade.intent"}))
    assert beside.key == "quantum:stream:trade.intent:fund"
    assert read_key(beside.key) == ("trade.intent", Form.WHOLE)


@pytest.mark.parametrize("stream", EVENTS)
def test_every_key_leads_back_to_its_stream(stream: str) -> None:
    assert stream_key(stream) == redis_key_of(EVENTS[stream])
    for key in keys_of(stream):
        assert read_key(key)[0] == stream
    forms = [read_key(key)[1] for key in keys_of(stream)]
    assert forms == ([Form.ROWS, Form.WHOLE] if stream in ROWED else [Form.WHOLE])


def test_only_streams_with_old_readers_are_told_in_rows() -> None:
    columned = {name for name, kind in EVENTS.items() if "bar_close" in kind.__struct_fields__}
    columned |= {"market.klines"}
    with_symbols = {name for name in columned if "symbols" in EVENTS[name].__struct_fields__}
    assert {*ORIGINAL_STREAMS, "decision.summary"} & with_symbols == ROWED


@pytest.mark.parametrize("at", [(7, 0), (1_700_000_000_000, 499)])
def test_ids_read_back(at: tuple[int, int]) -> None:
    assert id_of(id_text(at)) == at


def test_an_entry_of_others_is_not_ours() -> None:
    assert not is_ours(b"7-0", {b"event_type": b"x", b"payload": b"{}"})
    assert not is_ours(b"8-0", {b"digest": b"0", b"seq": b"7"})
    assert is_ours(b"7-0", {b"digest": b"0", b"seq": b"7"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"payload", b"{"),
        (b"payload", None),
        (b"digest", b"no hash"),
        (b"seq", b"seven"),
        (b"ts", None),
        (b"packed", b"*"),
    ],
)
def test_a_damaged_entry_is_named(name: bytes, value: bytes | None) -> None:
    (whole,) = entries_of(enveloped(tick()))
    fields = fields_of(whole)
    fields.pop(name, None)
    if value is not None:
        fields[name] = value
    with pytest.raises(DamagedRecord, match=r"event (1|seven), market\.tick"):
        envelope_of("market.tick", fields)


async def test_old_readers_understand_an_intent(url: str, home: Path) -> None:
    speaker = Speaker(home)
    example = example_of(EVENTS["trade.intent"])
    intent = msgspec.structs.replace(example, symbol="NEAR/USDT:USDT", created=Ns(10**18))
    speaker.say(intent)
    await mirrored(speaker, url)
    (heard,) = read_old(url, "trade.intent")
    payload = heard["payload"]
    assert heard["source"] == "test.speaker"
    assert (payload["symbol"], payload["side"]) == ("NEARUSDT", "BUY")
    assert payload["timestamp"] == "2001-09-09T01:46:40Z"
    numbers = ("entry_price", "stop_loss", "take_profit", "position_size_usd", "leverage")
    assert [payload[name] for name in numbers] == [12.5, 12.5, 12.5, 12.5, 7]
    known = ("atr_value", "volatility_factor", "exchange_divergence", "funding_rate", "confidence")
    assert [payload[name] for name in known] == [0.25] * 5
    assert {"model", "reason", "regime"} <= payload.keys()
    speaker.close()


async def test_old_readers_get_rows_and_unknown_stays_unknown(url: str, home: Path) -> None:
    speaker = Speaker(home)
    speaker.say(cross_section(2))
    await mirrored(speaker, url)
    first, second = (each["payload"] for each in read_old(url, "market_data"))
    assert (first["symbol"], first["unified"], first["price"]) == ("C0USDT", "C0/USDT:USDT", 1.0)
    assert (second["last"], second["funding_rate"], second["flags"]) == (2.0, None, [])
    assert len(entries(url, "quantum:stream:market_data:columns")) == 1
    speaker.close()


async def test_old_readers_know_each_row_of_a_bar_a_vote_and_a_cross_section(
    url: str, home: Path
) -> None:
    speaker = Speaker(home)
    speaker.say(MarketKlines("binance", "5m", Ns(0), Ns(300), ("BTC/USDT:USDT",), *(((1.5,),) * 5)))
    speaker.say(example_of(EVENTS["ai.signal_generated"]))
    speaker.say(
        ExchangeNormalized(
            bar_close=Ns(0),
            symbols=("A/USDT:USDT", "B/USDT:USDT"),
            venues=("binance", "bybit"),
            mid=((1.0, None), (3.0, None)),
            divergence_bps=(None, None),
            zscore=(None, None),
            lead_venue=(None, None),
            basis_bps=(None, None),
            funding_spread=(None, None),
            venues_fresh=(2, 0),
        )
    )
    await mirrored(speaker, url)
    (bar,) = read_old(url, "market.klines")
    names = ("symbol", "timeframe", "open", "high", "low", "close", "volume", "timestamp")
    assert [bar["payload"][name] for name in names] == [
        *("BTCUSDT", "5m", 1.5, 1.5, 1.5, 1.5, 1.5, "1970-01-01T00:00:00Z")
    ]
    (vote,) = read_old(url, "ai.signal_generated")
    said = vote["payload"]
    assert (said["action"], said["model_votes"], said["consensus"]) == ("BUY", {"word": "BUY"}, 1)
    known, unknown = (each["payload"] for each in read_old(url, "exchange.normalized"))
    assert (known["avg_price"], known["mid"]) == (2.0, {"binance": 1.0, "bybit": 3.0})
    assert (unknown["avg_price"], unknown["num_exchanges"]) == (None, 0)
    speaker.close()


@pytest.mark.parametrize("stream", [name for name in ORIGINAL_STREAMS if name in EVENTS])
async def test_every_original_stream_reads_as_json(url: str, home: Path, stream: str) -> None:
    speaker = Speaker(home)
    speaker.say(example_of(EVENTS[stream]))
    await mirrored(speaker, url)
    (heard,) = read_old(url, stream)
    assert heard["payload"] == json.loads(json.dumps(heard["payload"]))
    assert heard["timestamp"].endswith("Z")
    speaker.close()
