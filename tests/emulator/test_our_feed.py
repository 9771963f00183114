"""Our live feed hears the emulator as it hears Binance: over TLS, through ccxt, bar by bar."""

from pathlib import Path

import polars as pl

from quantum_os.events.market import (
    ExchangeRaw,
    FeedStatus,
    FeedWatermark,
    InstrumentUpdated,
    MarketKlines,
    MarketTick,
    RawKind,
)
from quantum_os.events.units import NS_PER_HOUR, NS_PER_MS
from quantum_os.exchange.endpoint import emulator
from quantum_os.market.feeds.live.download import Asked, download
from quantum_os.market.feeds.tape_files import TapeKind
from tests.emulator.emulated import emulated
from tests.emulator.listening import BTC, ETH, going_on, heard_at, states
from tests.waiting import until


async def test_the_emulators_market_is_heard_and_its_silence_is_found(tmp_path: Path) -> None:
    async with emulated(tmp_path) as exchange, heard_at(exchange, stale_s=1.0) as heard:
        async with going_on(exchange):
            await until(lambda: heard.count(MarketTick) >= 6 and heard.count(MarketKlines) >= 30)
            events = heard.listen()
            passed = [each.time for each in events if isinstance(each, FeedWatermark)]
            assert passed == sorted(set(passed))
            assert {symbol for each in events if isinstance(each, MarketKlines)
                    for symbol in each.symbols} == {BTC, ETH}  # fmt: skip
            kinds = {each.kind for each in events if isinstance(each, ExchangeRaw)}
            assert kinds >= {RawKind.MARK, RawKind.INDEX, RawKind.FUNDING}
            (listing,) = (each for each in events if isinstance(each, InstrumentUpdated))
            assert {each.status for each in listing.instruments} == {"TRADING"}
            connection = heard.feed.venues[0].connection
            assert connection.refused.total() == 0, connection.refused
            await until(lambda: states(heard.listen())[-1:] == [FeedStatus.LIVE])
        await until(lambda: FeedStatus.STALE in states(heard.listen()))
        assert heard.lanes.offered == heard.lanes.taken + heard.lanes.conflated


async def test_what_is_downloaded_is_what_the_emulator_remembers(tmp_path: Path) -> None:
    async with emulated(tmp_path) as exchange:
        async with exchange.ccxt() as client:
            now_ms = await client.fetch_time()
            rows = await client.fetch_ohlcv(BTC, "1h", now_ms - 26 * 3_600_000, 24)
        start = rows[0][0] * NS_PER_MS
        wish = Asked(
            venue="binance",
            endpoint=emulator(exchange.server.port, exchange.ca),
            symbols=(BTC,),
            timeframe="1h",
            start=start,
            end=start + 20 * NS_PER_HOUR,
            kinds=(TapeKind.KLINES, TapeKind.MARK, TapeKind.FUNDING),
            folder=tmp_path / "out",
        )
        got = {each.file: each.entry for each in await download(wish, lambda done, of: None)}
    bars = pl.read_parquet(tmp_path / "out" / "binance_um_BTCUSDT_1h.parquet")
    assert bars.rows() == [tuple(row) for row in rows[:20]]
    marks = got["binance_um_BTCUSDT_mark_1h.parquet"]
    paid = got["binance_um_BTCUSDT_funding.parquet"]
    assert marks is not None
    assert marks.rows == 20
    assert paid is not None
    assert paid.rows in (2, 3)
