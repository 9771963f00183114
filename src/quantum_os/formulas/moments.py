"""Decides how lopsided and how heavy-tailed a series of returns is."""

from collections.abc import Sequence
from math import fsum


def skewness(xs: Sequence[float]) -> float | None:
    """The third standardised moment, m3 / m2^1.5, with population moments; 0 when symmetric.

    None under three points and when nothing varies.
    """
    return _standardised(xs, 3) if len(xs) >= 3 else None


def kurtosis(xs: Sequence[float]) -> float | None:
    """The fourth standardised moment, m4 / m2^2, with population moments; 3 for a normal.

    None under four points and when nothing varies.
    """
    return _standardised(xs, 4) if len(xs) >= 4 else None


def _standardised(xs: Sequence[float], order: int) -> float | None:
    centre = fsum(xs) / len(xs)
    spread = fsum((x - centre) ** 2 for x in xs) / len(xs)
    if not spread > 0:
        return None
    return float(fsum((x - centre) ** order for x in xs) / len(xs) / spread ** (order / 2))
