"""Decides the market factors that leverage, stops and costs hear: v, d, s and the funding paid."""

from math import isfinite

from quantum_os.events.units import PositionSide
from quantum_os.formulas.bounds import clip

VOL_RATIO_MAX = 3.0
DIVERGENCE_FULL_BPS = 50.0
DIVERGENCE_UNKNOWN = 0.5
FUNDING_PERIOD_HOURS = 8.0


def vol_ratio(atr_frac: float | None, median: float | None) -> float | None:
    """ATR over its own trailing median, clamped to [0, 3] (trading.md 1).

    None when either is unknown, not finite or not > 0: a market without a range is not calm, it is
    unknown.
    """
    return _ratio(atr_frac, median, 0.0, VOL_RATIO_MAX)


def volatility_factor(vol_ratio: float) -> float:
    """v = vol_ratio / 2 in [0, 1.5]; .5 is a normal market (trading.md 1). The one definition."""
    return clip(vol_ratio, 0.0, VOL_RATIO_MAX) / 2.0


def displayed_volatility_factor(v: float) -> float:
    """min(v, 1): the old stream's `volatility_factor`, for readers only (trading.md 1)."""
    return clip(v, 0.0, 1.0)


def divergence_factor(divergence_bps: float | None) -> float:
    """d = clamp(bps / 50, 0, 1); .5 when fewer than two venues are fresh (trading.md 1)."""
    if divergence_bps is None or not isfinite(divergence_bps):
        return DIVERGENCE_UNKNOWN
    return clip(divergence_bps / DIVERGENCE_FULL_BPS, 0.0, 1.0)


def symbol_factor(atr_frac: float | None, universe_median: float | None) -> float | None:
    """s = atr_frac / universe median, clamped to [.5, 1.5] (trading.md 4); None when unknown."""
    return _ratio(atr_frac, universe_median, 0.5, 1.5)


def funding_paid(rate_8h: float | None, side: PositionSide, hold_hours: float) -> float | None:
    """Fraction of the notional paid in funding over the hold; 0 when we are the receiver.

    `rate_8h` is signed and normalised to 8 h: longs pay a positive rate, shorts a negative one.
    Charged pro rata of the hours, the mean over all entry times. None when the rate is unknown.
    """
    if rate_8h is None or not isfinite(rate_8h):
        return None
    periods = clip(hold_hours, 0.0, float("inf")) / FUNDING_PERIOD_HOURS
    return max(0.0, side.sign * rate_8h) * periods


def _ratio(x: float | None, base: float | None, low: float, high: float) -> float | None:
    if x is None or base is None or not (isfinite(x) and isfinite(base)) or x <= 0 or base <= 0:
        return None
    return clip(x / base, low, high)
