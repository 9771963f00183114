"""Decides what counts as a number, and holds a number between two bounds."""

from math import isfinite


def finite(x: float) -> float:
    """The number itself; raises ValueError on NaN and infinity, which no formula may carry on."""
    if not isfinite(x):
        raise ValueError(f"not a finite number: {x!r}")
    return x


def positive(x: float) -> float:
    """The number itself; raises ValueError unless it is finite and > 0."""
    if not isfinite(x) or x <= 0:
        raise ValueError(f"not a positive number: {x!r}")
    return x


def clip(x: float, low: float, high: float) -> float:
    """`x` held in [low, high]; raises ValueError on NaN, which min and max would let through."""
    if x != x:
        raise ValueError("not a number cannot be clipped")
    return low if x < low else min(x, high)
