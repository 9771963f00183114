"""Decides how likely a Sharpe ratio is real, given its length, its tails and the trials made.

Bailey & Lopez de Prado, "The Sharpe Ratio Efficient Frontier" (Journal of Risk 15(2), 2012) and
"The Deflated Sharpe Ratio" (Journal of Portfolio Management 40(5), 2014). Ratios here are per
period (a day's mean over a day's deviation), never annualised.
"""

from collections.abc import Sequence
from math import e, sqrt
from statistics import NormalDist

import msgspec

from quantum_os.formulas.moments import kurtosis, skewness
from quantum_os.formulas.statistics import sharpe_daily, variance

EULER_MASCHERONI = 0.5772156649015329
SURE = 0.95
"""From this probability on a Sharpe ratio is called shown."""

_NORMAL = NormalDist()


class Shape(msgspec.Struct, frozen=True):
    """What a series of returns says of its own Sharpe ratio, per period."""

    ratio: float
    skewness: float
    kurtosis: float
    periods: int

    @property
    def unit_variance(self) -> float:
        """1 - skew SR + (kurtosis - 1) / 4 SR^2: the ratio's variance times n - 1 (Mertens)."""
        return 1 - self.skewness * self.ratio + (self.kurtosis - 1) / 4 * self.ratio**2

    def probability_above(self, benchmark: float) -> float:
        """The probability that the true ratio is above `benchmark` (PSR)."""
        deviation = sqrt(max(self.unit_variance, 0.0) / (self.periods - 1))
        if not deviation > 0:
            return float(self.ratio > benchmark)
        return _NORMAL.cdf((self.ratio - benchmark) / deviation)


def shape_of(returns: Sequence[float]) -> Shape | None:
    """Measures a series; None under four returns and when they do not vary."""
    ratio, skew, tails = sharpe_daily(returns, 1), skewness(returns), kurtosis(returns)
    if ratio is None or skew is None or tails is None:
        return None
    return Shape(ratio, skew, tails, len(returns))


def probabilistic_sharpe(returns: Sequence[float], benchmark: float = 0.0) -> float | None:
    """The probability that the true per-period Sharpe ratio is above `benchmark` (PSR).

    None under four returns and when they do not vary.
    """
    shape = shape_of(returns)
    return None if shape is None else shape.probability_above(benchmark)


def expected_maximum(trials: int, spread: float) -> float:
    """The largest Sharpe ratio that `trials` worthless strategies show by luck, on average.

    `spread` is the variance of their Sharpe ratios. sqrt(V) ((1 - g) z(1 - 1/N) + g z(1 - 1/(N e)))
    with g the Euler-Mascheroni constant and z the normal quantile; 0 for a single trial.
    """
    if trials < 1 or not spread >= 0:
        raise ValueError(f"trials must be >= 1 and their variance >= 0: {trials}, {spread!r}")
    if trials == 1:
        return 0.0
    first = _NORMAL.inv_cdf(1 - 1 / trials)
    second = _NORMAL.inv_cdf(1 - 1 / (trials * e))
    return sqrt(spread) * ((1 - EULER_MASCHERONI) * first + EULER_MASCHERONI * second)


def deflated_sharpe(
    returns: Sequence[float], trials: int, trial_sharpes: Sequence[float]
) -> float | None:
    """The probability that the true Sharpe ratio is above what luck gives so many trials (DSR).

    `trial_sharpes` are the per-period ratios of the trials that have one; their variance scales the
    luck. With one trial this is the PSR against 0. None where the PSR is, and when there were
    several trials and fewer than two of them have a ratio.
    """
    if trials == 1:
        return probabilistic_sharpe(returns)
    spread = variance(trial_sharpes)
    if spread is None:
        return None
    return probabilistic_sharpe(returns, expected_maximum(trials, spread))


def days_to_show(returns: Sequence[float], benchmark: float = 0.0) -> float | None:
    """How many days like these show a Sharpe ratio above `benchmark` at `SURE` (MinTRL).

    1 + (1 - skew SR + (kurtosis - 1) / 4 SR^2) (z / (SR - benchmark))^2. None where the ratio is
    unknown or not above the benchmark: then no length would.
    """
    shape = shape_of(returns)
    if shape is None or not shape.ratio > benchmark:
        return None
    z = _NORMAL.inv_cdf(SURE)
    return 1 + shape.unit_variance * (z / (shape.ratio - benchmark)) ** 2
