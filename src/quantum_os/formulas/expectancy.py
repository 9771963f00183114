"""Decides what a trade is worth on average, and how many trades it takes to know."""

from collections.abc import Sequence
from math import ceil, fsum
from statistics import NormalDist

from quantum_os.formulas.bounds import positive

SIGNIFICANCE = 0.05
POWER = 0.8
USUAL_SPREAD_R = 0.735
"""Standard deviation in R of a net trade under the exit plan of trading.md 5."""


def trades_to_detect(edge: float, spread: float) -> int:
    """How many independent trades show a mean of `edge` > 0 when single trades spread by `spread`.

    ((z(1 - .05/2) + z(.8)) spread / edge)^2: two-sided at 5 %, found four times in five. With the
    usual .735 R about 1,700 trades for +.05 R and 420 for +.1 R (trading.md 9).
    """
    z = NormalDist().inv_cdf(1 - SIGNIFICANCE / 2) + NormalDist().inv_cdf(POWER)
    return ceil((z * positive(spread) / positive(edge)) ** 2)


def payoff_ratio(results: Sequence[float]) -> float | None:
    """The mean gain over the mean loss; None unless there was at least one of each."""
    gains = [x for x in results if x > 0]
    losses = [-x for x in results if x < 0]
    if not gains or not losses:
        return None
    return fsum(gains) / len(gains) / (fsum(losses) / len(losses))


def breakeven_rate(payoff: float) -> float:
    """The share of wins at which a payoff ratio > 0 earns nothing: 1 / (1 + payoff)."""
    return 1 / (1 + positive(payoff))
