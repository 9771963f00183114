"""The features of single bars in blocks: many bars of all symbols at once, with the steps' bits."""

import numpy as np

from quantum_os.formulas.kernels import bar_features as one
from quantum_os.formulas.kernels.block_windows import (
    OwnBars,
    highest_before,
    moved_back,
    put_last,
    recursed,
    shifted,
    with_history,
)
from quantum_os.formulas.kernels.feature_list import FEATURES
from quantum_os.formulas.kernels.state import Floats, KernelState, seeded_divisor

_VARIANCE = slice(one.VARIANCE_20, one.VARIANCE_20 + 1)


def features_of_bars(state: KernelState, own: OwnBars) -> Floats:
    """[F, T, S] in the order of `FEATURES`; leaves `state` where as many steps would."""
    arrays, bars = one.feature_arrays(state), own.bars
    out = np.empty((len(FEATURES), *bars.shape[1:]))
    part, whole = np.empty(out.shape), np.empty(out.shape)
    closes = with_history(arrays.rings[one.CLOSES], arrays.bars, bars[3])
    back = moved_back(closes, one.CLOSES_HELD, one.LOOKED_BACK)
    part[0:3] = bars[3] - back[0:3]
    _against_extremes(arrays, own, part, whole)
    means, slopes = _means(arrays, own, back)
    part[4] = slopes
    put_last(arrays.rings[one.CLOSES], arrays.bars, bars[3], own.counts)
    streak = _streaks(arrays, own, back[0])
    one.against_means(bars, means, part, whole)
    one.of_this_bar(bars, part, whole)
    part[20] = np.minimum(np.maximum(streak, -10.0), 10.0)
    seen = arrays.bars + np.arange(1, bars.shape[1] + 1)[:, None]
    warm = own.there & (seen >= one.BARS_UNTIL_WARM)
    out[:] = part / np.where((whole > 0.0) & warm, whole, np.nan)
    arrays.bars[:] = arrays.bars + own.counts
    return own.moved_back(out)


def _means(arrays: one.FeatureArrays, own: OwnBars, back: Floats) -> tuple[Floats, Floats]:
    """The means [12, N, S] after each bar, and the steps [N, S] of the slowest average."""
    values = arrays.bars + np.arange(1, own.bars.shape[1] + 1)[:, None, None] - one.FIRST_AT
    divisor = seeded_divisor(values, own.there[:, None, :], one.LENGTHS, one.FINALS)
    first = arrays.means.copy()
    new = np.empty(divisor.shape)
    one.to_be_averaged(own.bars, back, new.transpose(1, 0, 2))
    new[:, one.VARIANCE_20] = 0.0
    after = recursed(arrays.means, new, divisor)
    average = after[:, one.EMA_20]
    away = own.bars[3] - shifted(first[one.EMA_20], average)
    spread = away * (away - away / divisor[:, one.EMA_20])
    arrays.means[_VARIANCE] = first[_VARIANCE]
    after[:, _VARIANCE] = recursed(arrays.means[_VARIANCE], spread[:, None], divisor[:, _VARIANCE])
    slowest = after[:, one.EMA_50]
    slopes = (new[:, one.EMA_50] - shifted(first[one.EMA_50], slowest)) / divisor[:, one.EMA_50]
    return after.transpose(1, 0, 2), slopes


def _against_extremes(arrays: one.FeatureArrays, own: OwnBars, part: Floats, whole: Floats) -> None:
    """Every bar against the channels of the bars before it; leaves the rings at the last ones."""
    high, depth = own.bars[1], -own.bars[2]
    tops = []
    for rings, length, values in (
        (arrays.rings[one.EXTREMES_20][0::2], 20, high),
        (arrays.rings[one.EXTREMES_20][1::2], 20, depth),
        (arrays.rings[one.EXTREMES_55][0::2], 55, high),
        (arrays.rings[one.EXTREMES_55][1::2], 55, depth),
        (arrays.rings[one.HIGHS_72], 72, high),
    ):
        tops.append(highest_before(with_history(rings, arrays.bars, values), length))
        put_last(rings, arrays.bars, values, own.counts)
    one.against_extremes(own.bars, np.stack(tops), part, whole)


def _streaks(arrays: one.FeatureArrays, own: OwnBars, previous: Floats) -> Floats:
    """[N, S]: bars in a row that closed higher (or, negative, lower), after each bar."""
    rows = np.arange(own.bars.shape[1])[:, None]
    change = np.where(arrays.bars + rows > 0, own.bars[3] - previous, 0.0)
    way = np.sign(change)
    turns = way != shifted(np.sign(arrays.streak), way)
    turned = np.maximum.accumulate(np.where(turns, rows, -1), axis=0)
    run = way * (rows - turned + (turned >= 0)) + np.where(turned < 0, arrays.streak, 0.0)
    streak: Floats = np.where(way == 0.0, 0.0, run)
    arrays.streak[:] = own.last(streak, arrays.streak)
    return streak
