"""What holding costs and how far the venues are apart: funding and divergence, where they are told.

Neither is known of every symbol or at every time. Unknown is NaN for that feature alone, and leaves
the means where they were.
"""

from typing import NamedTuple

import numpy as np

from quantum_os.formulas.kernels.feature_groups import DIVERGENCE_FEATURES, FUNDING_FEATURES
from quantum_os.formulas.kernels.market_features import SYMBOLS_MIN, ranked
from quantum_os.formulas.kernels.state import (
    Counts,
    Floats,
    KernelState,
    carry,
    counts,
    floats,
    seeded_divisor,
)

VALUES_UNTIL_WARM = 24
"""Bars with a value before a mean of it is told."""
BPS = 1e4
FUNDING, DIVERGENCE = 0, 1
"""Rows of what is told at a bar: the rate of 8 h as a fraction, the divergence in bps."""
CARRY_FEATURES: tuple[str, ...] = (*FUNDING_FEATURES, *DIVERGENCE_FEATURES)
LENGTH, FINAL = 72, 36.5


class CarryArrays(NamedTuple):
    """The state by name: values seen [2, S] and their means [2, S], in bps."""

    seen: Counts
    means: Floats


def carry_state_new(symbols: int) -> KernelState:
    """An empty state for so many symbols."""
    return {"seen": np.zeros((2, symbols), dtype=np.int64), "means": np.zeros((2, symbols))}


def grow_carry(state: KernelState, symbols: int) -> KernelState:
    """The same state with room for more symbols, appended after the known ones."""
    return carry(state, carry_state_new(symbols))


def carry_arrays(state: KernelState) -> CarryArrays:
    """A view of `state`: writing into it writes into the state."""
    return CarryArrays(seen=counts(state, "seen"), means=floats(state, "means"))


def carry_of_bar(state: KernelState, told: Floats) -> Floats:
    """[F, S] in the order of `CARRY_FEATURES` from what is told [2, S], NaN where it is not."""
    out = np.empty((len(CARRY_FEATURES), told.shape[1]))
    carry_step(told, carry_arrays(state), out)
    return out


def carry_step(told: Floats, state: CarryArrays, out: Floats) -> None:
    """Advances the means of what is told, and fills `out` [F, S]."""
    known = np.abs(told) < np.inf
    value = np.where(known, told, 0.0)
    value[FUNDING] = value[FUNDING] * BPS
    divisor = seeded_divisor(state.seen + 1, known, LENGTH, FINAL)
    state.means[:] = state.means + (value - state.means) / divisor
    state.seen[:] = state.seen + known
    mean = np.where(known & (state.seen >= VALUES_UNTIL_WARM), state.means, np.nan)
    now = np.where(known, value, np.nan)
    out[0], out[1] = now[FUNDING], mean[FUNDING]
    out[3], out[4] = now[DIVERGENCE], mean[DIVERGENCE]
    count = int(known[FUNDING].sum())
    if count < SYMBOLS_MIN:
        out[2] = np.nan
    else:
        out[2], _ = ranked(now[FUNDING], known[FUNDING], count)
