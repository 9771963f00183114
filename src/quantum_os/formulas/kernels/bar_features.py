"""What the features of a bar are: one step over all symbols, as it is taken live.

What can be is computed for many rows at once: all smoothed means in one line, all features as one
array of parts over one of wholes. A call of numpy costs more than the arithmetic of 20 symbols.
"""

from typing import NamedTuple

import numpy as np

from quantum_os.formulas.kernels.feature_list import FEATURES
from quantum_os.formulas.kernels.rings import ago, put
from quantum_os.formulas.kernels.state import (
    Counts,
    Flags,
    Floats,
    KernelState,
    carry,
    counts,
    floats,
    present_bars,
    seeded_divisor,
)

BARS_UNTIL_WARM = 73
"""Bars a symbol must have shown before any of its features is told: the longest window and one."""

EMA_10, EMA_20, EMA_50, VOLUME_20, VARIANCE_20 = 0, 1, 2, 3, 4
DRIFT, TRAVEL, ATR, SQUARE_1, SQUARE_5 = 5, 7, 9, 10, 11
"""Rows of `means`; DRIFT and TRAVEL, of moves and their sizes, are two rows each, 14 and 50."""

LENGTHS = np.array([[10, 20, 50, 20, 20, 14, 50, 14, 50, 14, 50, 50]], dtype=np.float64).T
FINALS = np.array(
    [[5.5, 10.5, 25.5, 10.5, 10.5, 14, 25.5, 14, 25.5, 14, 25.5, 25.5]], dtype=np.float64
).T
FIRST_AT = np.array([[0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 5]]).T
"""Bars before the first value of each mean: a move needs one close before it, a 5-bar move five."""

CLOSES_HELD = 24
CLOSES = slice(0, CLOSES_HELD)
EXTREMES_20, EXTREMES_55, HIGHS_72 = slice(24, 64), slice(64, 174), slice(174, 246)
_RING_ROWS = 246
_RING_FIRST = np.array([[0, 24, 25, 64, 65, 174]]).T
_RING_LENGTH = np.array([[24, 20, 20, 55, 55, 72]]).T
_RING_STRIDE = np.array([[1, 2, 2, 2, 2, 1]]).T
"""Where closes, (high, -low) of 20 and of 55 bars, and highs of 72 bars stand in `rings`."""

LOOKED_BACK = (1, 4, 24, 5)
"""Closes looked back at: the moves that are features, and the one of the variance ratio."""
_BACK = np.array([LOOKED_BACK]).T


class FeatureArrays(NamedTuple):
    """The state's arrays by name: `means` [12, S], `rings` [246, S], counts of bars and streaks."""

    bars: Counts
    streak: Floats
    means: Floats
    rings: Floats


def feature_state_new(symbols: int) -> KernelState:
    """An empty state for so many symbols."""
    return {
        "bars": np.zeros(symbols, dtype=np.int64),
        "streak": np.zeros(symbols),
        "means": np.zeros((LENGTHS.shape[0], symbols)),
        "rings": np.ones((_RING_ROWS, symbols)),
    }


def grow_features(state: KernelState, symbols: int) -> KernelState:
    """The same state with room for more symbols, appended after the known ones."""
    return carry(state, feature_state_new(symbols))


def feature_arrays(state: KernelState) -> FeatureArrays:
    """A view of `state`: writing into it writes into the state."""
    return FeatureArrays(
        bars=counts(state, "bars"),
        streak=floats(state, "streak"),
        means=floats(state, "means"),
        rings=floats(state, "rings"),
    )


def features_of_bar(state: KernelState, bar: Floats) -> Floats:
    """[F, S] in the order of `FEATURES` from one bar [5, S] (open, high, low, close, volume).

    NaN where a symbol has no bar now or is not warm yet (its state stays where it was without one),
    and where a feature has no meaning: a share of a range that is zero.
    """
    out = np.empty((len(FEATURES), bar.shape[1]))
    feature_step(bar, feature_arrays(state), out)
    return out


def feature_step(bar: Floats, state: FeatureArrays, out: Floats) -> None:
    """Advances every symbol that has a bar, and fills `out` [F, S]."""
    present = present_bars(bar[0], bar[1], bar[2], bar[3], bar[4])
    safe = np.where(present, bar, 1.0)
    part, whole = np.empty(out.shape), np.empty(out.shape)
    closes = ago(state.rings[CLOSES], state.bars, _BACK)
    part[0:3] = safe[3] - closes[0:3]
    against_extremes(safe, highest_held(state.rings), part, whole)
    part[4] = advance_means(safe, closes, present, state)[EMA_50]
    remember(safe, closes[0], present, state)
    against_means(safe, state.means, part, whole)
    of_this_bar(safe, part, whole)
    part[20] = np.minimum(np.maximum(state.streak, -10.0), 10.0)
    warm = present & (state.bars >= BARS_UNTIL_WARM)
    out[:] = part / np.where((whole > 0.0) & warm, whole, np.nan)


