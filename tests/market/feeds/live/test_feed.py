"""The live feed on exchanges on the wire: whole bars, no bar twice, and every silence found."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from quantum_os.events.base import Event, stream_of
from quantum_os.events.market import (
    ExchangeRaw,
    FeedState,
    FeedStatus,
    FeedWatermark,
    InstrumentUpdated,
    MarketKlines,
    MarketTick,
    RawKind,
)
from quantum_os.events.units import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_MS, Ns
from quantum_os.exchange.endpoint import TESTNET, Endpoint
from quantum_os.exchange.line import Line
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.edge import EdgeContext, Heard
from quantum_os.kernel.envelope import Envelope, encode_event
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.lanes import Lanes
from quantum_os.market.feeds.live.connection import ASK_S, HEAR_OUT_S, LOOK_S
from quantum_os.market.feeds.live.feed import LiveConfig, LiveFeed
from quantum_os.market.feeds.live.freshness import EVERYTHING, STALE_S
from quantum_os.market.feeds.live.venue_feed import Terms
from tests.market.feeds.live.exchange import (
    HOUR_MS,
    MINUTE_MS,
    START_MS,
    Binance,
    Bybit,
    Exchange,
    candle_of,
)
from tests.market.feeds.live.hearing import BTC, ETH, Hearing, config, hearing
from tests.waiting import until

TEN = START_MS + 10 * MINUTE_MS
EARLY_MS = 2_500
"""How long before a bar's end a feed is started."""


def bars_of(events: list[Event], venue: str) -> list[MarketKlines]:
    return [each for each in events if isinstance(each, MarketKlines) and each.venue == venue]


def closes(events: list[Event], venue: str) -> list[int]:
    """The close of each bar time told, in minutes since the start."""
    return [each.close_time // NS_PER_MS // MINUTE_MS - START_MS // MINUTE_MS for each in
            bars_of(events, venue)]  # fmt: skip


def states(events: list[Event], topic: str = EVERYTHING) -> list[FeedStatus]:
    return [each.state for each in events if isinstance(each, FeedState) and each.topic == topic]


async def told(heard: Hearing, venue: str, minute: int) -> None:
    """Returns once the bar that closes at `minute` was told."""
    await until(lambda: minute in closes(heard.listen(), venue))


async def test_two_exchanges_are_told_bar_by_bar_and_side_by_side(tmp_path: Path) -> None:
    one, other = Binance(TEN - EARLY_MS), Bybit(TEN - EARLY_MS)
    async with hearing(tmp_path, one, other) as heard:
        await told(heard, "binance", 10)
        await told(heard, "bybit", 10)
        events = heard.listen()
        for venue in ("binance", "bybit"):
            assert closes(events, venue) == [5, 6, 7, 8, 9, 10], "each once, and in order"
            live = bars_of(events, venue)[-1]
            opened, high, low, close = candle_of(TEN - MINUTE_MS, MINUTE_MS, "BTCUSDT")
            assert live.symbols == (BTC, ETH)
            row = (live.open[0], live.high[0], live.low[0], live.close[0], live.volume[0])
            assert row == (opened, high, low, close, 7.0)
        passed = [(each.venue, each.time) for each in events if isinstance(each, FeedWatermark)]
        assert passed[:4] == [(v, t) for _, v, t in sorted((t, v, t) for v, t in passed)][:4]
        assert states(events) == [FeedStatus.LIVE, FeedStatus.LIVE]


async def test_prices_are_conflated_and_every_message_is_accounted_for(tmp_path: Path) -> None:
    async with hearing(tmp_path, Binance(TEN + 20_000)) as heard:
        await until(lambda: heard.count(MarketTick) >= 12)
        ticks = [each for each in heard.listen() if isinstance(each, MarketTick)]
        assert max(tick.count for tick in ticks) > 2
        merged = ticks[-1]
        assert merged.volume is not None
        assert merged.volume >= 2.0
        assert merged.bid is not None
        assert merged.ask is not None
        assert merged.bid < merged.ask
        lanes = heard.lanes
        assert lanes.offered == lanes.taken + lanes.conflated + lanes.backlog
        kinds = {each.kind for each in heard.listen() if isinstance(each, ExchangeRaw)}
        assert kinds >= {RawKind.MARK, RawKind.INDEX}


