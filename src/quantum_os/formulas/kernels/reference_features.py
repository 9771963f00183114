"""How a symbol moves with BTC: its beta, what of its moves BTC does not explain, and BTC itself."""

from typing import NamedTuple

import numpy as np

from quantum_os.formulas.kernels.feature_groups import REFERENCE_FEATURES
from quantum_os.formulas.kernels.state import (
    Counts,
    Flags,
    Floats,
    KernelState,
    carry,
    counts,
    floats,
    seeded_divisor,
)

REFERENCE = "BTC/USDT:USDT"
"""The symbol that all others are measured against; itself it has a beta of 1."""
BETA_BARS = 72
"""Pairs of returns that a beta is seeded with, and from which it then decays."""
READS: tuple[str, ...] = ("ret_1_atr", "ret_24_atr")
"""Features of BTC that every symbol is told."""

COVARIANCE, OF_REFERENCE, OF_SYMBOL, RESIDUAL = 0, 1, 2, 3
LENGTHS = np.array([[72.0, 72.0, 72.0, 24.0]]).T
FINALS = np.array([[36.5, 36.5, 36.5, 12.5]]).T


class ReferenceArrays(NamedTuple):
    """The state by name: pairs seen [S], last closes [S] (NaN without one), `means` [4, S]."""

    pairs: Counts
    previous: Floats
    means: Floats


def reference_state_new(symbols: int) -> KernelState:
    """An empty state for so many symbols."""
    return {
        "pairs": np.zeros(symbols, dtype=np.int64),
        "previous": np.full(symbols, np.nan),
        "means": np.zeros((LENGTHS.shape[0], symbols)),
    }


def grow_reference(state: KernelState, symbols: int) -> KernelState:
    """The same state with room for more symbols, appended after the known ones."""
    return carry(state, reference_state_new(symbols))


def reference_arrays(state: KernelState) -> ReferenceArrays:
    """A view of `state`: writing into it writes into the state."""
    return ReferenceArrays(
        pairs=counts(state, "pairs"),
        previous=floats(state, "previous"),
        means=floats(state, "means"),
    )


def reference_of_bar(state: KernelState, close: Floats, rows: Floats, place: int) -> Floats:
    """[F, S] in the order of `REFERENCE_FEATURES` from closes [S] and the features `READS` [2, S].

    `place` is BTC's among the symbols, -1 where it does not trade: then all is NaN. A return counts
    only where a symbol and BTC closed this bar and the one before.
    """
    out = np.empty((len(REFERENCE_FEATURES), close.shape[0]))
    reference_step(close, rows, place, reference_arrays(state), out)
    return out


def reference_step(
    close: Floats, rows: Floats, place: int, state: ReferenceArrays, out: Floats
) -> None:
    """Advances every symbol that has a return beside one of BTC, and fills `out` [F, S]."""
    closed = close > 0.0
    safe = np.where(closed, close, 1.0)
    moved = closed & (state.previous > 0.0)
    own = np.where(moved, safe / np.where(moved, state.previous, 1.0) - 1.0, 0.0)
    state.previous[:] = np.where(closed, close, np.nan)
    if place < 0 or not moved[place]:
        out[:] = np.nan
        return
    btc = own[place]
    means = state.means
    new = np.empty(means.shape)
    new[COVARIANCE] = own * btc
    new[OF_REFERENCE] = btc * btc
    new[OF_SYMBOL] = own * own
    new[RESIDUAL] = 0.0
    divisor = seeded_divisor(state.pairs + 1, moved, LENGTHS, FINALS)
    means[:3] = means[:3] + (new[:3] - means[:3]) / divisor[:3]
    has_beta = means[OF_REFERENCE] > 0.0
    beta = beta_of(means, has_beta)
    residual = own - beta * btc
    means[RESIDUAL] = means[RESIDUAL] + (residual - means[RESIDUAL]) / divisor[RESIDUAL]
    state.pairs[:] = state.pairs + moved
    warm = moved & (state.pairs >= BETA_BARS) & has_beta
    of_reference(means, (beta, residual, means[RESIDUAL]), warm, out)
    out[4] = np.where(warm, rows[0, place], np.nan)
    out[5] = np.where(warm, rows[1, place], np.nan)


def beta_of(means: Floats, has_beta: Flags) -> Floats:
    """What a symbol moves for each move of BTC; 0 where BTC has not moved yet."""
    covariance = np.where(has_beta, means[COVARIANCE], 0.0)
    beta: Floats = covariance / np.where(has_beta, means[OF_REFERENCE], 1.0)
    return beta


def of_reference(
    means: Floats, found: tuple[Floats, Floats, Floats], warm: Flags, out: Floats
) -> None:
    """Fills the first four features from the means, and from beta, residual and its mean."""
    beta, residual, left = found
    deviation = np.sqrt(means[OF_SYMBOL])
    varied = warm & (deviation > 0.0)
    whole = np.where(varied, deviation, np.nan)
    out[0] = np.where(warm, beta, np.nan)
    out[1] = means[COVARIANCE] / (np.sqrt(means[OF_REFERENCE]) * whole)
    out[2] = residual / whole
    out[3] = left / whole