def advance_means(bar: Floats, closes: Floats, present: Flags, state: FeatureArrays) -> Floats:
    """Carries the means of the `present` symbols one bar on; returns their steps [12, S]."""
    means = state.means
    values = state.bars + 1 - FIRST_AT
    divisor = seeded_divisor(values, present, LENGTHS, FINALS)
    new = np.empty(means.shape)
    to_be_averaged(bar, closes, new)
    away = bar[3] - means[EMA_20]
    new[VARIANCE_20] = away * (away - away / divisor[EMA_20])
    steps: Floats = (new - means) / divisor
    means += steps
    return steps


def to_be_averaged(bar: Floats, back: Floats, new: Floats) -> None:
    """What enters the means: `new` [12, ...], but for VARIANCE_20, from bars [5, ...] and closes.

    `back` [4, ...] are the closes so many bars before as `LOOKED_BACK` says.
    """
    close, previous = bar[3], back[0]
    change, five = close - previous, close - back[3]
    new[EMA_10 : EMA_50 + 1] = close
    new[VOLUME_20] = bar[4]
    new[DRIFT : DRIFT + 2] = change
    new[TRAVEL : TRAVEL + 2] = np.abs(change)
    new[ATR] = np.maximum(bar[1], previous) - np.minimum(bar[2], previous)
    new[SQUARE_1] = change * change
    new[SQUARE_5] = five * five


def remember(bar: Floats, previous: Floats, present: Flags, state: FeatureArrays) -> None:
    """Carries the rings, the streaks and the counts of the `present` symbols one bar on."""
    high, low, close = bar[1], bar[2], bar[3]
    values = np.empty((_RING_FIRST.shape[0], close.shape[0]))
    values[0] = close
    values[1], values[3], values[5] = high, high, high
    values[2] = -low
    values[4] = values[2]
    put(state.rings, _RING_FIRST + state.bars % _RING_LENGTH * _RING_STRIDE, present, values)
    change = np.where(state.bars > 0, close - previous, 0.0)
    longer = np.where(change > 0.0, np.maximum(state.streak, 0.0) + 1.0, 0.0)
    longer = np.where(change < 0.0, np.minimum(state.streak, 0.0) - 1.0, longer)
    state.streak[:] = np.where(present, longer, state.streak)
    state.bars[:] = state.bars + present


def highest_held(rings: Floats) -> Floats:
    """[5, S]: the highest high and -low of 20 bars, those of 55, the highest high of 72."""
    symbols = rings.shape[1]
    tops = np.empty((5, symbols))
    tops[0:2] = rings[EXTREMES_20].reshape(20, 2, symbols).max(axis=0)
    tops[2:4] = rings[EXTREMES_55].reshape(55, 2, symbols).max(axis=0)
    tops[4] = rings[HIGHS_72].max(axis=0)
    return tops


def against_extremes(bar: Floats, tops: Floats, part: Floats, whole: Floats) -> None:
    """Where bars stand in the channels of the bars before them, whose `tops` [5, ...] are given."""
    close = bar[3]
    part[16] = (close - tops[0]) + (close + tops[1])
    whole[16] = tops[0] + tops[1]
    part[7] = np.maximum(close - tops[2], 0.0) + np.minimum(close + tops[3], 0.0)
    part[8] = np.maximum(tops[4], bar[1]) - close


def against_means(bar: Floats, means: Floats, part: Floats, whole: Floats) -> None:
    """Everything that compares this bar with the means after it, or those with each other."""
    close, deviation = bar[3], np.sqrt(means[VARIANCE_20])
    part[3] = means[EMA_10] - means[EMA_20]
    part[5] = close - means[EMA_50]
    whole[0:9] = means[ATR]
    part[9:11] = means[DRIFT : DRIFT + 2]
    whole[9:11] = means[TRAVEL : TRAVEL + 2]
    part[11], whole[11] = means[SQUARE_5], 5.0 * means[SQUARE_1]
    part[12], whole[12] = bar[4], means[VOLUME_20]
    part[13], whole[13] = close - means[EMA_20], deviation
    part[14], whole[14] = deviation, means[EMA_20]
    part[15], whole[15] = means[ATR], close


def of_this_bar(bar: Floats, part: Floats, whole: Floats) -> None:
    """The shape of the bar itself."""
    opened, high, low, close = bar[0], bar[1], bar[2], bar[3]
    part[6] = high - low
    whole[17:20] = part[6]
    part[17] = (close - high) + (close - low)
    part[18] = high - np.maximum(opened, close)
    part[19] = np.minimum(opened, close) - low
    whole[20] = 10.0
