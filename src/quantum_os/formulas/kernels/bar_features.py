"""What the features of a bar are: one step over all symbols, live by numpy and compiled in blocks."""

from typing import NamedTuple

import numpy as np

from quantum_os.formulas.kernels.compiled import compiled
from quantum_os.formulas.kernels.rings import RING_STEPS, ago, highest, lowest, put
from quantum_os.formulas.kernels.feature_list import FEATURES
from quantum_os.formulas.kernels.state import (
    Counts,
    Flags,
    Floats,
    KernelState,
    carry,
    contiguous,
    counts,
    floats,
    present_bars,
    seeded_divisor,
)

WILDER = 14
BARS_UNTIL_WARM = 73
"""Bars a symbol must have shown before any of its features is told: the longest window and one."""

_MEANS = 15
EMA_10, EMA_20, EMA_50, EMA_50_BEFORE, GAIN, LOSS, ATR, VARIANCE_20 = 0, 1, 2, 3, 4, 5, 6, 7
DRIFT, TRAVEL, VOLUME_20, SQUARE_1, SQUARE_5, PREVIOUS_CLOSE, STREAK = 8, 9, 10, 11, 12, 13, 14
"""Rows of `means`: every number that is carried from bar to bar."""


class FeatureArrays(NamedTuple):
    """The state's arrays by name: `means` [15, S], and rings of closes, highs and lows [N, S]."""

    bars: Counts
    means: Floats
    closes: Floats
    high_20: Floats
    low_20: Floats
    high_55: Floats
    low_55: Floats
    high_72: Floats


def feature_state_new(symbols: int) -> KernelState:
    """An empty state for so many symbols."""
    rings = {"closes": 24, "high_20": 20, "low_20": 20, "high_55": 55, "low_55": 55, "high_72": 72}
    return {
        "bars": np.zeros(symbols, dtype=np.int64),
        "means": np.zeros((_MEANS, symbols)),
        **{name: np.ones((rows, symbols)) for name, rows in rings.items()},
    }


def grow_features(state: KernelState, symbols: int) -> KernelState:
    """The same state with room for more symbols, appended after the known ones."""
    return carry(state, feature_state_new(symbols))


def feature_arrays(state: KernelState) -> FeatureArrays:
    """A view of `state`: writing into it writes into the state."""
    return FeatureArrays(
        bars=counts(state, "bars"),
        means=floats(state, "means"),
        closes=floats(state, "closes"),
        high_20=floats(state, "high_20"),
        low_20=floats(state, "low_20"),
        high_55=floats(state, "high_55"),
        low_55=floats(state, "low_55"),
        high_72=floats(state, "high_72"),
    )


def features_of_bar(state: KernelState, bar: Floats) -> Floats:
    """[F, S] in the order of `FEATURES` from one bar [5, S] (open, high, low, close, volume).

    NaN where a symbol has no bar now or is not warm yet; its state then stays where it was.
    """
    out = np.empty((len(FEATURES), bar.shape[1]))
    feature_step(bar, feature_arrays(state), out)
    return out


def feature_block(state: KernelState, bars: Floats) -> Floats:
    """[T, F, S] from bars [T, 5, S], compiled; leaves `state` where T single steps would."""
    out = np.empty((bars.shape[0], len(FEATURES), bars.shape[2]))
    run = compiled(_run, *FEATURE_STEPS)
    run(contiguous(bars), feature_arrays(state), out)
    return out


def feature_step(bar: Floats, state: FeatureArrays, out: Floats) -> None:
    """Advances every symbol that has a bar, and fills `out` [F, S]."""
    present = present_bars(bar[0], bar[1], bar[2], bar[3], bar[4])
    safe = np.where(present, bar, 1.0)
    distances(safe, state, out)
    advance(safe, present, state)
    oscillators(safe, state, out)
    warm = present & (state.bars >= BARS_UNTIL_WARM)
    out[:] = np.where(warm, out, np.nan)


