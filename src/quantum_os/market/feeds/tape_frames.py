"""Decides in which order a tape speaks: facts, closes, watermarks, timers, opens of each T."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import msgspec
import xxhash

from quantum_os.events.market import (
    ExchangeRaw,
    FeedWatermark,
    MarketKlines,
    MarketOpens,
    RawKind,
)
from quantum_os.events.units import Ns
from quantum_os.market.feeds.stage import Stage
from quantum_os.market.feeds.tape_bars import VenueBars
from quantum_os.market.feeds.tape_disclosure import assumptions, notices
from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.feeds.tape_facts import Facts, iso, merged, read_facts
from quantum_os.market.feeds.tape_files import TapeFile, TapeKind, discover
from quantum_os.market.feeds.tape_series import Series, Span, survey

TIME_MIN_NS = 0
TIME_MAX_NS = 2**63 - 1

TapeEvent = ExchangeRaw | MarketKlines | FeedWatermark | MarketOpens


class Tape(msgspec.Struct, frozen=True):
    """A checked tape: klines of one timeframe by venue, funding and marks if known.

    Times are ns UTC: `start` is the open of the first bar, `end` the close of the last. `bars`
    counts klines. `data_hash` depends on the content inside the span, never on paths or splitting.
    """

    venues: tuple[str, ...]
    timeframe: str
    step_ns: int
    start: int
    end: int
    bars: int
    data_hash: str
    assumptions: tuple[str, ...]
    notices: tuple[str, ...]
    series: tuple[Series, ...]
    facts: tuple[Facts, ...]

    @property
    def is_synthetic(self) -> bool:
        return False

    def symbols(self, venue: str) -> tuple[str, ...]:
        """The symbols of a venue that have at least one bar, sorted."""
        return tuple(one.symbol for one in self.series if one.venue == venue)

    def funded(self, venue: str) -> tuple[str, ...]:
        """The symbols of a venue whose funding is on the tape; the others pay none."""
        kind = RawKind.FUNDING
        return tuple(one.symbol for one in self.facts if one.venue == venue and one.kind is kind)

    def frames(self) -> Iterator[tuple[int, Stage, TapeEvent | None]]:
        """Plays the tape once: (time T, stage, event); TIMERS has no event and comes once per T.

        T walks the whole grid from `start` to `end`, through hours without bars too, so that age
        and timers run on. `start` itself closes nothing and `end` opens nothing.
        """
        facts = merged(self.facts)
        fact = next(facts, None)
        walks = [VenueBars(self._of(v), Span(self.start, self.end)).slots() for v in self.venues]
        closing: list[MarketKlines | None] = []
        time = self.start
        for slots in zip(*walks, strict=True):
            while fact is not None and fact.venue_ts <= time:
                yield time, Stage.FACTS, fact
                fact = next(facts, None)
            if closing:
                yield from self._close(time, closing)
            yield time, Stage.TIMERS, None
            closing = []
            for klines, opens in slots:
                closing.append(klines)
                if opens is not None:
                    yield time, Stage.OPENS, opens
            time += self.step_ns
        while fact is not None:
            yield time, Stage.FACTS, fact
            fact = next(facts, None)
        yield from self._close(time, closing)
        yield time, Stage.TIMERS, None

    def _close(
        self, time: int, closing: list[MarketKlines | None]
    ) -> Iterator[tuple[int, Stage, TapeEvent]]:
        for klines in closing:
            if klines is not None:
                yield time, Stage.CLOSES, klines
        for venue in self.venues:
            yield time, Stage.WATERMARK, FeedWatermark(venue, Ns(time))

    def _of(self, venue: str) -> list[Series]:
        return [one for one in self.series if one.venue == venue]


def open_tape(
    paths: Sequence[Path],
    *,
    known_symbols: Collection[str],
    start: int = TIME_MIN_NS,
    end: int = TIME_MAX_NS,
) -> Tape:
    """Finds, checks and hashes a tape; raises TapeError, and then nothing of it may be played.

    `start` and `end` (ns UTC) keep bars that open at or after the one and close by the other; rows
    outside are checked all the same. `known_symbols` are those that have filters and brackets.
    """
    if start >= end:
        raise TapeError(f"the range is empty: from {iso(start)} to {iso(end)}")
    files = discover(paths)
    klines = [file for file in files if file.kind is TapeKind.KLINES]
    _check_klines(klines, paths, known_symbols)
    series = _series(klines, Span(start, end))
    if not series:
        raise TapeError(f"no bars between {iso(start)} and {iso(end)} in {_shown(paths)}")
    span = Span(min(s.first for s in series), max(s.last + s.step_ns for s in series))
    facts = _facts(files, series, span)
    return Tape(
        venues=tuple(dict.fromkeys(one.venue for one in series)),
        timeframe=series[0].timeframe,
        step_ns=series[0].step_ns,
        start=span.start,
        end=span.end,
        bars=sum(one.bars for one in series),
        data_hash=_hash(series, facts),
        assumptions=assumptions(series, facts),
        notices=notices(files, series),
        series=series,
        facts=facts,
    )


def _check_klines(files: list[TapeFile], paths: Sequence[Path], known: Collection[str]) -> None:
    if not files:
        raise TapeError(f"no klines of a linear perpetual in {_shown(paths)}")
    for file in files:
        if file.timeframe != files[0].timeframe:
            raise TapeError(
                f"a tape has one timeframe: {files[0].path} is {files[0].timeframe}, "
                f"{file.path} is {file.timeframe}"
            )
        if file.symbol not in known:
            raise TapeError(f"{file.path}: {file.symbol} is not among the known instruments")


def _series(files: list[TapeFile], span: Span) -> tuple[Series, ...]:
    surveyed = (survey(group, span) for group in _grouped(files).values())
    return tuple(one for one in surveyed if one is not None)


def _facts(files: list[TapeFile], series: tuple[Series, ...], span: Span) -> tuple[Facts, ...]:
    traded = {(one.venue, one.symbol) for one in series}
    wanted = [
        file
        for file in files
        if file.kind in (TapeKind.FUNDING, TapeKind.MARK) and (file.venue, file.symbol) in traded
    ]
    read = (read_facts(group, span) for group in _grouped(wanted).values())
    return tuple(one for one in read if len(one.times))


def _grouped(files: list[TapeFile]) -> dict[tuple[str, str, str], list[TapeFile]]:
    """Groups files by (venue, symbol, kind) in that order; marks of two intervals are one group."""
    groups: dict[tuple[str, str, str], list[TapeFile]] = {}
    for file in sorted(files, key=lambda one: (one.venue, one.symbol, one.kind)):
        groups.setdefault((file.venue, file.symbol, file.kind), []).append(file)
    return groups


def _hash(series: tuple[Series, ...], facts: tuple[Facts, ...]) -> str:
    digests = [one.digest for one in series] + [one.digest for one in facts]
    return xxhash.xxh3_128_hexdigest(b"".join(digests))


def _shown(paths: Sequence[Path]) -> str:
    return ", ".join(str(path) for path in paths) or "an empty list of paths"
