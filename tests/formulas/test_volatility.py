from math import ceil, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.units import PositionSide
from quantum_os.formulas.volatility import (
    displayed_volatility_factor,
    divergence_factor,
    funding_paid,
    symbol_factor,
    vol_ratio,
    volatility_factor,
)

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
atrs = st.floats(1e-4, 0.2)


def factor_of(atr: float, median: float) -> float:
    ratio = vol_ratio(atr, median)
    assert ratio is not None
    return volatility_factor(ratio)


@given(atrs, atrs, st.floats(0.1, 10))
def test_f31_volatility_factor_has_one_range_and_no_unit(
    atr: float, median: float, scale: float
) -> None:
    factor = factor_of(atr, median)
    assert 0 <= factor <= 1.5
    assert factor_of(atr * scale, median * scale) == pytest.approx(factor)


def test_f31_volatility_factor_is_not_a_constant() -> None:
    seen = {factor_of(0.001 * step, 0.01) for step in range(1, 31)}
    assert len(seen) == 30


def test_a_normal_market_is_a_half() -> None:
    assert factor_of(0.0132, 0.0132) == 0.5
    assert factor_of(1.0, 0.01) == 1.5
    assert displayed_volatility_factor(1.5) == 1.0


@pytest.mark.parametrize(
    ("atr", "median"), [(0.01, 0.0), (0.0, 0.01), (None, 0.01), (0.01, None), (nan, 0.01)]
)
def test_a_market_without_a_range_is_unknown(atr: float | None, median: float | None) -> None:
    assert vol_ratio(atr, median) is None
    assert symbol_factor(atr, median) is None


def test_symbol_factor_is_clamped() -> None:
    assert [symbol_factor(x, 0.01) for x in (0.001, 0.01, 0.1)] == [0.5, 1.0, 1.5]


def test_divergence_factor_of_one_venue_is_unknown_and_never_zero() -> None:
    assert divergence_factor(None) == 0.5
    assert divergence_factor(nan) == 0.5
    assert [divergence_factor(bps) for bps in (0.0, 25.0, 50.0, 500.0)] == [0.0, 0.5, 1.0, 1.0]


def test_funding_is_paid_by_the_side_the_rate_names() -> None:
    assert funding_paid(0.0001, LONG, 16) == pytest.approx(0.0002)
    assert funding_paid(0.0001, SHORT, 16) == 0.0
    assert funding_paid(-0.0001, SHORT, 8) == pytest.approx(0.0001)
    assert funding_paid(None, LONG, 16) is None
    assert funding_paid(nan, LONG, 16) is None


@given(st.floats(-0.01, 0.01), st.integers(0, 96))
def test_a_longer_hold_never_pays_less_funding(rate: float, hours: int) -> None:
    for side in (LONG, SHORT):
        paid, longer = funding_paid(rate, side, hours), funding_paid(rate, side, hours + 1)
        assert paid is not None
        assert longer is not None
        assert 0 <= paid <= longer
        assert paid <= abs(rate) * ceil(hours / 8) + 1e-12