async def test_the_price_venues_filters_are_learnt_and_its_brackets_kept(tmp_path: Path) -> None:
    async with hearing(tmp_path, Binance(TEN + 20_000)) as heard:
        await until(lambda: heard.count(InstrumentUpdated))
        (event,) = (each for each in heard.listen() if isinstance(each, InstrumentUpdated))
        assert (event.venue, event.source) == ("binance", "binance")
        status = {each.symbol: each.status for each in event.instruments}
        assert set(status.values()) == {"DELISTED"}, "this small exchange lists neither of them"


async def test_funding_is_told_when_it_was_paid_and_once(tmp_path: Path) -> None:
    eight = START_MS + 8 * HOUR_MS
    async with hearing(tmp_path, Binance(eight - 1_500)) as heard:
        await until(lambda: eight * NS_PER_MS in [
            each.venue_ts for each in heard.listen()
            if isinstance(each, ExchangeRaw) and each.symbol == ETH
            and each.kind is RawKind.FUNDING
        ])  # fmt: skip
        paid = [
            each
            for each in heard.listen()
            if isinstance(each, ExchangeRaw) and each.kind is RawKind.FUNDING
        ]
        stamps = [(each.symbol, each.venue_ts) for each in paid]
        assert len(stamps) == len(set(stamps))
        assert {each.value for each in paid} == {0.0001}, "never the forecast of the stream"
        assert {each.interval_h for each in paid} == {8.0}


async def test_f90_bars_missed_while_away_are_fetched_and_told_once(tmp_path: Path) -> None:
    exchange = Binance(TEN - EARLY_MS)
    async with hearing(tmp_path, exchange) as heard:
        await told(heard, "binance", 10)
        exchange.down = True
        await exchange.hang_up()
        await until(lambda: FeedStatus.DOWN in states(heard.listen()))
        exchange._origin += 7 * MINUTE_MS
        heard.feed.venues[0].connection.line.clock.forget()
        exchange.down = False
        await until(lambda: 17 in closes(heard.listen(), "binance"))
        assert closes(heard.listen(), "binance") == list(range(5, 18))
        assert states(heard.listen())[-2:] == [FeedStatus.RESYNCING, FeedStatus.LIVE]


async def test_a_bar_whose_close_never_came_is_asked_for(tmp_path: Path) -> None:
    exchange = Binance(TEN - EARLY_MS)
    exchange.closed_bars = False
    async with hearing(tmp_path, exchange) as heard:
        await told(heard, "binance", 10)
        assert bars_of(heard.listen(), "binance")[-1].symbols == (BTC, ETH)


async def test_w3_a_silent_stall_is_found_and_connected_anew(tmp_path: Path) -> None:
    exchange = Binance(TEN + 20_000)
    async with hearing(tmp_path, exchange, stale_s=0.6) as heard:
        await until(lambda: FeedStatus.LIVE in states(heard.listen()))
        connections = exchange.connections
        exchange.silent = True
        await until(lambda: FeedStatus.STALE in states(heard.listen()))
        exchange.silent = False
        await until(lambda: states(heard.listen())[-1] is FeedStatus.LIVE)
        assert exchange.connections > connections


async def test_w9_a_subscription_that_is_ignored_is_found(tmp_path: Path) -> None:
    exchange = Binance(TEN + 20_000)
    exchange.deaf = {"ethusdt@markPrice@1s"}
    async with hearing(tmp_path, exchange, stale_s=0.6) as heard:
        await until(lambda: states(heard.listen(), f"reference.{ETH}"))
        assert states(heard.listen(), f"reference.{BTC}") == []
        exchange.deaf = set()
        await until(lambda: states(heard.listen(), f"reference.{ETH}")[-1] is FeedStatus.LIVE)


