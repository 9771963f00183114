"""What kind of market a series of closes is: its drift against what pure chance would show.

The evidence is a least-squares slope over 64, 128 and 256 bars in units of what a random walk of the
same volatility scatters, directional persistence, and the variance ratio over five bars. All of it is
recursive: the sums of a regression with forgetting are shifted by one bar at a time.
"""

from typing import NamedTuple

import numpy as np

from quantum_os.formulas.kernels.compiled import compiled
from quantum_os.formulas.kernels.rings import ago, put
from quantum_os.formulas.kernels.state import (
    Counts,
    Flags,
    Floats,
    KernelState,
    carry,
    contiguous,
    counts,
    floats,
)

DETECTOR_VERSION = "1"
SPANS = (64, 128, 256)
SPAN_WEIGHTS = (0.5, 0.3, 0.2)
LAMBDA = 0.94
WINSOR = 4.0
"""Returns count at most this many sigmas: one bad print is no trend."""
BARS_MIN = 128
"""Closes before anything but UNKNOWN is said."""

TREND, PERSISTENCE, VARIANCE_RATIO = 0, 1, 2
EVIDENCE_ROWS = 3
_WEIGHT, _T, _TT, _X, _TX = 0, 1, 2, 3, 4
_SUMS = 5
_FIVE = 5


class RegimeArrays(NamedTuple):
    """The state's arrays by name; `sums` [15, S] holds five regression sums per span."""

    bars: Counts
    close: Floats
    variance: Floats
    drift: Floats
    travel: Floats
    square_1: Floats
    square_5: Floats
    recent: Floats
    sums: Floats


def regime_state_new(symbols: int) -> KernelState:
    """An empty state for so many symbols."""
    single = ("close", "variance", "drift", "travel", "square_1", "square_5")
    return {
        "bars": np.zeros(symbols, dtype=np.int64),
        **{name: np.zeros(symbols) for name in single},
        "recent": np.zeros((_FIVE, symbols)),
        "sums": np.zeros((_SUMS * len(SPANS), symbols)),
    }


def grow_regimes(state: KernelState, symbols: int) -> KernelState:
    """The same state with room for more symbols, appended after the known ones."""
    return carry(state, regime_state_new(symbols))


def regime_arrays(state: KernelState) -> RegimeArrays:
    """A view of `state`: writing into it writes into the state."""
    return RegimeArrays(
        bars=counts(state, "bars"),
        close=floats(state, "close"),
        variance=floats(state, "variance"),
        drift=floats(state, "drift"),
        travel=floats(state, "travel"),
        square_1=floats(state, "square_1"),
        square_5=floats(state, "square_5"),
        recent=floats(state, "recent"),
        sums=floats(state, "sums"),
    )


def evidence_of_close(state: KernelState, close: Floats) -> Floats:
    """[3, S]: trend in random-walk deviations, persistence in [-1, 1], variance ratio.

    NaN before `BARS_MIN` closes and where a symbol has none now (its state then stays).
    """
    out = np.empty((EVIDENCE_ROWS, close.shape[0]))
    regime_step(close, regime_arrays(state), out)
    return out


def evidence_block(state: KernelState, closes: Floats) -> Floats:
    """[T, 3, S] from closes [T, S], compiled; leaves `state` where T single steps would."""
    out = np.empty((closes.shape[0], EVIDENCE_ROWS, closes.shape[1]))
    run = compiled(_run, *REGIME_STEPS)
    run(contiguous(closes), regime_arrays(state), out)
    return out


