"""The worst days, and that a handful of days has none to speak of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.tail import DAYS_MIN, expected_shortfall, value_at_risk

FORTY = [n / 1000 for n in range(-20, 20)]


def test_the_worst_twentieth_by_hand() -> None:
    assert value_at_risk(FORTY) == pytest.approx(0.019)
    assert expected_shortfall(FORTY) == pytest.approx(0.0195)
    assert value_at_risk(FORTY[:20]) == pytest.approx(0.020)


def test_too_little_is_unknown() -> None:
    assert value_at_risk(FORTY[: DAYS_MIN - 1]) is None
    assert expected_shortfall([]) is None
    with pytest.raises(ValueError, match="level"):
        value_at_risk(FORTY, 1.0)


@given(st.lists(st.floats(-0.5, 0.5), min_size=DAYS_MIN, max_size=300))
def test_the_mean_of_the_worst_is_worse_than_the_least_of_them(returns: list[float]) -> None:
    risk, shortfall = value_at_risk(returns), expected_shortfall(returns)
    assert risk is not None
    assert shortfall is not None
    assert shortfall >= risk - 1e-12
    assert sum(r < -risk for r in returns) <= len(returns) / DAYS_MIN + 1
