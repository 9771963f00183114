"""`download-data`: whole files with their hashes, that a backtest reads as they are."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from quantum_os.events.units import NS_PER_MS
from quantum_os.market.feeds.live.download import Asked, Got, Outcome, download
from quantum_os.market.feeds.live.history import HistoryError
from quantum_os.market.feeds.live.shelf import MANIFEST, ShelfError
from quantum_os.market.feeds.tape_files import TapeKind
from quantum_os.market.feeds.tape_frames import open_tape
from tests.cli.console import Said, quantum_os
from tests.exchange.wire import Wire
from tests.market.feeds.live.exchange import (
    HOUR_MS,
    MINUTE_MS,
    START_MS,
    Binance,
    Bybit,
    Exchange,
    candle_of,
    served,
)

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
DAY = 24 * HOUR_MS
ALL = (TapeKind.KLINES, TapeKind.FUNDING, TapeKind.MARK)


def asked(line: Wire, folder: Path, **changes: Any) -> Asked:
    wish: dict[str, Any] = {
        "venue": "binance",
        "endpoint": line.endpoint,
        "symbols": (BTC,),
        "timeframe": "5m",
        "start": START_MS * NS_PER_MS,
        "end": (START_MS + 2 * DAY) * NS_PER_MS,
        "kinds": ALL,
        "folder": folder,
    }
    return Asked(**(wish | changes))


async def got(wish: Asked) -> dict[str, Got]:
    found = await download(wish, lambda done, of: None)
    return {each.file: each for each in found}


@pytest.mark.parametrize(("exchange", "market"), [(Binance, "um"), (Bybit, "linear")])
async def test_what_is_fetched_is_what_the_exchange_has_and_a_tape_reads_it(
    tmp_path: Path, exchange: type[Exchange], market: str
) -> None:
    venue = exchange.venue
    async with served(tmp_path, exchange(START_MS + 9 * DAY)) as line:
        files = await got(asked(line, tmp_path / "out", venue=venue, symbols=(BTC, ETH)))
    stem = f"{venue}_{market}_BTCUSDT"
    assert set(files) == {
        f"{venue}_{market}_{coin}USDT_{tail}.parquet"
        for coin in ("BTC", "ETH")
        for tail in ("5m", "funding", "mark_5m")
    }
    bars = pl.read_parquet(tmp_path / "out" / f"{stem}_5m.parquet")
    assert bars["open_time"].to_list() == list(range(START_MS, START_MS + 2 * DAY, 5 * MINUTE_MS))
    expected = candle_of(START_MS + HOUR_MS, 5 * MINUTE_MS, "BTCUSDT")
    assert bars.row(12)[1:] == (*expected, 7.0)
    stamps = pl.read_parquet(tmp_path / "out" / f"{stem}_funding.parquet")["funding_time"]
    assert len(stamps) == 6
    tape = open_tape([tmp_path / "out"], known_symbols={BTC, ETH})
    assert tape.bars == 2 * 2 * 288
    assert tape.symbols(venue) == tape.funded(venue) == (BTC, ETH)
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_bytes())["files"]
    for name, entry in manifest.items():
        content = (tmp_path / "out" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    entry = manifest[f"{stem}_5m.parquet"]
    assert (entry["rows"], entry["missing"], entry["first"]) == (576, 0, START_MS)
    assert not list((tmp_path / "out").glob("*.part"))


async def test_what_is_there_is_not_fetched_again_and_a_later_end_goes_on_behind_it(
    tmp_path: Path,
) -> None:
    async with served(tmp_path, Binance(START_MS + 9 * DAY)) as line:
        wish = asked(line, tmp_path / "out", kinds=(TapeKind.KLINES,))
        await got(wish)
        line.heard.clear()
        (again,) = (await got(wish)).values()
        assert again.outcome is Outcome.KNOWN
        assert "/fapi/v1/klines" not in line.paths()
        later = asked(
            line,
            tmp_path / "out",
            kinds=(TapeKind.KLINES,),
            end=(START_MS + 3 * DAY) * NS_PER_MS,
        )
        (longer,) = (await got(later)).values()
        assert longer.outcome is Outcome.FETCHED
        assert longer.entry is not None
        assert (longer.entry.rows, longer.entry.missing) == (3 * 288, 0)
        assert longer.entry.start == START_MS
        first = next(query for _, path, query in line.heard if path.endswith("klines"))
        assert f"startTime={START_MS + 2 * DAY}" in first, "only what was missing"


class Breaking(Binance):
    """Answers so many questions about bars and no more."""

    left = 3

    def rest(self, path: str, query: dict[str, str]) -> Any:
        if path == "/fapi/v1/klines":
            if not self.left:
                return {"code": -1121, "msg": "Invalid symbol."}
            self.left -= 1
        return super().rest(path, query)


async def test_a_fetch_that_breaks_off_goes_on_where_it_stood(tmp_path: Path) -> None:
    exchange = Breaking(START_MS + 30 * DAY)
    async with served(tmp_path, exchange) as line:
        wish = asked(
            line,
            tmp_path / "out",
            timeframe="1m",
            kinds=(TapeKind.KLINES,),
            end=(START_MS + 5 * DAY) * NS_PER_MS,
        )
        with pytest.raises(HistoryError, match="-1121"):
            await got(wish)
        parts = list((tmp_path / "out").glob("*.part"))
        assert parts
        assert not (tmp_path / "out" / MANIFEST).exists()
        line.heard.clear()
        exchange.left = 100
        (whole,) = (await got(wish)).values()
        assert whole.entry is not None
        assert (whole.entry.rows, whole.entry.missing) == (5 * 1440, 0)
        asked_for = [query for _, path, query in line.heard if path == "/fapi/v1/klines"]
        assert f"startTime={START_MS + 3_000 * MINUTE_MS}" in asked_for[0]
        assert len(asked_for) == 5


async def test_parts_of_a_fetch_that_began_later_are_not_mistaken_for_an_earlier_one(
    tmp_path: Path,
) -> None:
    exchange = Breaking(START_MS + 30 * DAY)
    exchange.left = 1
    async with served(tmp_path, exchange) as line:
        late = asked(
            line,
            tmp_path / "out",
            timeframe="1m",
            kinds=(TapeKind.KLINES,),
            start=(START_MS + DAY) * NS_PER_MS,
        )
        with pytest.raises(HistoryError):
            await got(late)
        exchange.left = 100
        early = asked(line, tmp_path / "out", timeframe="1m", kinds=(TapeKind.KLINES,))
        (whole,) = (await got(early)).values()
        assert whole.entry is not None
        assert (whole.entry.first, whole.entry.rows) == (START_MS, 2 * 1440)


async def test_a_file_that_changed_is_never_called_known(tmp_path: Path) -> None:
    async with served(tmp_path, Binance(START_MS + 9 * DAY)) as line:
        wish = asked(line, tmp_path / "out", kinds=(TapeKind.FUNDING,))
        (name,) = await got(wish)
        (tmp_path / "out" / name).write_bytes(b"spoilt")
        with pytest.raises(ShelfError, match="has changed since it was fetched"):
            await got(wish)


class Lying(Binance):
    """Gives one bar whose high is below its low."""

    def rest(self, path: str, query: dict[str, str]) -> Any:
        found = super().rest(path, query)
        if path == "/fapi/v1/klines":
            found[7][2] = "1"
        return found


async def test_a_bar_that_cannot_be_is_refused_and_not_written(tmp_path: Path) -> None:
    async with served(tmp_path, Lying(START_MS + 9 * DAY)) as line:
        with pytest.raises(HistoryError, match="do not contain open and close"):
            await got(asked(line, tmp_path / "out", kinds=(TapeKind.KLINES,)))
        assert not list((tmp_path / "out").glob("*.parquet"))


async def test_only_bars_that_have_closed_are_fetched(tmp_path: Path) -> None:
    async with served(tmp_path, Binance(START_MS + HOUR_MS + 7 * MINUTE_MS)) as line:
        (files,) = (await got(asked(line, tmp_path / "out", kinds=(TapeKind.KLINES,)))).values()
        assert files.entry is not None
        assert files.entry.last == START_MS + HOUR_MS


async def test_the_command_says_what_it_fetched_and_a_backtest_reads_it(tmp_path: Path) -> None:
    async with served(tmp_path, Binance(START_MS + 30 * DAY)) as line:
        where = ["--emulator", f"127.0.0.1:{line.endpoint.port}", "--ca", line.endpoint.ca_file]
        words = ["download-data", "--venue", "binance", "--symbols", "btc,ETHUSDT", "--timeframe"]
        words += [
            "1h",
            "--from",
            "2026-01-01",
            "--to",
            "2026-01-03",
            "--out",
            str(tmp_path / "out"),
        ]

        def command(*more: object) -> Said:
            return quantum_os(*words, *where, *more)

        said = (await asyncio.to_thread(command, "--json")).json()
        assert {each["outcome"] for each in said["files"]} == {"fetched"}
        again = await asyncio.to_thread(command)
        assert again.code == 0
        assert again.out.count("known") == 6
    tested = quantum_os(
        "backtest", "--data", tmp_path / "out", "--out", tmp_path / "run", "--json"
    ).json()
    assert (tested["bars"], tested["start"]) == (2 * 48, "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--symbols": "doge/usdt"}, "is not a linear perpetual"),
        ({"--symbols": " , "}, "name at least one perpetual"),
        ({"--to": "2025-12-01"}, "--to is not later than --from"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    words = {"--venue": "binance", "--symbols": "BTC", "--from": "2026-01-01"}
    words |= {"--out": str(tmp_path / "out")} | changed
    flat = [each for pair in words.items() for each in pair]
    assert said in quantum_os("download-data", *flat).refusal()
    assert not (tmp_path / "out").exists()


async def test_an_exchange_that_does_not_list_a_symbol_is_named(tmp_path: Path) -> None:
    async with served(tmp_path, Binance(START_MS + DAY, ("ETHUSDT",))) as line:
        with pytest.raises(HistoryError, match="binance does not list BTC/USDT:USDT"):
            await got(asked(line, tmp_path / "out"))
