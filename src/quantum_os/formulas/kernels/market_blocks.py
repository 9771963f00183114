"""Where symbols stand among the others of each bar of a block: all bars sorted in one call."""

import numpy as np

from quantum_os.formulas.kernels import market_features as one
from quantum_os.formulas.kernels.feature_groups import MARKET_FEATURES
from quantum_os.formulas.kernels.state import Counts, Flags, Floats

_RANKED = [one.RET_1, one.RET_24, one.RET_168, one.ATR_FRAC, one.VOLUME]


def market_of_bars(rows: Floats) -> Floats:
    """[F, T, S] in the order of `MARKET_FEATURES` from the features `READS` [6, T, S]."""
    out = np.empty((len(MARKET_FEATURES), *rows.shape[1:]))
    known = one.known_of(rows)
    count = known.sum(axis=1)
    enough = (count >= one.SYMBOLS_MIN)[:, None]
    several = np.maximum(count, one.SYMBOLS_MIN)
    ranks, ordered = ranked_bars(rows[_RANKED], known, several)
    out[0:5] = ranks
    ordered = np.where(enough, ordered, 0.0)  # no arithmetic with what is not there
    day = ordered[1]
    out[5] = quantiles_of(ordered[0], several, 2)
    out[6] = quantiles_of(day, several, 2)
    out[7] = quantiles_of(day, several, 3) - quantiles_of(day, several, 1)
    above = (known & (rows[one.GAP] > 0.0)).sum(axis=1)
    out[8] = (2.0 * above / several - 1.0)[:, None]
    out[:] = np.where(known & enough, out, np.nan)
    return out


def ranked_bars(values: Floats, known: Flags, count: Counts) -> tuple[Floats, Floats]:
    """Ranks [k, T, S] in [-1, 1] among the known values of each bar; and all of them, sorted."""
    held = np.where(known, values, np.inf)
    order = np.argsort(held, axis=-1)
    ordered = np.take_along_axis(held, order, axis=-1)
    place = np.broadcast_to(np.arange(values.shape[-1]), values.shape)
    new = np.ones(values.shape, dtype=np.bool_)
    new[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    last = np.ones(values.shape, dtype=np.bool_)
    last[..., :-1] = new[..., 1:]
    lower = np.maximum.accumulate(np.where(new, place, 0), axis=-1)
    ends = np.where(last, place, values.shape[-1])
    upper = np.minimum.accumulate(ends[..., ::-1], axis=-1)[..., ::-1]
    middle = (lower + upper) / (count - 1.0)[:, None] - 1.0
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, middle, axis=-1)
    return ranks, ordered


def quantiles_of(ordered: Floats, count: Counts, quarter: int) -> Floats:
    """[T, 1]: the value at so many quarters of the first `count` [T] of sorted values [T, S]."""
    place = quarter * (count - 1)
    low = place // 4
    high = np.minimum(low + 1, count - 1)
    bars, last = np.arange(len(count)), ordered.shape[1] - 1
    below, above = ordered[bars, np.minimum(low, last)], ordered[bars, np.minimum(high, last)]
    value: Floats = below + (above - below) * ((place % 4) / 4.0)
    return value[:, None]
