"""What kind of market a series of closes is: its drift against what pure chance would show.

The evidence is a least-squares slope over 64, 128 and 256 bars in units of what a random walk of
the same volatility scatters, directional persistence, and the variance ratio over five bars. All is
recursive: the sums of a regression with forgetting are shifted by one bar at a time.
"""

from math import sqrt
from typing import NamedTuple

import numpy as np

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

DETECTOR_VERSION = "2"
SPANS = (64, 128, 256)
SPAN_WEIGHTS = (0.5, 0.3, 0.2)
LAMBDA = 0.94
WINSOR = 4.0
"""Returns count at most this many sigmas: one bad print is no trend."""
BARS_EARLY = 30
"""Returns whose plain mean square is the first sigma; they are not winsorised."""
BARS_MIN = 128
"""Closes before anything but UNKNOWN is said."""

TREND, PERSISTENCE, VARIANCE_RATIO = 0, 1, 2
EVIDENCE_ROWS = 3
DRIFT, TRAVEL, SQUARE_1, SQUARE_5 = 0, 1, 2, 3
"""Rows of `means`: plain means of the first 50 moves, then with a forgetting of 1/50."""

FIVE = 5
FIRST_AT = np.array([[0, 0, 0, FIVE - 1]]).T
MEMORY = 50.0
WEIGHT, TIME, TIME_2, LEVEL, TIME_LEVEL = 0, 1, 2, 3, 4
SUMS = 5


def slope_scatter(span: int) -> float:
    """What the slope of a random walk with moves of deviation 1 scatters, per bar.

    The slope over weights k^age is the sum of the moves, each times (age + 1) k^age (1 - k)^2, so
    that its variance is (1 - k)^4 (1 + k^2) / (1 - k^2)^3.
    """
    keep = forgetting(span)
    return (1.0 - keep) ** 2 * sqrt((1.0 + keep**2) / (1.0 - keep**2) ** 3)


def forgetting(span: int) -> float:
    """What is kept of a weight after a bar: the EMA's 1 - 2 / (n + 1)."""
    return 1.0 - 2.0 / (span + 1.0)


KEEP = np.array([[forgetting(span) for span in SPANS]]).T
SCORE = np.array([[w / slope_scatter(n) for w, n in zip(SPAN_WEIGHTS, SPANS, strict=True)]]).T


class RegimeArrays(NamedTuple):
    """The state's arrays by name.

    `means` [4, S]; `recent` [4, S], the moves before the last one, newest first; `sums` [15, S]:
    weight, t, tt, x, tx of the regressions, each over the three spans.
    """

    bars: Counts
    close: Floats
    variance: Floats
    means: Floats
    recent: Floats
    sums: Floats


def regime_state_new(symbols: int) -> KernelState:
    """An empty state for so many symbols."""
    return {
        "bars": np.zeros(symbols, dtype=np.int64),
        "close": np.zeros(symbols),
        "variance": np.zeros(symbols),
        "means": np.zeros((FIRST_AT.shape[0], symbols)),
        "recent": np.zeros((FIVE - 1, symbols)),
        "sums": np.zeros((SUMS * len(SPANS), symbols)),
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
        means=floats(state, "means"),
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


def regime_step(close: Floats, state: RegimeArrays, out: Floats) -> None:
    """Advances every symbol that has a close, and fills `out` [3, S]."""
    present = (close > 0.0) & (close < np.inf)
    moves = present & (state.bars > 0)
    share = np.where(moves, close, 1.0) / np.where(moves, state.close, 1.0) - 1.0
    move = winsorised(share, moves, state)
    advance_moves(move, moves, state)
    state.bars[:] = state.bars + present
    state.close[:] = np.where(present, close, state.close)
    slopes = slopes_of(advance_sums(move, moves, state.sums)) * SCORE
    known = present & (state.bars >= BARS_MIN)
    to_evidence(slopes, state.means, state.variance, known, out)


def winsorised(share: Floats, moves: Flags, state: RegimeArrays) -> Floats:
    """Returns held inside `WINSOR` sigmas of the sigma before them, which they then move."""
    early = state.bars <= BARS_EARLY
    # A symbol that stood still has no sigma to be held inside: it would count as still for ever.
    unbound = early | (state.variance <= 0.0)
    limit = np.where(unbound, np.inf, WINSOR * np.sqrt(state.variance))
    move: Floats = np.minimum(np.maximum(share, -limit), limit)
    decay = np.where(early, 1.0 / np.maximum(state.bars, 1), 1.0 - LAMBDA)
    state.variance[:] += np.where(moves, (move * move - state.variance) * decay, 0.0)
    return move


def advance_moves(move: Floats, moves: Flags, state: RegimeArrays) -> None:
    """Carries the means of one- and five-bar moves; counts before this bar are the moves so far."""
    recent, means = state.recent, state.means
    five = move + recent[0] + recent[1] + recent[2] + recent[3]
    new = np.empty(means.shape)
    new[DRIFT], new[TRAVEL] = move, np.abs(move)
    new[SQUARE_1], new[SQUARE_5] = move * move, five * five
    means += (new - means) / seeded_divisor(state.bars - FIRST_AT, moves, MEMORY, MEMORY)
    recent[1:] = np.where(moves, recent[:-1], recent[1:])
    recent[0] = np.where(moves, move, recent[0])


def advance_sums(move: Floats, moves: Flags, sums: Floats) -> Floats:
    """Carries the sums of the regressions on; returns them as [5, 3, S].

    The sums stand in a frame whose origin is the last bar (time 0, level 0); a new bar shifts them
    by one in time and by its move in level, forgets a little, and adds itself with weight 1.
    """
    old = sums.reshape(SUMS, len(SPANS), sums.shape[1])
    weight, t, x = old[WEIGHT], old[TIME], old[LEVEL]
    new = np.empty(old.shape)
    new[WEIGHT] = weight
    new[TIME] = t - weight
    new[TIME_2] = old[TIME_2] - 2.0 * t + weight
    new[LEVEL] = x - move * weight
    new[TIME_LEVEL] = old[TIME_LEVEL] - x - move * new[TIME]
    new = new * KEEP
    new[WEIGHT] += 1.0
    old[:] = np.where(moves, new, old)
    return old


def slopes_of(sums: Floats) -> Floats:
    """The least-squares slopes of the summed moves, per bar, from sums [5, ...]; NaN before two."""
    weight, time = sums[WEIGHT], sums[TIME]
    spread = weight * sums[TIME_2] - time * time
    slope: Floats = (weight * sums[TIME_LEVEL] - time * sums[LEVEL]) / np.where(
        spread > 0.0, spread, np.nan
    )
    return slope


def to_evidence(slopes: Floats, means: Floats, variance: Floats, known: Flags, out: Floats) -> None:
    """Fills `out` [3, ...] from scored slopes [3, ...], means [4, ...] and the variance."""
    part, whole = np.empty(out.shape), np.empty(out.shape)
    part[TREND], whole[TREND] = slopes[0] + slopes[1] + slopes[2], np.sqrt(variance)
    part[PERSISTENCE], whole[PERSISTENCE] = means[DRIFT], means[TRAVEL]
    part[VARIANCE_RATIO], whole[VARIANCE_RATIO] = means[SQUARE_5], 5.0 * means[SQUARE_1]
    out[:] = part / np.where((whole > 0.0) & known, whole, np.nan)
