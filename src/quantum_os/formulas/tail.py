"""Decides what the worst days cost: historical value at risk and expected shortfall."""

from collections.abc import Sequence
from math import ceil, fsum

LEVEL = 0.95
DAYS_MIN = 20
"""Below this many days the worst 5 % is not even one of them."""


def value_at_risk(returns: Sequence[float], level: float = LEVEL) -> float | None:
    """The loss (> 0) that all but the worst 1 - `level` of the days stay within; historical.

    It is the least bad of the worst ceil((1 - level) n) days, and negative where even that one
    gained. None under `DAYS_MIN` days.
    """
    worst = _worst(returns, level)
    return -worst[-1] if worst else None


def expected_shortfall(returns: Sequence[float], level: float = LEVEL) -> float | None:
    """The mean loss (> 0) of the worst 1 - `level` of the days; None under `DAYS_MIN` days."""
    worst = _worst(returns, level)
    return -fsum(worst) / len(worst) if worst else None


def _worst(returns: Sequence[float], level: float) -> list[float]:
    if not 0 < level < 1:
        raise ValueError(f"a level must lie between 0 and 1: {level!r}")
    if len(returns) < DAYS_MIN:
        return []
    # Rounded first: .05 of 20 days is one day, not 1.0000000000000009 of them.
    count = ceil(round((1 - level) * len(returns), 9))
    return sorted(returns)[:count]
