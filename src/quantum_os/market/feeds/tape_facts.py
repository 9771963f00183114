"""Decides what the funding and mark files of a tape say, stamp by stamp."""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.market import ExchangeRaw, RawKind
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from quantum_os.market.feeds.tape_checks import check_bars, check_disjoint, check_funding
from quantum_os.market.feeds.tape_columns import chunks
from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.feeds.tape_files import TapeFile, TapeKind
from quantum_os.market.feeds.tape_series import ContentHash, Span, in_time_order

FUNDING_INTERVALS_H = (1, 2, 4, 8)
"""The intervals exchanges use; another distance is a hole in the file."""
SEAM_NS = NS_PER_DAY
"""Stamps further apart than this belong to two spans glued into one file."""
BATCH_ROWS = 4_096
"""Stamps turned into Python numbers at once."""
_MARK_CLOSE = 3

Rows = tuple[NDArray[np.int64], NDArray[np.float64]]


class Facts(msgspec.Struct, frozen=True):
    """The stamps of one (venue, symbol, kind) inside the span; all arrays [n].

    `times` ns UTC; `values` raw funding rate (fraction per interval) or mark price; `interval_h`
    and `next_times` are 0 where unknown and for marks. `seams` are (from, to) ns without a stamp.
    """

    venue: str
    symbol: str
    kind: RawKind
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    interval_h: NDArray[np.int64]
    next_times: NDArray[np.int64]
    seams: tuple[tuple[int, int], ...]
    digest: bytes


def read_facts(files: Sequence[TapeFile], span: Span) -> Facts:
    """Reads the funding or the mark files of one (venue, symbol).

    A mark is stamped by its bar's close. Funding stamps are rounded to the minute; one that is
    repeated with the same rate is one stamp. Raises TapeError for a bad row or an overlap.
    """
    ordered = in_time_order(files)
    head = ordered[0]
    if head.kind is TapeKind.MARK:
        times, values = _marks(ordered)
        unknown = np.zeros(len(times), np.int64)
        return _inside(head, span, (times, values), (unknown, unknown), ())
    times, values = _funding(ordered)
    intervals, following = funding_intervals(times)
    return _inside(head, span, (times, values), (intervals, following), _seams(times, span))


