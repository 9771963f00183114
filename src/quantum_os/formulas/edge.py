"""Decides what a probability is worth in R after costs, and how sure that makes us."""

from collections.abc import Sequence
from math import exp, log

from quantum_os.formulas.bounds import clip, positive

PROBABILITY_FLOOR = 1e-6
"""Log-odds are taken of probabilities no nearer than this to 0 or 1."""


def cost_r(round_trip: float, funding_paid: float, sl: float) -> float:
    """Costs in R: (round trip + funding paid) / stop distance, all fractions (trading.md 2).

    Funding received counts as 0: it may stop before the exit, so it is never part of an edge.
    Raises ValueError when `sl` is not > 0.
    """
    return (clip(round_trip, 0.0, 1.0) + clip(funding_paid, 0.0, 1.0)) / positive(sl)


def e_net(q: float, a: float, b: float, cost_r: float) -> float:
    """Expected net R: q*A + (1-q)*B - cost_R (trading.md 2); `q` is a probability."""
    if not 0.0 <= q <= 1.0:
        raise ValueError(f"a probability must lie in [0, 1]: {q!r}")
    return q * a + (1.0 - q) * b - cost_r


def q_breakeven(a: float, b: float, cost_r: float) -> float:
    """The probability at which `e_net` is 0: (cost_R - B) / (A - B) (trading.md 2).

    Above 1 when costs eat even a sure win. Raises ValueError unless A > B.
    """
    return (cost_r - b) / positive(a - b)


def confidence(q: float, q_be: float) -> float:
    """clip(.5 + (q - q_be), 0, 1): .5 is break-even at every leverage and cost (trading.md 2)."""
    return clip(0.5 + (q - q_be), 0.0, 1.0)


def beta_shrunk(wins: float, n: float, prior: float, weight: float) -> float:
    """A hit rate of `n` outcomes shrunk to `prior`, which counts for `weight` of them.

    Weighted counts are allowed. Raises ValueError unless 0 <= wins <= n and n + weight > 0.
    """
    if not 0 <= wins <= n:
        raise ValueError(f"wins must lie in [0, n]: {wins!r} of {n!r}")
    return (wins + prior * weight) / positive(n + weight)


def log_odds(p: float) -> float:
    """ln(p / (1 - p)) of a probability held off 0 and 1 by `PROBABILITY_FLOOR`."""
    held = clip(p, PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR)
    return log(held / (1.0 - held))


def pool_log_odds(ps: Sequence[float], weights: Sequence[float]) -> float:
    """The federation's probability: the weighted mean of the log-odds (governance.md 4).

    Weights are >= 0 and are normalised to sum to 1. Raises ValueError on unequal lengths and when
    no weight is > 0, since nobody's opinion is not .5.
    """
    if len(ps) != len(weights) or not all(weight >= 0 for weight in weights):
        raise ValueError("each probability needs one weight >= 0")
    pooled = sum(log_odds(p) * weight for p, weight in zip(ps, weights, strict=True))
    return 1.0 / (1.0 + exp(-pooled / positive(sum(weights))))
