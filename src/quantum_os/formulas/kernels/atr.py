"""How far a bar reaches: Wilder's ATR(14), as a share of the close and against its own median."""

from typing import NamedTuple

import numpy as np

from quantum_os.formulas.kernels.median import trailing_medians
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

ATR_LENGTH = 14
MEDIAN_DAYS_MAX = 30
VOL_RATIO_MAX = 3.0
ATR, ATR_FRAC, VOL_RATIO = 0, 1, 2
"""Rows of an answer: ATR in price units, ATR / close, and that over its trailing median."""
ATR_ROWS = 3


def atr_state_new(symbols: int, bars_per_day: int = 24) -> KernelState:
    """An empty state; `bars_per_day` of the decision timeframe sets the median's 30-day window."""
    window = MEDIAN_DAYS_MAX * bars_per_day
    return {
        "bars": np.zeros(symbols, dtype=np.int64),
        "previous_close": np.zeros(symbols),
        "average": np.zeros(symbols),
        "window": np.full((symbols, window), np.inf),
        "ordered": np.full((symbols, window), np.inf),
    }


def grow_atr(state: KernelState, symbols: int) -> KernelState:
    """The same state with room for more symbols, appended after the known ones."""
    bars_per_day = state["window"].shape[1] // MEDIAN_DAYS_MAX
    return carry(state, atr_state_new(symbols, bars_per_day))


class AtrKernel:
    """`atr_frac` and `vol_ratio` (trading.md 1) of all symbols, one bar at a time."""

    def __init__(self, symbols: int, bars_per_day: int = 24) -> None:
        self.state = atr_state_new(symbols, bars_per_day)

    def step(self, high: Floats, low: Floats, close: Floats) -> Floats:
        """[3, S]: ATR, ATR_FRAC, VOL_RATIO. NaN where unknown: no bar, short, or no movement.

        ATR from the 15th bar; the ratio a day of ATRs later, clamped to [0, 3].
        """
        out = np.empty((ATR_ROWS, close.shape[0]))
        present = present_bars(close, high, low, close, close)
        atr_step((high, low, close), present, atr_arrays(self.state), out)
        return out


class AtrArrays(NamedTuple):
    """The state's arrays by name, as steps and blocks take them."""

    bars: Counts
    previous_close: Floats
    average: Floats
    window: Floats
    ordered: Floats


def atr_arrays(state: KernelState) -> AtrArrays:
    """A view of `state`: writing into it writes into the state."""
    return AtrArrays(
        bars=counts(state, "bars"),
        previous_close=floats(state, "previous_close"),
        average=floats(state, "average"),
        window=floats(state, "window"),
        ordered=floats(state, "ordered"),
    )


def atr_step(
    bar: tuple[Floats, Floats, Floats], present: Flags, state: AtrArrays, out: Floats
) -> None:
    """Advances the symbols that are `present` by one bar (high, low, close); fills `out` [3, S]."""
    high, low, close = bar
    bars, previous_close, average = state.bars, state.previous_close, state.average
    reach = np.maximum(high, previous_close) - np.minimum(low, previous_close)
    true_range = np.where(present, reach, 0.0)
    average += (true_range - average) / seeded_divisor(bars, present, ATR_LENGTH, ATR_LENGTH)
    previous_close[:] = np.where(present, close, previous_close)
    bars += present
    warm = present & (bars > ATR_LENGTH)
    fraction = fractions(average, close, warm)
    seen = bars - (ATR_LENGTH + 1)
    median = trailing_medians(fraction, warm, seen, state.window, state.ordered)
    a_day = (seen + 1) * MEDIAN_DAYS_MAX >= state.window.shape[1]
    to_reach((average, fraction, median), warm, a_day, out)


def fractions(average: Floats, close: Floats, warm: Flags) -> Floats:
    """ATR / close, and 0 before it is `warm`."""
    fraction: Floats = np.where(warm, average, 0.0) / np.where(warm, close, 1.0)
    return fraction


def to_reach(found: tuple[Floats, Floats, Floats], warm: Flags, a_day: Flags, out: Floats) -> None:
    """Fills `out` [3, ...] from averages, fractions and medians; `a_day` of these has been seen."""
    average, fraction, median = found
    moving = warm & (average > 0.0)
    out[ATR] = np.where(moving, average, np.nan)
    out[ATR_FRAC] = np.where(moving, fraction, np.nan)
    known = moving & a_day & (median > 0.0)
    ratio = np.minimum(fraction / np.where(known, median, 1.0), VOL_RATIO_MAX)
    out[VOL_RATIO] = np.where(known, ratio, np.nan)