def regime_step(close: Floats, state: RegimeArrays, out: Floats) -> None:
    """Advances every symbol that has a close, and fills `out` [3, S]."""
    bars, drift, travel = state.bars, state.drift, state.travel
    square_1, square_5 = state.square_1, state.square_5
    present = (close > 0.0) & (close < np.inf)
    moves = present & (bars > 0)
    price = np.where(present, close, 1.0)
    share = np.where(moves, price / np.where(moves, state.close, 1.0) - 1.0, 0.0)
    move = winsorised(share, moves, state)
    put(state.recent, bars, moves, move)
    bars += present
    state.close[:] = np.where(present, price, state.close)
    gain = np.where(moves, 1.0 / np.minimum(np.maximum(bars, 2) - 1, 50), 0.0)
    five = move + ago(state.recent, bars - 1, 1) + ago(state.recent, bars - 1, 2)
    five = five + ago(state.recent, bars - 1, 3) + ago(state.recent, bars - 1, 4)
    drift += (move - drift) * gain
    travel += (np.abs(move) - travel) * gain
    square_1 += (move * move - square_1) * gain
    square_5 += (five * five - square_5) * gain
    sigma = np.sqrt(np.where(state.variance > 0.0, state.variance, np.nan))
    trend = np.zeros(close.shape[0])
    for span in range(3):
        trend = trend + SPAN_WEIGHTS[span] * slope_score(move, moves, sigma, state, span)
    known = present & (bars >= BARS_MIN)
    moved = np.where(travel > 0.0, travel, np.nan)
    single = np.where(square_1 > 0.0, 5.0 * square_1, np.nan)
    out[TREND] = np.where(known, trend, np.nan)
    out[PERSISTENCE] = np.where(known, drift / moved, np.nan)
    out[VARIANCE_RATIO] = np.where(known, square_5 / single, np.nan)


def winsorised(share: Floats, moves: Flags, state: RegimeArrays) -> Floats:
    """Returns held inside `WINSOR` sigmas of the sigma before them, which they then move."""
    early = state.bars < 30
    limit = np.where(early, np.inf, WINSOR * np.sqrt(state.variance))
    move = np.minimum(np.maximum(share, -limit), limit)
    decay = np.where(early, 1.0 / (state.bars + 1), 1.0 - LAMBDA)
    change = np.where(moves, (move * move - state.variance) * decay, 0.0)
    state.variance[:] = state.variance + change
    result: Floats = move
    return result


def slope_score(
    move: Floats, moves: Flags, sigma: Floats, state: RegimeArrays, span: int
) -> Floats:
    """The slope of the summed moves over a span, in deviations of a random walk's slope.

    The sums stand in a frame whose origin is the last bar (time 0, level 0); a new bar shifts them by
    one in time and by its move in level. A random walk's least-squares slope over n bars scatters by
    sigma * sqrt(6 / (5 n)).
    """
    at = _SUMS * span
    sums = state.sums
    keep = 1.0 - 2.0 / (SPANS[span] + 1.0)
    weight, t, tt = sums[at + _WEIGHT], sums[at + _T], sums[at + _TT]
    x, tx = sums[at + _X], sums[at + _TX]
    shifted_t = t - weight
    shifted_tt = tt - 2.0 * t + weight
    shifted_x = x - move * weight
    shifted_tx = tx - x - move * shifted_t
    sums[at + _TX] = np.where(moves, keep * shifted_tx, tx)
    sums[at + _X] = np.where(moves, keep * shifted_x, x)
    sums[at + _TT] = np.where(moves, keep * shifted_tt, tt)
    sums[at + _T] = np.where(moves, keep * shifted_t, t)
    sums[at + _WEIGHT] = np.where(moves, keep * weight + 1.0, weight)
    weight, t, tt = sums[at + _WEIGHT], sums[at + _T], sums[at + _TT]
    spread = weight * tt - t * t
    slope = (weight * sums[at + _TX] - t * sums[at + _X]) / np.where(spread > 0.0, spread, np.nan)
    score: Floats = slope / (sigma * np.sqrt(6.0 / (5.0 * SPANS[span])))
    return score


def _run(closes: Floats, state: RegimeArrays, out: Floats) -> None:
    for t in range(closes.shape[0]):
        regime_step(closes[t], state, out[t])


REGIME_STEPS = (put, ago, winsorised, slope_score, regime_step)
"""What the compiler must know to compile a block of evidence."""
