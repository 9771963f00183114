"""How far bars reach, in blocks: many bars of all symbols at once, with the bits of single steps.

Two things go from bar to bar: the mean, which is carried for all symbols together, and the window
of the median, symbol by symbol.
"""

import numpy as np

from quantum_os.formulas.kernels import atr as one
from quantum_os.formulas.kernels.block_windows import OwnBars, own_ranges, recursed, shifted
from quantum_os.formulas.kernels.median import medians_of
from quantum_os.formulas.kernels.state import Floats, KernelState, seeded_divisor


def atr_of_bars(state: KernelState, high: Floats, low: Floats, close: Floats) -> Floats:
    """[3, T, S] from [T, S] bars: ATR, ATR_FRAC, VOL_RATIO; leaves `state` where T steps would."""
    arrays, own = one.atr_arrays(state), own_ranges(high, low, close)
    closes, rows = own.bars[2], np.arange(own.there.shape[0])[:, None]
    average = _averages(arrays, own)
    bars = arrays.bars + rows + 1
    warm = own.there & (bars > one.ATR_LENGTH)
    fraction = one.fractions(average, closes, warm)
    median = np.zeros(closes.shape)
    for symbol in range(closes.shape[1]):
        took = warm[:, symbol]
        seen = max(int(arrays.bars[symbol]) - one.ATR_LENGTH, 0)
        rings = arrays.window[symbol], arrays.ordered[symbol]
        median[took, symbol] = medians_of(fraction[took, symbol], seen, *rings)
    a_day = (bars - one.ATR_LENGTH) * one.MEDIAN_DAYS_MAX >= arrays.window.shape[1]
    out = np.empty((one.ATR_ROWS, *closes.shape))
    one.to_reach((average, fraction, median), warm, a_day, out)
    arrays.previous_close[:] = own.last(closes, arrays.previous_close)
    arrays.bars[:] = arrays.bars + own.counts
    return own.moved_back(out)


def _averages(arrays: one.AtrArrays, own: OwnBars) -> Floats:
    """Wilder's means [N, S] after each bar; leaves the last ones."""
    high, low, close = own.bars
    before = shifted(arrays.previous_close, close)
    reach = np.maximum(high, before) - np.minimum(low, before)
    values = arrays.bars + np.arange(len(close))[:, None]
    divisor = seeded_divisor(values, own.there, one.ATR_LENGTH, one.ATR_LENGTH)
    return recursed(arrays.average, reach, divisor)
