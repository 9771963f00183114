"""What blocks of bars need that steps do one after another: own order of symbols, means, windows.

Only a smoothed mean must be carried from bar to bar; all else is arithmetic on single numbers, with
the same bits for a bar as for a thousand. Nothing here looks past the bar it answers for.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from quantum_os.formulas.kernels.rings import ago
from quantum_os.formulas.kernels.state import Counts, Flags, Floats, present_bars

SYMBOL_BARS_AT_ONCE = 16_384
"""All features of so many take 22 MB on their way; twice as many are no faster."""


def stretches(bars: int, symbols: int) -> Iterator[slice]:
    """Cuts so many bars of so many symbols into stretches that are computed at once."""
    length = max(1, SYMBOL_BARS_AT_ONCE // max(1, symbols))
    for first in range(0, bars, length):
        yield slice(first, min(first + length, bars))


class OwnBars(NamedTuple):
    """The bars that each symbol has, moved together: a symbol's n-th bar stands in row n.

    `present` [T, S] of the block, `counts` [S] its bars by symbol. `bars` [5, N, S] hold 1 where a
    symbol has fewer than N; `there` [N, S] is true where it has one. `taken` are the rows and the
    symbols of the block's bars, `places` where each went; None where nothing had to be moved.
    """

    present: Flags
    counts: Counts
    bars: Floats
    there: Flags
    taken: tuple[Counts, Counts] | None
    places: Counts

    def moved(self, values: Counts, filling: int) -> Counts:
        """[N, S]: what stands at each symbol's own bars, of values [T] at those of the block."""
        if self.taken is None:
            return np.broadcast_to(values[:, None], self.there.shape)
        row, symbol = self.taken
        out = np.full(self.there.shape, filling, dtype=np.int64)
        out[self.places, symbol] = values[row]
        return out

    def moved_back(self, values: Floats) -> Floats:
        """[F, T, S] from values [F, N, S] of own bars; NaN where a symbol has no bar."""
        if self.taken is None:
            return values
        row, symbol = self.taken
        out = np.full((values.shape[0], *self.present.shape), np.nan)
        out[:, row, symbol] = values[:, self.places, symbol]
        return out

    def last(self, values: Floats, before: Floats) -> Floats:
        """[..., S]: the values [..., N, S] at each symbol's last bar; `before` without one."""
        if not self.there.shape[0]:
            return before
        ends = values[..., np.maximum(self.counts - 1, 0), np.arange(len(self.counts))]
        return np.where(self.counts > 0, ends, before)


def own_bars(bars: Floats) -> OwnBars:
    """Moves the whole bars of [T, 5, S] together, as steps would take them in."""
    columns = bars.transpose(1, 0, 2)
    present = present_bars(columns[0], columns[1], columns[2], columns[3], columns[4])
    return _moved(columns, present)


def own_ranges(high: Floats, low: Floats, close: Floats) -> OwnBars:
    """The same of highs, lows and closes [T, S]: they are the `bars` [3, N, S], in this order."""
    present = present_bars(close, high, low, close, close)
    return _moved(np.stack((high, low, close)), present)


def own_closes(close: Floats) -> OwnBars:
    """The same of closes [T, S] alone: whoever has a finite one has a bar."""
    return _moved(close[None], (close > 0.0) & (close < np.inf))


def _moved(columns: Floats, present: Flags) -> OwnBars:
    count = present.sum(axis=0)
    if present.all():
        return OwnBars(present, count, np.ascontiguousarray(columns), present, None, count)
    taken = np.nonzero(present)
    places = np.cumsum(present, axis=0)[taken] - 1
    longest = int(count.max(initial=0))
    moved = np.ones((columns.shape[0], longest, columns.shape[2]))
    moved[:, places, taken[1]] = columns[:, taken[0], taken[1]]
    there = np.arange(longest)[:, None] < count
    return OwnBars(present, count, moved, there, (taken[0], taken[1]), places)


def recursed(means: Floats, new: Floats, divisor: Floats) -> Floats:
    """[N, R, S]: `means` [R, S] after each row of `new`, moved by its share; leaves the last ones.

    The line is that of every step: mean + (new - mean) / divisor, an infinite divisor for a symbol
    that has nothing new.
    """
    after, step = np.empty(new.shape), np.empty(means.shape)
    before = means
    for row in range(len(new)):
        np.subtract(new[row], before, out=step)
        np.divide(step, divisor[row], out=step)
        before = np.add(before, step, out=after[row])
    means[:] = before
    return after


def shifted(first: Floats, later: Floats) -> Floats:
    """What stood before each row of `later`: `first`, and then all but the last of it."""
    before = np.empty(later.shape)
    before[:1], before[1:] = first, later[:-1]
    return before


def with_history(ring: Floats, bars: Counts, values: Floats) -> Floats:
    """[L + N, S]: what a ring [L, S] holds, the oldest first, and behind it the values [N, S].

    `bars` [S] counts the values that were put into the ring.
    """
    back = np.arange(ring.shape[0], 0, -1)[:, None]
    return np.concatenate((ago(ring, bars, back), values))


def moved_back(history: Floats, length: int, back: Sequence[int]) -> Floats:
    """[b, N, S]: the values so many bars `back` of each of the N behind a history of `length`."""
    rows = history.shape[0] - length
    return np.stack([history[length - each : length - each + rows] for each in back])


def highest_before(history: Floats, length: int) -> Floats:
    """[N, S]: the highest of the `length` values before each of the N behind such a history."""
    return highest_in(history, length)[:-1]


def highest_in(history: Floats, length: int) -> Floats:
    """[N + 1, S]: the highest of every `length` values in a row of [length + N, S]."""
    width, top = 1, history
    while 2 * width <= length:
        top = np.maximum(top[:-width], top[width:])
        width *= 2
    rest = length - width
    return np.maximum(top[:-rest], top[rest:]) if rest else top


def put_last(ring: Floats, bars: Counts, values: Floats, count: Counts) -> None:
    """Leaves a ring [L, S] as putting the first `count` [S] of the values [N, S] in turn would."""
    length, rows = ring.shape[0], np.arange(values.shape[0])[:, None]
    kept = (rows < count) & (rows >= count - length)
    row, symbol = np.nonzero(kept)
    ring[(bars[symbol] + row) % length, symbol] = values[row, symbol]
