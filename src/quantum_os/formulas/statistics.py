"""Decides what a series of returns, results or equity says, and None where it says too little."""

from collections.abc import Sequence
from math import fsum, sqrt

Z_95 = 1.959963984540054
"""The 97.5 % point of the normal distribution."""
MIN_POINTS_INTERVAL = 5
"""Below this many points the interval of a mean is unknown."""


def mean(xs: Sequence[float]) -> float | None:
    """The arithmetic mean; None of nothing."""
    return fsum(xs) / len(xs) if xs else None


def variance(xs: Sequence[float]) -> float | None:
    """The sample variance (n - 1); None under two points."""
    if len(xs) < 2:
        return None
    centre = fsum(xs) / len(xs)
    return fsum((x - centre) ** 2 for x in xs) / (len(xs) - 1)


def sharpe_daily(returns: Sequence[float], periods: int = 365) -> float | None:
    """Annualised mean over standard deviation of daily returns (crypto: 365 days).

    None under two points and when the returns do not vary.
    """
    spread = variance(returns)
    if spread is None or not spread > 0:
        return None
    return fsum(returns) / len(returns) / sqrt(spread) * sqrt(periods)


def sortino_daily(returns: Sequence[float], periods: int = 365) -> float | None:
    """Annualised mean over downside deviation from 0 of daily returns.

    The deviation is the root mean square of the losses over all days. None under two points and
    when no day lost.
    """
    if len(returns) < 2:
        return None
    downside = fsum(r * r for r in returns if r < 0) / len(returns)
    if not downside > 0:
        return None
    return fsum(returns) / len(returns) / sqrt(downside) * sqrt(periods)


def max_drawdown(equity: Sequence[float]) -> float:
    """The deepest fall from a running peak, as a fraction of that peak; 0 when there is none.

    Above 1 when equity goes below zero. Raises ValueError when the first equity is not > 0 or a
    value is NaN.
    """
    deepest, peak = 0.0, 0.0
    for value in equity:
        peak = max(peak, value)
        if not peak > 0 or value != value:
            raise ValueError(f"equity must start above 0 and be a number: {value!r}")
        deepest = max(deepest, (peak - value) / peak)
    return deepest


def wilson_interval(wins: float, n: float, z: float = Z_95) -> tuple[float, float] | None:
    """Wilson's score interval (low, high) of a proportion; None without a trial."""
    if not n > 0:
        return None
    rate, spread = wins / n, z * z / n
    centre = (rate + spread / 2) / (1 + spread)
    half = z * sqrt(rate * (1 - rate) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def mean_ci_95(xs: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval (low, high) of a mean by Student's t; None under five points."""
    spread = variance(xs)
    if spread is None or len(xs) < MIN_POINTS_INTERVAL:
        return None
    centre = fsum(xs) / len(xs)
    half = t_975(len(xs) - 1) * sqrt(spread / len(xs))
    return centre - half, centre + half


def profit_factor(results: Sequence[float]) -> float | None:
    """Gross profit over gross loss; None while nothing was lost (it would be infinite)."""
    lost = -fsum(r for r in results if r < 0)
    return fsum(r for r in results if r > 0) / lost if lost > 0 else None


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Pearson's correlation in [-1, 1]; None under three points or when one does not vary."""
    if len(xs) != len(ys):
        raise ValueError(f"series of unequal length: {len(xs)} and {len(ys)}")
    if len(xs) < 3:
        return None
    mean_x, mean_y = fsum(xs) / len(xs), fsum(ys) / len(ys)
    var_x = fsum((x - mean_x) ** 2 for x in xs)
    var_y = fsum((y - mean_y) ** 2 for y in ys)
    scale = sqrt(var_x) * sqrt(var_y)
    if not scale > 0:
        return None
    shared = fsum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return max(-1.0, min(1.0, shared / scale))


def t_975(df: int) -> float:
    """Student's 97.5 % point by its expansion around the normal one (within .3 % from df = 4)."""
    z = Z_95
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / df + second / df**2 + third / df**3
