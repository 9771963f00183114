"""Where a symbol stands among the others of the same bar, and what the market as a whole did.

Everything is taken from sorted values, so the order in which symbols were met leaves no trace.
"""

import numpy as np

from quantum_os.formulas.kernels.feature_groups import MARKET_FEATURES
from quantum_os.formulas.kernels.state import Flags, Floats

SYMBOLS_MIN = 5
"""Symbols that must be known at a bar: a rank among fewer says next to nothing."""
RET_1, RET_24, RET_168, ATR_FRAC, VOLUME, GAP = 0, 1, 2, 3, 4, 5
"""Rows that a cross-section is made from."""
READS: tuple[str, ...] = (
    "ret_1_atr",
    "ret_24_atr",
    "ret_168_atr",
    "atr_frac",
    "volume_ratio",
    "ema50_gap_atr",
)


def market_of_bar(rows: Floats) -> Floats:
    """[F, S] in the order of `MARKET_FEATURES` from the features `READS` [6, S] of one bar.

    Ranks lie in [-1, 1], ties share their middle. NaN for a symbol that lacks any of them, and for
    all while fewer than `SYMBOLS_MIN` have them.
    """
    out = np.empty((len(MARKET_FEATURES), rows.shape[1]))
    market_step(rows, out)
    return out


def market_step(rows: Floats, out: Floats) -> None:
    """Fills `out` [F, S] from the rows of one bar."""
    known = known_of(rows)
    count = int(known.sum())
    if count < SYMBOLS_MIN:
        out[:] = np.nan
        return
    out[0], day = ranked(rows[RET_1], known, count)
    market_1 = quantile_of(day, count, 2)
    out[1], day = ranked(rows[RET_24], known, count)
    out[2], _ = ranked(rows[RET_168], known, count)
    out[3], _ = ranked(rows[ATR_FRAC], known, count)
    out[4], _ = ranked(rows[VOLUME], known, count)
    out[5] = np.where(known, market_1, np.nan)
    out[6] = np.where(known, quantile_of(day, count, 2), np.nan)
    out[7] = np.where(known, quantile_of(day, count, 3) - quantile_of(day, count, 1), np.nan)
    above = int((known & (rows[GAP] > 0.0)).sum())
    out[8] = np.where(known, 2.0 * above / count - 1.0, np.nan)


def known_of(rows: Floats) -> Flags:
    """True where all rows [6, ...] of a symbol are known."""
    total = rows[RET_1] + rows[RET_24] + rows[RET_168] + rows[ATR_FRAC] + rows[VOLUME] + rows[GAP]
    known: Flags = np.abs(total) < np.inf
    return known


def ranked(values: Floats, known: Flags, count: int) -> tuple[Floats, Floats]:
    """Ranks [S] in [-1, 1] among the `count` known values, NaN elsewhere; and all, sorted."""
    ordered = np.sort(np.where(known, values, np.inf))
    lower = np.searchsorted(ordered, values, side="left")
    upper = np.searchsorted(ordered, values, side="right")
    middle = (lower + upper - 1) / (count - 1.0) - 1.0
    rank: Floats = np.where(known, middle, np.nan)
    return rank, ordered


def quantile_of(ordered: Floats, count: int, quarter: int) -> float:
    """The value at 1, 2 or 3 quarters of the first `count` sorted values, between neighbours."""
    place = quarter * (count - 1)
    low = place // 4
    high = min(low + 1, count - 1)
    below, above = ordered[low], ordered[high]
    value: float = below + (above - below) * ((place % 4) / 4.0)
    return value
