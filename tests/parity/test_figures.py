"""Ratios and drawdowns are those of a well-known statistics library, to 1e-9."""

from functools import cache
from math import sqrt

import numpy as np
import pytest
from scipy import stats

from quantum_os.formulas.statistics import (
    Z_95,
    correlation,
    mean_ci_95,
    wilson_interval,
)
from tests.parity import page
from tests.parity.figures import CURVES, curve, curves, gap, ours, returns_of, theirs
from tests.parity.fund import run_fund
from tests.parity.tasks import ONE, short_task

TOLERANCE = 1e-9


@cache
def asked() -> dict[str, dict[str, float]]:
    return theirs(curves())


@pytest.mark.parametrize("name", CURVES)
def test_every_figure_is_the_librarys(name: str) -> None:
    mine, other = ours(curve(name)), asked()[name]
    assert mine.keys() == other.keys()
    gaps = {figure: gap(mine[figure], other[figure]) for figure in mine}
    assert max(gaps.values()) <= TOLERANCE, gaps


def test_the_page_is_fresh() -> None:
    if page.is_recorded():
        assert page.figure_rows(curves(), asked()) == page.recorded("Figures")


def test_a_figure_by_another_convention_is_seen() -> None:
    """Population deviation, 252 days, drawdown from the first value: each is another figure."""
    name = CURVES[0]
    returns, other = returns_of(curve(name)), asked()[name]
    n = len(returns)
    sharpe = other["Sharpe"]
    for wrong in (sharpe * sqrt(n / (n - 1)), sharpe * sqrt(252 / 365)):
        assert gap(wrong, other["Sharpe"]) > TOLERANCE
    first = 1.0 - min(curve(name)) / curve(name)[0]
    assert gap(first, other["max drawdown"]) > TOLERANCE


def test_intervals_and_correlation_are_scipys() -> None:
    """Student's quantile is an expansion of ours, good to .3 % from five points on."""
    for name in CURVES:
        returns = returns_of(curve(name))
        interval = mean_ci_95(returns)
        assert interval is not None
        half = stats.t.ppf(0.975, len(returns) - 1) * stats.sem(returns)
        assert (interval[1] - interval[0]) / 2 == pytest.approx(half, rel=3e-3)
        assert correlation(returns[1:], returns[:-1]) == pytest.approx(
            stats.pearsonr(returns[1:], returns[:-1]).statistic, rel=TOLERANCE
        )
    for wins, n in ((5, 10), (0, 7), (61, 103), (999, 1000)):
        theirs_ = stats.binomtest(wins, n).proportion_ci(0.95, method="wilson")
        assert wilson_interval(wins, n) == pytest.approx((theirs_.low, theirs_.high), abs=TOLERANCE)
    assert pytest.approx(float(stats.norm.ppf(0.975)), rel=1e-15) == Z_95


def test_the_runs_own_drawdown_is_that_of_its_account() -> None:
    """Every word of the ledger counts, not only the ends of days."""
    ran = run_fund(short_task(), ONE)
    equity = np.array([float(value) for _, value in ran.equity])
    deepest = float(np.max(1.0 - equity / np.maximum.accumulate(equity)))
    assert ran.drawdown_max == pytest.approx(deepest, rel=TOLERANCE)
    assert ran.drawdown_max > 0.0
