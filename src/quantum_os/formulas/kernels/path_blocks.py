"""What the way to each bar was like, in blocks: many bars at once, with the steps' own bits."""

import numpy as np

from quantum_os.formulas.kernels import path_features as one
from quantum_os.formulas.kernels.block_windows import (
    OwnBars,
    highest_before,
    moved_back,
    put_last,
    recursed,
    shifted,
    with_history,
)
from quantum_os.formulas.kernels.feature_groups import PATH_FEATURES
from quantum_os.formulas.kernels.state import Floats, KernelState, seeded_divisor


def path_of_bars(state: KernelState, own: OwnBars) -> Floats:
    """[F, T, S] in the order of `PATH_FEATURES`; leaves `state` where as many steps would."""
    arrays, bars = one.path_arrays(state), own.bars
    out = np.empty((len(PATH_FEATURES), *bars.shape[1:]))
    part, whole = np.empty(out.shape), np.empty(out.shape)
    closes = with_history(arrays.rings[one.CLOSES], arrays.bars, bars[3])
    back = moved_back(closes, one.LONGEST, one.LOOKED_BACK)
    put_last(arrays.rings[one.CLOSES], arrays.bars, bars[3], own.counts)
    extremes = _extremes(arrays, own)
    means = _means(arrays, own, back[3])
    one.of_distances(bars, back, extremes, means, part, whole)
    one.of_shapes(means, part, whole)
    seen = arrays.bars + np.arange(1, bars.shape[1] + 1)[:, None]
    warm = own.there & (seen >= one.BARS_UNTIL_WARM)
    out[:] = part / np.where((whole > 0.0) & warm, whole, np.nan)
    arrays.bars[:] = arrays.bars + own.counts
    return own.moved_back(out)


def _extremes(arrays: one.PathArrays, own: OwnBars) -> Floats:
    """[2, N, S]: the highest high and -low before each bar; leaves the rings at the last ones."""
    found = []
    rings = arrays.rings[one.EXTREMES]
    for ring, values in ((rings[0::2], own.bars[1]), (rings[1::2], -own.bars[2])):
        found.append(highest_before(with_history(ring, arrays.bars, values), one.LONGEST))
        put_last(ring, arrays.bars, values, own.counts)
    return np.stack(found)


def _means(arrays: one.PathArrays, own: OwnBars, previous: Floats) -> Floats:
    """The means [17, N, S] after each bar; leaves the last move."""
    rows = np.arange(own.bars.shape[1])[:, None]
    move = np.where(arrays.bars + rows > 0, own.bars[3] - previous, 0.0)
    values = (arrays.bars + rows + 1)[:, None, :] - one.FIRST_AT
    divisor = seeded_divisor(values, own.there[:, None, :], one.LENGTHS, one.FINALS)
    new = np.empty(divisor.shape)
    one.to_be_averaged(own.bars, previous, move, new.transpose(1, 0, 2))
    new[:, one.LAG] = move * shifted(arrays.last_move, move)
    arrays.last_move[:] = own.last(move, arrays.last_move)
    return recursed(arrays.means, new, divisor).transpose(1, 0, 2)
