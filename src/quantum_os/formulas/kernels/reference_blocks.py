"""How symbols move with BTC, in blocks: many bars at once, with the bits of single steps."""

import numpy as np

from quantum_os.formulas.kernels import reference_features as one
from quantum_os.formulas.kernels.block_windows import recursed, shifted
from quantum_os.formulas.kernels.feature_groups import REFERENCE_FEATURES
from quantum_os.formulas.kernels.state import Floats, KernelState, seeded_divisor


def reference_of_bars(state: KernelState, close: Floats, rows: Floats, place: int) -> Floats:
    """[F, T, S] from closes [T, S] and the features `READS` [2, T, S], as the steps would.

    `place` is BTC's among the symbols, -1 where it does not trade: then all is NaN.
    """
    arrays, shape = one.reference_arrays(state), close.shape
    out = np.full((len(REFERENCE_FEATURES), *shape), np.nan)
    closed = close > 0.0
    safe = np.where(closed, close, 1.0)
    before = shifted(arrays.previous, np.where(closed, close, np.nan))
    moved = closed & (before > 0.0)
    own = np.where(moved, safe / np.where(moved, before, 1.0) - 1.0, 0.0)
    if shape[0]:
        arrays.previous[:] = np.where(closed[-1], close[-1], np.nan)
    if place < 0 or not shape[0]:
        return out
    moved &= moved[:, place, None]
    btc = own[:, place, None]
    pairs = arrays.pairs + np.cumsum(moved, axis=0)
    values = (pairs - moved + 1)[:, None, :]
    divisor = seeded_divisor(values, moved[:, None, :], one.LENGTHS, one.FINALS)
    new = np.empty((shape[0], 3, shape[1]))
    new[:, one.COVARIANCE] = own * btc
    new[:, one.OF_REFERENCE] = btc * btc
    new[:, one.OF_SYMBOL] = own * own
    means = recursed(arrays.means[:3], new, divisor[:, :3]).transpose(1, 0, 2)
    has_beta = means[one.OF_REFERENCE] > 0.0
    beta = one.beta_of(means, has_beta)
    residual = (own - beta * btc)[:, None]
    left = recursed(arrays.means[3:], residual, divisor[:, 3:])[:, 0]
    arrays.pairs[:] = pairs[-1]
    warm = moved & (pairs >= one.BETA_BARS) & has_beta
    one.of_reference(means, (beta, residual[:, 0], left), warm, out)
    out[4] = np.where(warm, rows[0, :, place, None], np.nan)
    out[5] = np.where(warm, rows[1, :, place, None], np.nan)
    return out
