"""EDGE. Which history is fetched from an exchange, and how a fetch that broke off goes on."""

from collections.abc import AsyncIterator, Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from quantum_os.events.units import NS_PER_MS
from quantum_os.exchange.client import open_client
from quantum_os.exchange.endpoint import Endpoint
from quantum_os.exchange.line import Line
from quantum_os.exchange.measuring import measure_clock
from quantum_os.exchange.session import open_session
from quantum_os.formulas.symbols import joined
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.market.feeds.live.connection import EXPECTED
from quantum_os.market.feeds.live.history import History, HistoryError
from quantum_os.market.feeds.live.listing import listed
from quantum_os.market.feeds.live.shelf import Entry, Row, Shelf
from quantum_os.market.feeds.tape_files import TapeKind

PAGES_PER_PART = 20
"""Pages that are kept together: what a break can lose."""

MARKETS = {"binance": "um", "bybit": "linear"}
"""The word for an exchange's linear perpetuals in the names of files."""


class Outcome(StrEnum):
    """What became of one file."""

    FETCHED = "fetched"
    KNOWN = "known"
    EMPTY = "empty"


class Asked(msgspec.Struct, frozen=True):
    """What is wanted: history of `symbols` that begins in `start` <= time < `end` (ns)."""

    venue: str
    endpoint: Endpoint
    symbols: tuple[str, ...]
    timeframe: str
    start: int
    end: int
    kinds: tuple[TapeKind, ...]
    folder: Path


class Got(msgspec.Struct, frozen=True):
    """One file and what became of it; `entry` is None where the exchange has nothing."""

    file: str
    outcome: Outcome
    entry: Entry | None = None


async def download(asked: Asked, moved: Callable[[int, int], None]) -> list[Got]:
    """Fetches every file that is not there yet; `moved` hears how much of it all is done.

    Raises HistoryError for what cannot be had and ShelfError for a folder that is not as it was;
    what has been fetched until then is kept, and is not fetched again.
    """
    shelf, line = Shelf(asked.folder), Line()
    async with open_session(asked.endpoint) as session:
        client = open_client(asked.venue, asked.endpoint, session, line)
        try:
            end = await _end(asked, client, line)
            history = History(asked.venue, client)
            got = []
            jobs = list(_jobs(asked))
            for place, (kind, symbol) in enumerate(jobs):
                span = max(1, end - asked.start)

                def progress(until: int, place: int = place, span: int = span) -> None:
                    moved(place * span + until - asked.start, len(jobs) * span)

                fetch = _Fetch(asked, shelf, history, kind, symbol, end)
                got.append(await fetch.run(progress))
            return got
        finally:
            await client.close()


async def _end(asked: Asked, client: Any, line: Line) -> int:
    """Checks that the exchange lists what is wanted; gives the end of what has closed, ns."""
    try:
        await measure_clock(client)
        await client.load_markets()
    except EXPECTED as error:
        why = str(error) or type(error).__name__
        raise HistoryError(f"{asked.venue}: cannot be reached: {why}") from error
    missing = set(asked.symbols) - set(listed(client.markets, asked.symbols))
    if missing:
        raise HistoryError(f"{asked.venue} does not list {', '.join(sorted(missing))}")
    step = timeframe_ns(asked.timeframe)
    return min(asked.end, line.clock.now_ns()) // step * step


def _jobs(asked: Asked) -> Iterator[tuple[TapeKind, str]]:
    for symbol in asked.symbols:
        for kind in asked.kinds:
            yield kind, symbol


class _Fetch:
    """One file on its way: what is there of it, and what is still to come."""

    def __init__(
        self,
        asked: Asked,
        shelf: Shelf,
        history: History,
        kind: TapeKind,
        symbol: str,
        end: int,
    ) -> None:
        self._asked, self._shelf, self._history = asked, shelf, history
        self._kind, self._symbol, self._end = kind, symbol, end
        self._since = self._start_ms
        self._name = file_name(asked.venue, symbol, kind, asked.timeframe)

    async def run(self, moved: Callable[[int], None]) -> Got:
        begin = self._begin()
        if begin is None:
            return Got(self._name, Outcome.KNOWN, self._shelf.entry(self._name))
        waiting: list[Row] = []
        pages = 0
        try:
            async for rows, until in self._pages(begin):
                waiting += rows
                pages += 1
                if pages % PAGES_PER_PART == 0:
                    self._shelf.keep(self._name, self._kind, waiting, self._since)
                    waiting = []
                moved(until)
        finally:
            self._shelf.keep(self._name, self._kind, waiting, self._since)
        if not self._shelf.parts(self._name):
            return Got(self._name, Outcome.EMPTY)
        return Got(self._name, Outcome.FETCHED, self._shelf.finish(*self._finished()))

    def _begin(self) -> int | None:
        """Where to go on, ns; None when the file is whole already."""
        name, shelf = self._name, self._shelf
        known = shelf.entry(name)
        if known is not None and known.start <= self._start_ms <= known.end:
            if known.end >= self._end_ms:
                return None
            shelf.begin_with(name, known.start)
            self._since = known.start
            return known.end * NS_PER_MS
        since, last = shelf.start_of(name), shelf.last_time(name)
        step = 1 if self._kind is TapeKind.FUNDING else self._step_ms
        if since is not None and last is not None and since <= self._start_ms <= last + step:
            self._since = since
            return (last + step) * NS_PER_MS
        shelf.drop(name)
        return self._asked.start

    async def _pages(self, begin: int) -> AsyncIterator[tuple[list[Row], int]]:
        """Gives rows, and the time (ns) up to which they reach."""
        history, asked = self._history, self._asked
        at = begin
        if self._kind is TapeKind.FUNDING:
            async for stamps in history.funding(self._symbol, begin, self._end):
                at = stamps[-1].time if stamps else at
                yield [(each.time // NS_PER_MS, each.rate) for each in stamps], at
            return
        mark = self._kind is TapeKind.MARK
        pages = history.bars(self._symbol, asked.timeframe, begin, self._end, mark=mark)
        async for bars in pages:
            at = bars[-1].open_time if bars else at
            rows: list[Row] = [
                (each.open_time // NS_PER_MS, each.open, each.high, each.low, each.close)
                + (() if mark else (each.volume,))
                for each in bars
            ]
            yield rows, at

    def _finished(self) -> tuple[str, Entry, int]:
        entry = Entry(
            venue=self._asked.venue,
            kind=self._kind,
            symbol=self._symbol,
            timeframe="" if self._kind is TapeKind.FUNDING else self._asked.timeframe,
            start=self._since,
            end=self._end_ms,
            rows=0,
            first=0,
            last=0,
            missing=0,
            sha256="",
        )
        return self._name, entry, 0 if self._kind is TapeKind.FUNDING else self._step_ms

    @property
    def _step_ms(self) -> int:
        return timeframe_ns(self._asked.timeframe) // NS_PER_MS

    @property
    def _start_ms(self) -> int:
        return self._asked.start // NS_PER_MS

    @property
    def _end_ms(self) -> int:
        return self._end // NS_PER_MS


def file_name(venue: str, symbol: str, kind: TapeKind, timeframe: str) -> str:
    """Names a file as a tape reads it."""
    tail = {
        TapeKind.KLINES: timeframe,
        TapeKind.MARK: f"mark_{timeframe}",
        TapeKind.FUNDING: "funding",
    }[kind]
    return f"{venue}_{MARKETS[venue]}_{joined(symbol)}_{tail}.parquet"
