"""How many trades it takes to know, and how gains and losses divide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.expectancy import (
    USUAL_SPREAD_R,
    breakeven_rate,
    payoff_ratio,
    trades_to_detect,
)


def test_the_numbers_every_report_repeats() -> None:
    assert trades_to_detect(0.05, USUAL_SPREAD_R) == pytest.approx(1700, abs=20)
    assert trades_to_detect(0.10, USUAL_SPREAD_R) == pytest.approx(420, abs=10)


@given(st.floats(0.01, 1), st.floats(0.1, 3))
def test_half_the_edge_takes_four_times_as_many(edge: float, spread: float) -> None:
    assert trades_to_detect(edge / 2, spread) == pytest.approx(
        4 * trades_to_detect(edge, spread), abs=4
    )


@pytest.mark.parametrize("bad", [0.0, -0.1])
def test_no_edge_is_never_detected(bad: float) -> None:
    with pytest.raises(ValueError):
        trades_to_detect(bad, 1.0)


def test_payoff_by_hand() -> None:
    assert payoff_ratio([3.0, 1.0, -1.0]) == pytest.approx(2.0)
    assert payoff_ratio([1.0, 2.0]) is None
    assert payoff_ratio([-1.0, 0.0]) is None
    assert breakeven_rate(1.0) == 0.5
    assert breakeven_rate(3.0) == 0.25


@given(st.floats(0.05, 20))
def test_at_the_breakeven_rate_nothing_is_earned(payoff: float) -> None:
    rate = breakeven_rate(payoff)
    assert rate * payoff - (1 - rate) == pytest.approx(0, abs=1e-9)