def advance(bar: Floats, present: Flags, state: FeatureArrays) -> None:
    """Carries the means and rings of the `present` symbols one bar on."""
    high, low, close, volume = bar[1], bar[2], bar[3], bar[4]
    means, bars = state.means, state.bars
    first = bars == 0
    previous = np.where(first, close, means[PREVIOUS_CLOSE])
    change = close - previous
    share = change / previous
    five = np.where(bars >= 5, close / ago(state.closes, bars, 5) - 1.0, share)
    reach = np.maximum(high, previous) - np.minimum(low, previous)
    bars += present
    wilder = seeded_divisor(bars, present, WILDER, WILDER)
    ten = seeded_divisor(bars, present, 10, 5.5)
    twenty = seeded_divisor(bars, present, 20, 10.5)
    fifty = seeded_divisor(bars, present, 50, 25.5)
    means[EMA_50_BEFORE] = np.where(present, means[EMA_50], means[EMA_50_BEFORE])
    means[EMA_10] += (close - means[EMA_10]) / ten
    away = close - means[EMA_20]
    means[EMA_20] += away / twenty
    means[VARIANCE_20] += (away * (close - means[EMA_20]) - means[VARIANCE_20]) / twenty
    means[EMA_50] += (close - means[EMA_50]) / fifty
    means[GAIN] += (np.maximum(change, 0.0) - means[GAIN]) / wilder
    means[LOSS] += (np.maximum(-change, 0.0) - means[LOSS]) / wilder
    means[ATR] += (reach - means[ATR]) / wilder
    means[DRIFT] += (change - means[DRIFT]) / wilder
    means[TRAVEL] += (np.abs(change) - means[TRAVEL]) / wilder
    means[VOLUME_20] += (volume - means[VOLUME_20]) / twenty
    means[SQUARE_1] += (share * share - means[SQUARE_1]) / fifty
    means[SQUARE_5] += (five * five - means[SQUARE_5]) / fifty
    streak = means[STREAK]
    longer = np.where(change > 0.0, np.maximum(streak, 0.0) + 1.0, 0.0)
    longer = np.where(change < 0.0, np.minimum(streak, 0.0) - 1.0, longer)
    means[STREAK] = np.where(present, longer, streak)
    means[PREVIOUS_CLOSE] = np.where(present, close, means[PREVIOUS_CLOSE])
    seen = bars - present
    put(state.closes, seen, present, close)
    put(state.high_20, seen, present, high)
    put(state.low_20, seen, present, low)
    put(state.high_55, seen, present, high)
    put(state.low_55, seen, present, low)
    put(state.high_72, seen, present, high)


def distances(bar: Floats, state: FeatureArrays, out: Floats) -> None:
    """What compares this bar with the bars before it, in price; divided by the ATR afterwards."""
    close = bar[3]
    top, bottom = highest(state.high_55), lowest(state.low_55)
    above, below = np.maximum(close - top, 0.0), np.minimum(close - bottom, 0.0)
    out[0] = close - state.means[PREVIOUS_CLOSE]
    out[1] = close - ago(state.closes, state.bars, 4)
    out[2] = close - ago(state.closes, state.bars, 24)
    out[12] = above + below
    high_20, low_20 = highest(state.high_20), lowest(state.low_20)
    out[11] = bounded(close - low_20, high_20 - low_20)
    out[13] = np.maximum(highest(state.high_72), bar[1]) - close


def oscillators(bar: Floats, state: FeatureArrays, out: Floats) -> None:
    """Everything that follows from the means after this bar."""
    opened, high, low, close, volume = bar[0], bar[1], bar[2], bar[3], bar[4]
    means = state.means
    atr = np.where(means[ATR] > 0.0, means[ATR], np.nan)
    out[0], out[1], out[2] = out[0] / atr, out[1] / atr, out[2] / atr
    out[3] = (means[EMA_10] - means[EMA_20]) / atr
    out[4] = (means[EMA_50] - means[EMA_50_BEFORE]) / atr
    out[5] = (close - means[EMA_50]) / atr
    both = means[GAIN] + means[LOSS]
    out[6] = (means[GAIN] - means[LOSS]) / np.where(both > 0.0, both, np.nan)
    out[7] = atr / close
    out[8] = (high - low) / atr
    deviation = np.sqrt(np.where(means[VARIANCE_20] > 0.0, means[VARIANCE_20], np.nan))
    out[9] = (close - means[EMA_20]) / deviation
    out[10] = deviation / means[EMA_20]
    out[12], out[13] = out[12] / atr, out[13] / atr
    out[14] = means[DRIFT] / np.where(means[TRAVEL] > 0.0, means[TRAVEL], np.nan)
    out[15] = means[SQUARE_5] / np.where(means[SQUARE_1] > 0.0, 5.0 * means[SQUARE_1], np.nan)
    out[16] = volume / np.where(means[VOLUME_20] > 0.0, means[VOLUME_20], np.nan)
    span = high - low
    out[17] = bounded(close - low, span)
    width = np.where(span > 0.0, span, 1.0)
    out[18] = (high - np.maximum(opened, close)) / width
    out[19] = (np.minimum(opened, close) - low) / width
    out[20] = np.minimum(np.maximum(means[STREAK], -10.0), 10.0) / 10.0


def bounded(part: Floats, whole: Floats) -> Floats:
    """Where `part` lies in `whole`, from -1 to 1 inside it; 0 where there is no width."""
    has_width = whole > 0.0
    result: Floats = np.where(has_width, 2.0 * part / np.where(has_width, whole, 1.0) - 1.0, 0.0)
    return result


def _run(bars: Floats, state: FeatureArrays, out: Floats) -> None:
    for t in range(bars.shape[0]):
        feature_step(bars[t], state, out[t])


FEATURE_STEPS = (
    present_bars,
    seeded_divisor,
    *RING_STEPS,
    bounded,
    distances,
    advance,
    oscillators,
    feature_step,
)
"""What the compiler must know to compile a block of features."""