async def test_w9_trades_that_do_not_come_are_told_apart_from_trades_that_are_not_made(
    tmp_path: Path,
) -> None:
    exchange = Binance(TEN + 20_000)
    exchange.quiet_trades = True
    async with hearing(tmp_path, exchange, stale_s=0.6) as heard:
        await until(lambda: FeedStatus.LIVE in states(heard.listen()))
        watch = heard.feed.venues[0].connection
        await until(lambda: watch.line.requests > 12)
        assert states(heard.listen(), f"trade.{BTC}") == [], "nothing was traded"
        exchange.mute = {"btcusdt@aggTrade", "ethusdt@aggTrade"}
        exchange.quiet_trades = False
        await until(lambda: states(heard.listen(), f"trade.{BTC}") == [FeedStatus.STALE])


def test_a_silence_is_found_within_fifteen_seconds() -> None:
    assert STALE_S + LOOK_S + ASK_S + HEAR_OUT_S <= 15.0


async def test_w6_poison_frames_end_no_stream(tmp_path: Path) -> None:
    exchange = Binance(TEN + 20_000)
    async with hearing(tmp_path, exchange) as heard:
        await until(lambda: FeedStatus.LIVE in states(heard.listen()))
        for poison in ('{"e":"aggTrade","p":NaN}', "[]", "[1,2]", '{"e":"trade"', "<html>"):
            await exchange.say(poison)
        connection = heard.feed.venues[0].connection
        await until(lambda: connection.line.quarantine.count + connection.refused.total() >= 2)
        before = heard.count(MarketTick)
        await until(lambda: heard.count(MarketTick) > before + 3)
        assert states(heard.listen())[-1] is FeedStatus.LIVE


async def test_a_message_that_cannot_be_true_is_counted_and_the_stream_goes_on(
    tmp_path: Path,
) -> None:
    exchange = Binance(TEN + 20_000)
    async with hearing(tmp_path, exchange) as heard:
        await until(lambda: heard.count(MarketTick) > 3)
        connection = heard.feed.venues[0].connection
        trade = {"e": "aggTrade", "E": TEN, "T": TEN, "s": "BTCUSDT", "q": "1", "m": True, "a": 1}
        for price in ("-5", "0", "1e300", "abc"):
            text = msgspec.json.encode({**trade, "p": price, "f": 1, "l": 1}).decode()
            await exchange.say(text)
        await until(lambda: connection.refused.total() >= 4)
        assert connection.reconnections == 0
        assert all(each.price > 50 for each in heard.listen() if isinstance(each, MarketTick))


def journal_of(*events: Event) -> MemoryJournal:
    journal = MemoryJournal()
    for seq, event in enumerate(events, 1):
        payload = encode_event(event)
        journal.append(
            Envelope(seq, seq, 0, seq, "market.feeds.live", stream_of(type(event)), payload, 0)
        )
    return journal


