"""What coarser candles say, in blocks: folded, closed and measured for many bars at once.

A bar is measured against the candles that had closed by then: `closings` counts them, and what they
leave behind is computed once for each closing.
"""

from typing import NamedTuple

import numpy as np

from quantum_os.formulas.kernels import aggregate_features as one
from quantum_os.formulas.kernels.block_windows import (
    OwnBars,
    highest_in,
    put_last,
    recursed,
    shifted,
    with_history,
)
from quantum_os.formulas.kernels.feature_groups import AGGREGATE_FEATURES
from quantum_os.formulas.kernels.state import (
    Counts,
    Flags,
    Floats,
    KernelState,
    seeded_divisor,
)


class Course(NamedTuple):
    """How candles come and go with the bars [N, C]: C = 2 S of (coarser timeframe, symbol).

    `begins` marks the first bar of a candle, `ends` the one that closes it, `left` the first bar
    behind a candle whose last bars are missing. `closings` counts closed candles up to each bar.
    """

    slot: Counts
    begins: Flags
    ends: Flags
    left: Flags
    closings: Counts


def aggregate_of_bars(state: KernelState, own: OwnBars, open_times: Counts, step_ns: int) -> Floats:
    """[F, T, S] in the order of `AGGREGATE_FEATURES`; leaves `state` where as many steps would.

    The block's bars opened at `open_times` [T] (ns UTC), which rise.
    """
    arrays, bars = one.aggregate_arrays(state), np.concatenate((own.bars, own.bars), axis=2)
    rows, symbols = own.there.shape
    course = _course(arrays, own, open_times, step_ns)
    forming = _forming(arrays, bars, course)
    closed = _closed(arrays, forming, course)
    there = np.concatenate((own.there, own.there), axis=1)
    told = np.empty((8, *there.shape))
    known = arrays.candles + course.closings >= one.CANDLES_UNTIL_WARM
    one.of_candles(bars[3], there, forming, closed, told)
    _leave(arrays, forming, course, np.concatenate((own.counts, own.counts)))
    both = known[:, :symbols] & known[:, symbols:]
    told = told.reshape(8, rows, 2, symbols).transpose(0, 2, 1, 3)
    out = np.where(both, told.reshape(len(AGGREGATE_FEATURES), rows, symbols), np.nan)
    return own.moved_back(out)


def _course(arrays: one.AggregateArrays, own: OwnBars, open_times: Counts, step_ns: int) -> Course:
    slots, closes = one.coarse_places(open_times, step_ns)
    there = np.concatenate((own.there, own.there), axis=1)
    slot = np.concatenate([own.moved(slots[:, each], -1) for each in range(2)], axis=1)
    ends = there & np.concatenate(
        [own.moved(closes[:, each].astype(np.int64), 0) > 0 for each in range(2)], axis=1
    )
    before = np.concatenate((arrays.slot[None], slot))[:-1]
    open_before = np.concatenate((arrays.is_open[None] > 0, there & ~ends))[:-1]
    begins = there & (slot != before)
    left = begins & open_before
    return Course(slot, begins, ends, left, np.cumsum(left, axis=0) + np.cumsum(ends, axis=0))


def _forming(arrays: one.AggregateArrays, bars: Floats, course: Course) -> Floats:
    """The candle that each bar belongs to, so far: [4, N, C]."""
    forming = bars[1:5].copy()
    if not forming.shape[1]:
        return forming
    goes_on = np.flatnonzero(~course.begins[0])
    _fold(forming[:, 0], arrays.forming, goes_on)
    rows = np.arange(forming.shape[1])[:, None]
    begun = np.maximum.accumulate(np.where(course.begins, rows, 0), axis=0)
    place = rows - begun
    for step in range(1, int(place.max()) + 1):
        row, column = np.nonzero(place == step)
        now, before = forming[:, row, column], forming[:, row - 1, column]
        _fold(now, before, np.arange(len(row)))
        forming[:, row, column] = now
    return forming


def _fold(candle: Floats, before: Floats, which: Counts) -> None:
    """Adds what the candle [4, n] was before to what it is by this bar alone."""
    high, low, volume = one.HIGH, one.LOW, one.VOLUME
    candle[high, which] = np.maximum(before[high, which], candle[high, which])
    candle[low, which] = np.minimum(before[low, which], candle[low, which])
    candle[volume, which] = before[volume, which] + candle[volume, which]


def _closed(arrays: one.AggregateArrays, forming: Floats, course: Course) -> one.Closed:
    """What the closed candles say at each bar, N in the middle of each shape.

    Leaves means, rings, last closes and counts as after the last bar.
    """
    count = course.closings[-1] if len(course.closings) else np.zeros_like(arrays.candles)
    candles = _closing_candles(arrays, forming, course, int(count.max(initial=0)))
    rows = np.arange(candles.shape[1])[:, None]
    before = arrays.last.copy()
    previous = shifted(before[0], candles[one.CLOSE])
    values = (arrays.candles + rows + 1)[:, None, :] - one.FIRST_AT
    divisor = seeded_divisor(values, (rows < count)[:, None, :], one.LENGTHS, one.FINALS)
    new = np.empty(divisor.shape)
    one.to_be_averaged(candles, previous, new.transpose(1, 0, 2))
    first = arrays.means.copy()
    means = np.concatenate((first[None], recursed(arrays.means, new, divisor)))
    last = np.concatenate((before[:, None], candles[[one.CLOSE, one.VOLUME]]), axis=1)
    tops = []
    for ring, extreme in (
        (arrays.rings[0::2], candles[one.HIGH]),
        (arrays.rings[1::2], -candles[one.LOW]),
    ):
        tops.append(highest_in(with_history(ring, arrays.candles, extreme), one.CHANNEL))
        put_last(ring, arrays.candles, extreme, count)
    columns = np.arange(len(count))
    arrays.last[:] = last[:, count, columns]
    at = course.closings
    return one.Closed(
        means.transpose(1, 0, 2)[:, at, columns],
        last[:, at, columns],
        np.stack(tops)[:, at, columns],
    )


def _closing_candles(
    arrays: one.AggregateArrays, forming: Floats, course: Course, longest: int
) -> Floats:
    """The candles [4, K, C] that close, in their order; 1 where a column has fewer."""
    candles = np.ones((4, longest, forming.shape[2]))
    so_far = np.concatenate((arrays.forming[:, None], forming), axis=1)
    row, column = np.nonzero(course.left)
    number = course.closings[row, column] - 1 - course.ends[row, column]
    candles[:, number, column] = so_far[:, row, column]
    row, column = np.nonzero(course.ends)
    candles[:, course.closings[row, column] - 1, column] = so_far[:, row + 1, column]
    return candles


def _leave(arrays: one.AggregateArrays, forming: Floats, course: Course, bars: Counts) -> None:
    """Leaves the candle that is forming, and the number of those that closed."""
    if not len(course.slot):
        return
    column = np.flatnonzero(bars > 0)
    row = bars[column] - 1
    arrays.slot[column] = course.slot[row, column]
    arrays.is_open[column] = ~course.ends[row, column]
    arrays.forming[:, column] = forming[:, row, column]
    arrays.candles[:] = arrays.candles + course.closings[-1]
