"""Decides how much of the result luck explains: PSR, deflated Sharpe, and what it takes to know."""

from collections.abc import Sequence
from math import sqrt

from quantum_os.formulas.deflated_sharpe import (
    days_to_show,
    deflated_sharpe,
    expected_maximum,
    probabilistic_sharpe,
)
from quantum_os.formulas.expectancy import USUAL_SPREAD_R, trades_to_detect
from quantum_os.formulas.statistics import variance
from quantum_os.learning.report.day_figures import DAYS
from quantum_os.learning.report.figure import Figure, Unit
from quantum_os.learning.report.trial_count import TrialCount

EDGES_R = (0.05, 0.10)
"""The edges that a fund like this may hope for, in R a trade."""

_YEAR = sqrt(365)


def luck_figures(returns: Sequence[float], count: TrialCount) -> tuple[Figure, ...]:
    """How likely the Sharpe ratio is above 0, and above the best of as many worthless trials."""
    psr = probabilistic_sharpe(returns)
    deflated = deflated_sharpe(returns, count.trials, count.daily_sharpes)
    short = "fewer than four days, or returns that do not vary"
    needed = days_to_show(returns)
    return (
        Figure(
            key="psr",
            label="Probability that the true Sharpe ratio is above 0 (PSR)",
            unit=Unit.PROBABILITY,
            value=psr,
            source=f"{DAYS}; Bailey & Lopez de Prado 2012",
            reason=short if psr is None else "",
        ),
        Figure(
            key="trials",
            label="Distinct trials in this project folder, this one included",
            unit=Unit.COUNT,
            value=count.trials,
            source=f"trial ledger {count.ledger}",
        ),
        _luck_of_many(count),
        Figure(
            key="deflated_sharpe",
            label="Probability that it is above the luck of so many trials (deflated Sharpe)",
            unit=Unit.PROBABILITY,
            value=deflated,
            source=f"{DAYS} and the trial ledger; Bailey & Lopez de Prado 2014",
            reason=_why_not_deflated(psr, deflated, short),
        ),
        Figure(
            key="days_to_show",
            label="Days like these that would show a Sharpe ratio above 0",
            unit=Unit.COUNT,
            value=needed,
            source=f"{DAYS}; minimum track record length at 95 %",
            reason="" if needed is not None else "the ratio is not above 0, or unknown",
        ),
    )


def detection(spread_r: float | None) -> tuple[str, ...]:
    """Says how many trades it takes to see a small edge, in general and with this run's spread."""
    usual = " and ".join(
        f"+{edge:g} R about {_rounded(trades_to_detect(edge, USUAL_SPREAD_R)):,}"
        for edge in EDGES_R
    )
    said = f"Detecting {usual} trades takes, at the usual spread of {USUAL_SPREAD_R:g} R a trade."
    if spread_r is None or not spread_r > 0:
        return (said,)
    here = " and ".join(f"{trades_to_detect(edge, spread_r):,} for +{edge:g} R" for edge in EDGES_R)
    return (said, f"With this run's spread of {spread_r:.2f} R it is {here}.")


def _luck_of_many(count: TrialCount) -> Figure:
    spread = variance(count.daily_sharpes)
    known = count.trials == 1 or spread is not None
    value = expected_maximum(count.trials, spread or 0.0) * _YEAR if known else None
    return Figure(
        key="lucky_sharpe",
        label="Sharpe ratio that the best of so many worthless trials shows",
        unit=Unit.RATIO,
        value=value,
        source="trial ledger: variance of the trials' Sharpe ratios; yearly",
        reason="" if known else "fewer than two trials have a Sharpe ratio",
    )


def _why_not_deflated(psr: float | None, deflated: float | None, short: str) -> str:
    if deflated is not None:
        return ""
    return short if psr is None else "fewer than two trials have a Sharpe ratio"


def _rounded(count: int) -> int:
    """To two digits and the next ten: what is computed from a guess is told like one."""
    return round(count, -2) if count >= 1_000 else round(count, -1)