@pytest.mark.parametrize("with_watermark", [True, False])
async def test_a_restart_goes_on_behind_the_last_bar_that_was_told(
    tmp_path: Path, *, with_watermark: bool
) -> None:
    close = (START_MS // MINUTE_MS + 7) * NS_PER_MINUTE
    row = ((1.0,),) * 5
    said: list[Event] = [
        MarketKlines("binance", "1m", close - NS_PER_MINUTE, close, (BTC,), *row),  # type: ignore[arg-type]
        *(
            ExchangeRaw("binance", symbol, RawKind.FUNDING, Ns(START_MS * NS_PER_MS), 0.0001)
            for symbol in (BTC, ETH)
        ),
    ]
    if with_watermark:
        said.append(FeedWatermark("binance", close))  # type: ignore[arg-type]
    exchange: Exchange = Binance(TEN + 20_000)
    async with hearing(tmp_path, exchange, journal=journal_of(*said), heard_until=close) as heard:
        await told(heard, "binance", 10)
        events = heard.listen()
        assert closes(events, "binance") == [8, 9, 10]
        passed = [each.time for each in events if isinstance(each, FeedWatermark)]
        assert (close in passed) is not with_watermark
        assert not [
            each
            for each in events
            if isinstance(each, ExchangeRaw) and each.kind is RawKind.FUNDING
        ]


async def test_a_restart_tells_no_bars_behind_a_watermark_that_passed_without_them(
    tmp_path: Path,
) -> None:
    close = (START_MS // MINUTE_MS + 7) * NS_PER_MINUTE
    row = ((1.0,),) * 5
    said: list[Event] = [
        MarketKlines("binance", "1m", close - NS_PER_MINUTE, close, (BTC,), *row),  # type: ignore[arg-type]
        FeedWatermark("binance", Ns(close)),
        FeedWatermark("binance", Ns(close + NS_PER_MINUTE)),
    ]
    exchange: Exchange = Binance(TEN + 20_000)
    async with hearing(tmp_path, exchange, journal=journal_of(*said), heard_until=close) as heard:
        await told(heard, "binance", 10)
        assert closes(heard.listen(), "binance") == [9, 10]


async def test_an_exchange_that_is_not_there_is_said_and_waited_for(tmp_path: Path) -> None:
    exchange = Binance(TEN + 20_000)
    exchange.down = True
    async with hearing(tmp_path, exchange) as heard:
        await until(lambda: states(heard.listen()) == [FeedStatus.DOWN])
        exchange.down = False
        await until(lambda: states(heard.listen())[-1] is FeedStatus.LIVE)
        assert closes(heard.listen(), "binance") or heard.count(FeedState)


async def test_a_list_without_any_of_our_contracts_is_none(tmp_path: Path) -> None:
    exchange = Binance(TEN + 20_000, ())
    async with hearing(tmp_path, exchange) as heard:
        await until(lambda: states(heard.listen()) == [FeedStatus.DOWN])
        exchange.symbols = ("BTCUSDT", "ETHUSDT")
        await until(lambda: states(heard.listen())[-1] is FeedStatus.LIVE)
        connection = heard.feed.venues[0].connection
        listings, exchange.symbols = connection.listings, ()
        renewing = asyncio.create_task(connection._renew_listing())
        await until(lambda: not connection.client.markets)
        assert connection.listings == listings
        exchange.symbols = ("BTCUSDT", "ETHUSDT")
        await renewing
        assert connection.listings == listings + 1


@asynccontextmanager
async def nobody(venue: str, endpoint: Endpoint, line: Line) -> AsyncIterator[None]:
    """Where an exchange should be."""
    await asyncio.Event().wait()
    yield


async def test_time_goes_on_when_our_clock_is_set_back() -> None:
    now = [TEN * NS_PER_MS]
    feed = LiveFeed(config(TESTNET, ("binance",)), lambda: now[0], None, nobody)
    lanes = Lanes()
    task = asyncio.create_task(feed.run(EdgeContext(ReplayClock(), lanes, MemoryJournal())))
    await until(lambda: lanes.take() is not None)
    now[0] -= NS_PER_HOUR
    connection = feed.venues[0].connection
    before = connection._now()
    await until(lambda: (mark := lanes.take()) is not None and mark.event is None)
    assert 0 <= connection._now() - before < NS_PER_MINUTE, "no step of ours is a silence"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_what_the_journal_holds_of_another_feed_is_not_ours() -> None:
    feed = LiveFeed(LiveConfig((), Terms(0, 2.0), ()))
    feed.go_on(Heard({"market.feeds.tape": {"market.klines": 5}}, 77))
    assert not feed._has_spoken
