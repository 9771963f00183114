"""Decides how far below its peak an equity stands, for how long, and what that is worth."""

from collections.abc import Sequence
from itertools import accumulate

from quantum_os.formulas.daily_returns import compounded
from quantum_os.formulas.statistics import max_drawdown

DAYS_MIN_CALMAR = 30
"""Below this many days a yearly return is a guess: +1 % in a week is no +68 % a year."""


def drawdowns(equity: Sequence[float]) -> list[float]:
    """The fall of each point from the running peak, as a fraction >= 0 of that peak.

    The largest of them is `max_drawdown`. Raises ValueError unless the first equity is > 0.
    """
    if equity and not equity[0] > 0:
        raise ValueError(f"equity must start above 0: {equity[0]!r}")
    return [(peak - value) / peak for peak, value in zip(_peaks(equity), equity, strict=True)]


def longest_underwater(times: Sequence[int], equity: Sequence[float]) -> tuple[int, int] | None:
    """The longest stretch below a peak, as (time of the peak, time it was reached again).

    A stretch that has not ended yet ends at the last time. None when equity never fell. Of two that
    are equally long, the first.
    """
    longest: tuple[int, int] | None = None
    peak, peak_at, fell = float("-inf"), 0, False
    for time, value in zip(times, equity, strict=True):
        if value < peak:
            fell = True
            continue
        if fell:
            longest = _longer(longest, (peak_at, time))
        peak, peak_at, fell = value, time, False
    return _longer(longest, (peak_at, times[-1])) if fell else longest


def annual_return(returns: Sequence[float], periods: int = 365) -> float | None:
    """The yearly compound rate of daily returns: (product of (1 + r)) ^ (365 / n) - 1.

    None without a day, and when nothing or less is left.
    """
    grown = 1 + compounded(returns)
    return grown ** (periods / len(returns)) - 1 if returns and grown > 0 else None


def calmar(returns: Sequence[float], periods: int = 365) -> float | None:
    """Yearly return over the deepest drawdown of the daily closes (Young, 1991).

    None under `DAYS_MIN_CALMAR` days, without a drawdown, and when all was lost.
    """
    if len(returns) < DAYS_MIN_CALMAR:
        return None
    rate = annual_return(returns, periods)
    deepest = max_drawdown(growth(returns)) if rate is not None else 0.0
    return rate / deepest if rate is not None and deepest > 0 else None


def growth(returns: Sequence[float]) -> list[float]:
    """What 1 became: 1, then the product of (1 + r) up to each return."""
    return list(accumulate(returns, lambda value, r: value * (1 + r), initial=1.0))


def _peaks(equity: Sequence[float]) -> list[float]:
    return list(accumulate(equity, max))


def _longer(longest: tuple[int, int] | None, other: tuple[int, int]) -> tuple[int, int]:
    if longest is None or other[1] - other[0] > longest[1] - longest[0]:
        return other
    return longest
