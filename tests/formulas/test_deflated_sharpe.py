"""The numbers of the papers, and the ways in which luck must count."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quantum_os.formulas.deflated_sharpe import (
    Shape,
    days_to_show,
    deflated_sharpe,
    expected_maximum,
    probabilistic_sharpe,
    shape_of,
)

DAYS = [0.01, -0.004, 0.006, -0.008, 0.012, 0.001, -0.003, 0.009, 0.002, -0.001] * 6
returns = st.lists(st.floats(-0.1, 0.1).map(lambda x: round(x, 5)), min_size=5, max_size=60)


def test_the_example_of_the_paper() -> None:
    """Bailey & Lopez de Prado 2014: 100 trials, yearly SR 2.5 over 1,250 days, skew -3, kurt 10."""
    benchmark = expected_maximum(100, 0.5 / 250)
    assert benchmark == pytest.approx(0.1132, abs=5e-5)
    shape = Shape(ratio=2.5 / sqrt(250), skewness=-3.0, kurtosis=10.0, periods=1250)
    assert shape.probability_above(benchmark) == pytest.approx(0.9004, abs=5e-4)


def test_the_example_of_the_efficient_frontier() -> None:
    """Normal returns: PSR is the normal probability of SR sqrt(n - 1) / sqrt(1 + SR^2 / 2)."""
    shape = Shape(ratio=0.1, skewness=0.0, kurtosis=3.0, periods=101)
    expected = stats.norm.cdf(0.1 * 10 / sqrt(1 + 0.5 * 0.01))
    assert shape.probability_above(0.0) == pytest.approx(expected)


def test_a_single_trial_is_not_deflated() -> None:
    assert expected_maximum(1, 9.0) == 0.0
    assert deflated_sharpe(DAYS, 1, ()) == probabilistic_sharpe(DAYS)


@pytest.mark.parametrize("trials", [10, 100, 1000])
def test_the_luck_of_many_against_its_exact_mean(trials: int) -> None:
    """The largest of N normal draws: the mean of its exact distribution, within 3 %."""
    points = np.arange(-6.0, 8.0, 0.001)
    below = stats.norm.cdf(points) ** trials
    mean = np.sum(np.where(points > 0, 1 - below, -below)) * 0.001
    assert expected_maximum(trials, 1.0) == pytest.approx(float(mean), rel=0.03)


def test_too_little_is_unknown() -> None:
    assert probabilistic_sharpe([0.01, 0.02, 0.01]) is None
    assert probabilistic_sharpe([0.01] * 30) is None
    assert deflated_sharpe(DAYS, 5, ()) is None
    assert deflated_sharpe(DAYS, 5, (0.1,)) is None
    assert days_to_show([-x for x in DAYS]) is None
    with pytest.raises(ValueError, match="trials"):
        expected_maximum(0, 1.0)


@given(st.integers(1, 5000), st.integers(1, 5000), st.floats(0, 1))
def test_more_trials_never_make_less_luck(one: int, other: int, spread: float) -> None:
    few, many = sorted((one, other))
    assert expected_maximum(few, spread) <= expected_maximum(many, spread) + 1e-12


@given(returns, st.integers(2, 500))
def test_deflating_never_flatters(days: list[float], trials: int) -> None:
    plain, deflated = probabilistic_sharpe(days), deflated_sharpe(days, trials, (0.1, -0.1))
    if plain is None:
        assert deflated is None
        return
    assert deflated is not None
    assert 0 <= deflated <= plain + 1e-12


def test_the_days_it_takes_are_the_days_at_which_it_shows() -> None:
    """As many days of the same shape have a PSR of 95 %: the two formulas are one."""
    shape, needed = shape_of(DAYS), days_to_show(DAYS)
    assert shape is not None
    assert needed is not None
    longer = Shape(shape.ratio, shape.skewness, shape.kurtosis, round(needed))
    assert longer.probability_above(0.0) == pytest.approx(0.95, abs=2e-3)


def test_two_points_that_leave_no_doubt() -> None:
    """Where skewness and tails cancel all variance, the ratio itself decides."""
    certain = Shape(ratio=1.0, skewness=2.0, kurtosis=5.0, periods=10)
    assert certain.unit_variance == 0
    assert certain.probability_above(0.5) == 1.0
    assert certain.probability_above(1.5) == 0.0
