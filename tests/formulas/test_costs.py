from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.costs import (
    CostModel,
    entry_slippage_bps,
    fee,
    round_trip_cost,
    with_round_trip,
    worst_case_multiplier,
)

MODEL = CostModel()


def test_the_default_taker_round_trip_is_15_bps() -> None:
    assert round_trip_cost(MODEL) == pytest.approx(0.0015, abs=1e-12)


def test_a_maker_entry_is_cheaper_but_leaves_as_a_taker() -> None:
    assert round_trip_cost(MODEL, maker_entry=True) == pytest.approx(0.00095, abs=1e-12)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_of_the_book_never_costs_less(one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert entry_slippage_bps(MODEL, small) <= entry_slippage_bps(MODEL, large)
    assert round_trip_cost(MODEL, small) <= round_trip_cost(MODEL, large)


def test_impact_at_the_depth_limit() -> None:
    assert entry_slippage_bps(MODEL, 0.05) == pytest.approx(5.0)


@pytest.mark.parametrize("round_trip", [0.0008, 0.0015, 0.0025])
def test_the_reports_cost_levels(round_trip: float) -> None:
    assert round_trip_cost(with_round_trip(MODEL, round_trip)) == pytest.approx(round_trip)


@pytest.mark.parametrize(
    ("rank", "multiple"), [(0.0, 1.0), (0.98, 1.0), (0.99, 3.0), (1.0, 3.0), (None, 3.0)]
)
def test_costs_triple_in_the_worst_volatility_and_when_it_is_unknown(
    rank: float | None, multiple: float
) -> None:
    assert worst_case_multiplier(rank) == multiple


def test_fee_is_exact() -> None:
    assert fee(Decimal("1234.56"), Decimal("0.0005")) == Decimal("0.617280")
    assert fee(Decimal(0), Decimal("0.0005")) == 0
    with pytest.raises(ValueError):
        fee(Decimal(-1), Decimal("0.0005"))


def test_negative_costs_are_refused() -> None:
    with pytest.raises(ValueError):
        CostModel(half_spread_bps=-1.0)
    with pytest.raises(ValueError):
        entry_slippage_bps(MODEL, -0.1)
    assert CostModel(maker_fee=-0.0001).maker_fee == -0.0001
