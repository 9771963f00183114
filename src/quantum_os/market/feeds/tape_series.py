"""Decides what the files of one symbol amount to: ordered, checked, counted and hashed."""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import xxhash
from numpy.typing import NDArray

from quantum_os.market.feeds.tape_checks import check_bars, check_disjoint
from quantum_os.market.feeds.tape_columns import COLUMNS, chunks
from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.feeds.tape_files import TapeFile


class Span(msgspec.Struct, frozen=True):
    """The time that is played: bars that open at or after `start` and close by `end` (ns)."""

    start: int
    end: int


class Series(msgspec.Struct, frozen=True):
    """The klines of one (venue, symbol) inside the span: `bars` that open at `first`..`last` (ns).

    `rows` holds, for each file, the number of the first row that is played; `digest` is the hash of
    the content, the same however the rows are split into files.
    """

    venue: str
    symbol: str
    timeframe: str
    step_ns: int
    files: tuple[TapeFile, ...]
    rows: tuple[int, ...]
    first: int
    last: int
    bars: int
    digest: bytes

    @property
    def missing(self) -> int:
        """Bars absent between the first and the last."""
        return (self.last - self.first) // self.step_ns + 1 - self.bars


class ContentHash:
    """Hashes columns as they pass, so that neither chunks nor files leave a trace in the digest."""

    def __init__(self, *identity: str) -> None:
        self._identity = identity
        self._columns: list[xxhash.xxh3_128] = []
        self._rows = 0

    def add(self, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Adds rows: `times` [n], `values` [columns, n]."""
        columns: list[NDArray[np.int64] | NDArray[np.float64]] = [times, *values]
        if not self._columns:
            self._columns = [xxhash.xxh3_128() for _ in columns]
        for digest, column in zip(self._columns, columns, strict=True):
            digest.update(column.tobytes())
        self._rows += len(times)

    def digest(self) -> bytes:
        parts = "\x1f".join((*self._identity, str(self._rows))).encode()
        return xxhash.xxh3_128_digest(parts + b"".join(c.digest() for c in self._columns))


def in_time_order(files: Sequence[TapeFile]) -> list[TapeFile]:
    """Sorts the files of one series by their first row; raises TapeError for an empty one."""
    return sorted(files, key=lambda file: (_first_time(file), str(file.path)))


def survey(files: Sequence[TapeFile], span: Span) -> Series | None:
    """Reads a symbol's kline files once: checks all rows, counts and hashes those inside the span.

    None when no bar lies inside. Raises TapeError for a bad row and for files that overlap.
    """
    ordered = in_time_order(files)
    head = ordered[0]
    content = ContentHash(head.kind, head.venue, head.symbol, head.timeframe)
    rows: list[int] = []
    first = last = bars = 0
    previous: tuple[TapeFile, int] | None = None
    for file in ordered:
        start_row = 0
        seen: int | None = None
        for chunk in chunks(file):
            if seen is None and previous is not None:
                check_disjoint(previous[0], file, previous[1], int(chunk.times[0]))
            check_bars(file, chunk, seen)
            seen = int(chunk.times[-1])
            low = int(np.searchsorted(chunk.times, span.start))
            high = int(np.searchsorted(chunk.times, span.end - file.step_ns, side="right"))
            if low >= high:
                continue
            start_row = start_row or chunk.row + low
            first = first if bars else int(chunk.times[low])
            last = int(chunk.times[high - 1])
            bars += high - low
            content.add(chunk.times[low:high], chunk.values[:, low:high])
        rows.append(start_row)
        previous = (file, seen or 0)
    if not bars:
        return None
    played = [(file, row) for file, row in zip(ordered, rows, strict=True) if row]
    return Series(
        venue=head.venue,
        symbol=head.symbol,
        timeframe=head.timeframe,
        step_ns=head.step_ns,
        files=tuple(file for file, _ in played),
        rows=tuple(row for _, row in played),
        first=first,
        last=last,
        bars=bars,
        digest=content.digest(),
    )


class Cursor:
    """Hands out a series once, forward, in pieces that end where the caller says."""

    def __init__(self, series: Series) -> None:
        self._arrays = self._read(series)
        self._times = np.empty(0, np.int64)
        self._values = np.empty((5, 0))

    def take(self, until: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Gives the bars not yet given that open before `until` (ns): times [n], values [5, n]."""
        pieces_t: list[NDArray[np.int64]] = []
        pieces_v: list[NDArray[np.float64]] = []
        while True:
            cut = int(np.searchsorted(self._times, until))
            pieces_t.append(self._times[:cut])
            pieces_v.append(self._values[:, :cut])
            self._times, self._values = self._times[cut:], self._values[:, cut:]
            if len(self._times):
                break
            following = next(self._arrays, None)
            if following is None:
                break
            self._times, self._values = following
        if len(pieces_t) == 1:
            return pieces_t[0], pieces_v[0]
        return np.concatenate(pieces_t), np.concatenate(pieces_v, axis=1)

    @staticmethod
    def _read(series: Series) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        for file, row in zip(series.files, series.rows, strict=True):
            for chunk in chunks(file, row):
                high = int(np.searchsorted(chunk.times, series.last, side="right"))
                yield chunk.times[:high], chunk.values[:, :high]
                if high < len(chunk.times):
                    break


def _first_time(file: TapeFile) -> int:
    for chunk in chunks(file):
        return int(chunk.times[0])
    raise TapeError(f"{file.path}: no rows ({', '.join(COLUMNS[file.kind])} expected)")
