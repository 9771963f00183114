"""What holding costs and how far venues are apart, in blocks, with the bits of single steps."""

import numpy as np

from quantum_os.formulas.kernels import carry_features as one
from quantum_os.formulas.kernels.block_windows import recursed
from quantum_os.formulas.kernels.market_blocks import ranked_bars
from quantum_os.formulas.kernels.market_features import SYMBOLS_MIN
from quantum_os.formulas.kernels.state import Flags, Floats, KernelState, seeded_divisor


def carry_of_bars(state: KernelState, told: Floats) -> Floats:
    """[F, T, S] in the order of `CARRY_FEATURES` from what is told [T, 2, S], NaN where it is not.

    Leaves `state` where T single steps would.
    """
    arrays, known = one.carry_arrays(state), np.abs(told) < np.inf
    value = np.where(known, told, 0.0)
    value[:, one.FUNDING] = value[:, one.FUNDING] * one.BPS
    seen = arrays.seen + np.cumsum(known, axis=0)
    divisor = seeded_divisor(seen - known + 1, known, one.LENGTH, one.FINAL)
    means = recursed(arrays.means, value, divisor)
    arrays.seen[:] = arrays.seen + known.sum(axis=0)
    mean = np.where(known & (seen >= one.VALUES_UNTIL_WARM), means, np.nan)
    now = np.where(known, value, np.nan)
    out = np.empty((len(one.CARRY_FEATURES), told.shape[0], told.shape[2]))
    out[0], out[1] = now[:, one.FUNDING], mean[:, one.FUNDING]
    out[2] = _ranks(now[:, one.FUNDING], known[:, one.FUNDING])
    out[3], out[4] = now[:, one.DIVERGENCE], mean[:, one.DIVERGENCE]
    return out


def _ranks(rates: Floats, known: Flags) -> Floats:
    """[T, S]: where each rate stands among the known ones of its bar; NaN while those are few."""
    count = known.sum(axis=1)
    ranks, _ = ranked_bars(rates[None], known, np.maximum(count, SYMBOLS_MIN))
    enough = known & (count >= SYMBOLS_MIN)[:, None]
    return np.where(enough, ranks[0], np.nan)
