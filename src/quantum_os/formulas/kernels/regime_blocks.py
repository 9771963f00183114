"""The evidence of the regime in blocks: many closes at once, with the bits of single steps.

Three things go from bar to bar: the sigma that returns are held inside, the means of moves, and the
sums of the regressions. Each is carried alone, so that a bar costs a dozen small operations.
"""

import numpy as np

from quantum_os.formulas.kernels import regime_kernel as one
from quantum_os.formulas.kernels.block_windows import OwnBars, own_closes, recursed, shifted
from quantum_os.formulas.kernels.state import (
    Counts,
    Flags,
    Floats,
    KernelState,
    seeded_divisor,
)


def evidence_of_closes(state: KernelState, closes: Floats) -> Floats:
    """[3, T, S] from closes [T, S], NaN without one; leaves `state` where T single steps would."""
    arrays, own = one.regime_arrays(state), own_closes(closes)
    out = np.full((one.EVIDENCE_ROWS, *own.there.shape), np.nan)
    begun = 0
    if own.there.shape[0] and (own.there[0] & (arrays.bars == 0)).any():
        # A symbol's first close is no move: it goes in by itself.
        one.regime_step(np.where(own.there[0], own.bars[0, 0], np.nan), arrays, out[:, 0])
        begun = 1
    if own.there.shape[0] > begun:
        out[:, begun:] = _moved(arrays, own, begun)
    return own.moved_back(out)


def _moved(arrays: one.RegimeArrays, own: OwnBars, begun: int) -> Floats:
    """The evidence [3, N, S] of all closes behind those that have `begun`."""
    close, there = own.bars[0, begun:], own.there[begun:]
    count = np.maximum(own.counts - begun, 0)
    before = shifted(arrays.close, close)
    share = close / np.where(before > 0.0, before, 1.0) - 1.0
    bars = arrays.bars + np.arange(len(close))[:, None]
    move, variance = _held(arrays.variance, share, bars)
    means = _means(arrays, move, bars, there)
    sums = _sums(arrays.sums.reshape(one.SUMS, len(one.SPANS), -1), move)
    slopes = (one.slopes_of(sums) * one.SCORE).transpose(1, 0, 2)
    out = np.empty((one.EVIDENCE_ROWS, *close.shape))
    one.to_evidence(slopes, means, variance, there & (bars + 1 >= one.BARS_MIN), out)
    _leave(arrays, close, move, count)
    arrays.variance[:] = _last(variance, arrays.variance, count)
    arrays.sums[:] = _last(
        sums.transpose(0, 2, 1, 3).reshape(len(arrays.sums), *close.shape), arrays.sums, count
    )
    return out


def _held(first: Floats, share: Floats, bars: Counts) -> tuple[Floats, Floats]:
    """Returns held inside `WINSOR` sigmas of the sigma before them, and the variances after."""
    early = bars <= one.BARS_EARLY
    decay = np.where(early, 1.0 / np.maximum(bars, 1), 1.0 - one.LAMBDA)
    limits, variance = _variances(first, share, early, decay, careful=bool(early.any()))
    if not early.any() and not limits.all():
        limits, variance = _variances(first, share, early, decay, careful=True)
    return np.minimum(np.maximum(share, -limits), limits), variance


def _variances(
    first: Floats, share: Floats, early: Flags, decay: Floats, *, careful: bool
) -> tuple[Floats, Floats]:
    """Limits [N, S] before each return and variances after it; `careful` where there are none."""
    limits, after, size = np.empty(share.shape), np.empty(share.shape), np.abs(share)
    before, step = first, np.empty(first.shape)
    for row in range(len(share)):
        limit = np.sqrt(before, out=limits[row])
        np.multiply(limit, one.WINSOR, out=limit)
        if careful:
            np.copyto(limit, np.inf, where=early[row] | (before <= 0.0))
        np.minimum(size[row], limit, out=step)
        np.multiply(step, step, out=step)
        np.subtract(step, before, out=step)
        np.multiply(step, decay[row], out=step)
        before = np.add(before, step, out=after[row])
    return limits, after


def _means(arrays: one.RegimeArrays, move: Floats, bars: Counts, there: Flags) -> Floats:
    """The means [4, N, S] of moves and of moves over five bars."""
    rows = len(move)
    past = np.concatenate((arrays.recent[::-1], move))
    five = move + past[3 : 3 + rows] + past[2 : 2 + rows] + past[1 : 1 + rows] + past[:rows]
    new = np.empty((rows, *arrays.means.shape))
    new[:, one.DRIFT], new[:, one.TRAVEL] = move, np.abs(move)
    new[:, one.SQUARE_1], new[:, one.SQUARE_5] = move * move, five * five
    values = bars[:, None, :] - one.FIRST_AT
    divisor = seeded_divisor(values, there[:, None, :], one.MEMORY, one.MEMORY)
    return recursed(arrays.means, new, divisor).transpose(1, 0, 2)


def _sums(first: Floats, move: Floats) -> Floats:
    """The sums [5, N, 3, S] of the regressions after each move."""
    rows, kept = len(move), one.KEEP
    sums = np.empty((rows + 1, *first.shape))
    sums[0] = first
    weight = sums[:, one.WEIGHT]
    for row in range(rows):
        grown = np.multiply(weight[row], kept, out=weight[row + 1])
        np.add(grown, 1.0, out=grown)
    moves, before = move[:, None], weight[:-1]
    linear = np.empty((rows + 1, 2, *first.shape[1:]))
    linear[0] = first[[one.TIME, one.LEVEL]]
    taken = np.stack((before, moves * before), axis=1)
    for row in range(rows):
        now = np.subtract(linear[row], taken[row], out=linear[row + 1])
        np.multiply(now, kept, out=now)
    time, level = linear[:-1, 0], linear[:-1, 1]
    squared = np.empty(linear.shape)
    squared[0] = first[[one.TIME_2, one.TIME_LEVEL]]
    taken = np.stack((2.0 * time, level), axis=1)
    rest = np.stack((-before, moves * (time - before)), axis=1)
    for row in range(rows):
        now = np.subtract(squared[row], taken[row], out=squared[row + 1])
        np.subtract(now, rest[row], out=now)
        np.multiply(now, kept, out=now)
    sums[:, [one.TIME, one.LEVEL]] = linear
    sums[:, [one.TIME_2, one.TIME_LEVEL]] = squared
    return sums[1:].transpose(1, 0, 2, 3)


def _leave(arrays: one.RegimeArrays, close: Floats, move: Floats, count: Counts) -> None:
    past = np.concatenate((arrays.recent[::-1], move))
    columns = np.arange(len(count))
    arrays.recent[:] = np.stack([past[count + 3 - back, columns] for back in range(4)])
    arrays.close[:] = _last(close, arrays.close, count)
    arrays.bars[:] = arrays.bars + count


def _last(values: Floats, before: Floats, count: Counts) -> Floats:
    """[..., S]: the values [..., N, S] at each symbol's last bar; `before` without one."""
    ends = values[..., np.maximum(count - 1, 0), np.arange(len(count))]
    return np.where(count > 0, ends, before)
