from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.units import PositionSide
from quantum_os.formulas.rounding import (
    decimal_of,
    floor_to_step,
    leg_quantities,
    plain_string,
    price_to_tick,
    protective_stop_price,
    split_legs,
    target_price,
)

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
HARVESTS = [(0.3, 0.3, 0.4), (0.4, 0.4, 0.2), (0.5, 0.3, 0.2), (0.25, 0.25, 0.5)]
grids = st.sampled_from([Decimal(s) for s in ("1", "10", "0.5", "0.1", "0.10", "0.001", "1e-8")])
amounts = st.decimals(min_value=0, max_value=10**7, places=9)


def test_decimal_of_reads_back_the_same_float() -> None:
    assert decimal_of(0.1) == Decimal("0.1")
    assert decimal_of(1e-8) == Decimal("1e-8")
    with pytest.raises(ValueError):
        decimal_of(float("nan"))


def test_rounding_directions() -> None:
    tick = Decimal("0.05")
    assert price_to_tick(Decimal("1.07"), tick, "down") == Decimal("1.05")
    assert price_to_tick(Decimal("1.07"), tick, "up") == Decimal("1.10")
    assert price_to_tick(Decimal("1.07"), tick, "nearest") == Decimal("1.05")
    assert price_to_tick(Decimal("1.075"), tick, "nearest") == Decimal("1.10")
    assert price_to_tick(Decimal("1.025"), tick, "nearest") == Decimal("1.00")
    assert price_to_tick(Decimal("1.05"), tick, "up") == Decimal("1.05")


@pytest.mark.parametrize("tick", ["0", "-1", "NaN"])
def test_a_grid_must_be_positive(tick: str) -> None:
    with pytest.raises(ValueError):
        price_to_tick(Decimal(1), Decimal(tick), "down")
    with pytest.raises(ValueError):
        floor_to_step(Decimal(1), Decimal(tick))


def test_a_price_below_zero_is_refused() -> None:
    with pytest.raises(ValueError):
        price_to_tick(Decimal(-1), Decimal(1), "down")


@given(amounts, grids)
def test_f51_precision(amount: Decimal, grid: Decimal) -> None:
    for rounding in ("down", "up", "nearest"):
        price = price_to_tick(amount, grid, rounding)
        assert price % grid == 0
        assert abs(price - amount) < grid
        assert_wire_string(price)
    qty = floor_to_step(amount, grid)
    assert qty % grid == 0
    assert 0 <= amount - qty < grid
    assert_wire_string(qty)


def assert_wire_string(value: Decimal) -> None:
    text = plain_string(value)
    assert Decimal(text) == value
    assert "E" not in text
    assert "." not in text or text[-1] not in "0."


def test_f51_strings_of_step_one_and_of_step_1e_8() -> None:
    assert plain_string(floor_to_step(Decimal("1234567.9"), Decimal(1))) == "1234567"
    assert plain_string(floor_to_step(Decimal(100), Decimal(1))) == "100"
    assert plain_string(floor_to_step(Decimal("2.5E-8"), Decimal("1E-8"))) == "0.00000002"
    assert plain_string(price_to_tick(Decimal("63000.17"), Decimal("0.10"), "down")) == "63000.1"
    assert plain_string(Decimal("-0.00")) == "0"


def test_a_signed_quantity_is_floored_towards_zero() -> None:
    assert floor_to_step(Decimal("-1.09"), Decimal("0.1")) == Decimal("-1.0")


@given(amounts, grids)
def test_protective_prices_move_towards_the_entry(price: Decimal, tick: Decimal) -> None:
    assert protective_stop_price(price, tick, LONG) >= price
    assert protective_stop_price(price, tick, SHORT) <= price
    assert target_price(price, tick, LONG) <= price
    assert target_price(price, tick, SHORT) >= price


@given(amounts, grids, st.sampled_from(HARVESTS))
def test_f78_legs_of_the_initial_quantity_close_all_of_it(
    amount: Decimal, step: Decimal, fractions: tuple[float, float, float]
) -> None:
    qty = floor_to_step(amount, step)
    legs = split_legs(qty, step, fractions)
    assert sum(legs) == qty
    assert all(leg % step == 0 and leg >= step for leg in legs)


def test_f78_legs_golden() -> None:
    legs = split_legs(Decimal("1.0"), Decimal("0.1"), (0.25, 0.25, 0.5))
    assert legs == (Decimal("0.2"), Decimal("0.2"), Decimal("0.6"))


def test_f78_canary_fractions_of_what_remains_leave_a_rest() -> None:
    qty, remaining = Decimal(100), Decimal(100)
    legs = []
    for fraction in (0.3, 0.3, 0.4):
        legs.append(floor_to_step(remaining * decimal_of(fraction), Decimal(1)))
        remaining -= legs[-1]
    assert sum(legs) != qty


def test_legs_below_a_step_are_merged() -> None:
    step = Decimal("0.001")
    assert leg_quantities(step, step, (0.3, 0.3, 0.4)) == (Decimal(0), Decimal(0), step)
    assert split_legs(step, step, (0.3, 0.3, 0.4)) == (step,)
    assert split_legs(Decimal(0), step, (0.3, 0.3, 0.4)) == ()


def test_a_rest_below_the_step_leaves_with_the_last_leg() -> None:
    assert split_legs(Decimal("10.5"), Decimal(1), (0.3, 0.3, 0.4))[-1] == Decimal("4.5")


@pytest.mark.parametrize("fractions", [(0.5, 0.5, 0.5), (-0.1, 0.6, 0.5), (0.0, 0.0, 0.0)])
def test_fractions_that_are_no_whole_are_refused(fractions: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError):
        split_legs(Decimal(1), Decimal("0.1"), fractions)


def test_a_negative_quantity_has_no_legs() -> None:
    with pytest.raises(ValueError):
        split_legs(Decimal(-1), Decimal("0.1"), (0.3, 0.3, 0.4))