def funding_intervals(times: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Derives from rising stamps (ns) each one's interval (hours) and the next stamp (ns).

    The interval is the distance to the stamp before; at the start of a span (or behind a hole) that
    of the pair that follows. 0 is unknown.
    """
    gaps = np.diff(times)
    regular = np.isin(gaps, [hours * NS_PER_HOUR for hours in FUNDING_INTERVALS_H])
    known = np.where(regular, gaps, 0)
    before = np.concatenate(([0], known))[: len(times)]
    after = np.concatenate((known, [0]))[: len(times)]
    interval = np.where(before > 0, before, after)
    step = np.where(after > 0, after, interval)
    following = np.where(step > 0, times + step, 0)
    return (interval // NS_PER_HOUR).astype(np.int64), following.astype(np.int64)


def merged(facts: Sequence[Facts]) -> Iterator[ExchangeRaw]:
    """Gives all facts in the order of their stamps; at the same stamp by venue, symbol and kind."""
    if not facts:
        return
    ordered = sorted(facts, key=lambda fact: (fact.venue, fact.symbol, fact.kind))
    times = np.concatenate([fact.times for fact in ordered])
    owners = np.repeat(np.arange(len(ordered)), [len(fact.times) for fact in ordered])
    values = np.concatenate([fact.values for fact in ordered])
    intervals = np.concatenate([fact.interval_h for fact in ordered])
    following = np.concatenate([fact.next_times for fact in ordered])
    order = np.lexsort((owners, times))
    for start in range(0, len(order), BATCH_ROWS):
        at = order[start : start + BATCH_ROWS]
        columns = (column[at].tolist() for column in (owners, times, values, intervals, following))
        for owner, time, value, interval, upcoming in zip(*columns, strict=True):
            fact = ordered[owner]
            yield ExchangeRaw(
                fact.venue,
                fact.symbol,
                fact.kind,
                time,
                value,
                float(interval) if interval else None,
                upcoming or None,
            )


def _marks(files: Sequence[TapeFile]) -> Rows:
    times: list[NDArray[np.int64]] = []
    closes: list[NDArray[np.float64]] = []
    previous: tuple[TapeFile, int] | None = None
    for file in files:
        seen: int | None = None
        for chunk in chunks(file):
            if seen is None and previous is not None:
                check_disjoint(previous[0], file, previous[1], int(chunk.times[0]))
            check_bars(file, chunk, seen)
            seen = int(chunk.times[-1])
            times.append(chunk.times + file.step_ns)
            closes.append(chunk.values[_MARK_CLOSE])
        previous = (file, seen or 0)
    return np.concatenate(times), np.concatenate(closes)


def _funding(files: Sequence[TapeFile]) -> Rows:
    times: list[NDArray[np.int64]] = []
    rates: list[NDArray[np.float64]] = []
    previous: tuple[TapeFile, int] | None = None
    for file in files:
        seen: int | None = None
        for chunk in chunks(file):
            if seen is None and previous is not None:
                check_disjoint(previous[0], file, previous[1], int(chunk.times[0]))
            check_funding(file, chunk, seen)
            seen = int(chunk.times[-1])
            times.append(_to_minute(chunk.times))
            rates.append(chunk.values[0])
        previous = (file, seen or 0)
    return _once(files[0], np.concatenate(times), np.concatenate(rates))


def _to_minute(times: NDArray[np.int64]) -> NDArray[np.int64]:
    return (times + NS_PER_MINUTE // 2) // NS_PER_MINUTE * NS_PER_MINUTE


def _once(file: TapeFile, times: NDArray[np.int64], rates: NDArray[np.float64]) -> Rows:
    repeated = np.diff(times, prepend=times[0] - 1) == 0
    conflict = repeated & (np.diff(rates, prepend=rates[0]) != 0.0)
    if conflict.any():
        at = int(conflict.argmax())
        raise TapeError(
            f"{file.path}: funding of {file.venue} {file.symbol} at {iso(int(times[at]))} is both "
            f"{rates[at - 1]} and {rates[at]}"
        )
    return times[~repeated], rates[~repeated]


def _seams(times: NDArray[np.int64], span: Span) -> tuple[tuple[int, int], ...]:
    """Lists the stretches of the span without stamps: between glued parts, before and behind."""
    edges = np.concatenate(
        ([span.start], times[(times > span.start) & (times < span.end)], [span.end])
    )
    wide = np.flatnonzero(np.diff(edges) > SEAM_NS)
    return tuple((int(edges[at]), int(edges[at + 1])) for at in wide)


def _inside(
    file: TapeFile,
    span: Span,
    rows: Rows,
    funding: tuple[NDArray[np.int64], NDArray[np.int64]],
    seams: tuple[tuple[int, int], ...],
) -> Facts:
    times, values = rows
    kept = (times >= span.start) & (times <= span.end)
    content = ContentHash(file.kind, file.venue, file.symbol, file.timeframe)
    content.add(times[kept], values[kept][np.newaxis])
    kind = RawKind.MARK if file.kind is TapeKind.MARK else RawKind.FUNDING
    return Facts(
        venue=file.venue,
        symbol=file.symbol,
        kind=kind,
        times=times[kept],
        values=values[kept],
        interval_h=funding[0][kept],
        next_times=funding[1][kept],
        seams=seams,
        digest=content.digest(),
    )


def iso(time_ns: int) -> str:
    """Writes a time as `2025-07-04T11:35:00Z`."""
    return f"{np.datetime64(time_ns, 'ns').astype('datetime64[s]')}Z"
