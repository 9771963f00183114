"""What the venue refuses, by its codes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.execution import OrderKind, OrderState
from quantum_os.events.market import Instrument
from quantum_os.events.units import Notional, Price, Qty, Side
from tests.execution.venues.sim.floor import BTC, D, Floor, instrument

BUY, SELL = Side.BUY, Side.SELL


def quoted(
    price: float = 100.0, leverage: int = 10, instruments: tuple[Instrument, ...] = ()
) -> Floor:
    floor = Floor(instruments=instruments)
    floor.leverage(leverage)
    floor.bar((price, price, price, price))
    return floor


def code(floor: Floor, client_id: str = "x") -> str | None:
    return floor.updates(client_id)[-1].code


@pytest.mark.parametrize(
    ("qty", "price"), [("2.0005", None), ("2", "100.05"), ("0.0000001", None), ("2", "-1")]
)
def test_f51_precision_is_refused(qty: str, price: str | None) -> None:
    floor = quoted()
    kind = OrderKind.MARKET if price is None else OrderKind.LIMIT
    floor.order("x", BUY, qty, kind=kind, price=price)
    assert code(floor) == "-1111"
    assert floor.states("x") == [OrderState.REJECTED]


@given(
    step=st.integers(0, 8).map(lambda digits: Decimal(1).scaleb(-digits)),
    multiple=st.integers(1, 10_000),
    shift=st.integers(0, 9),
)
def test_f51_every_multiple_of_the_step_passes_and_nothing_between(
    step: Decimal, multiple: int, shift: int
) -> None:
    coarse = instrument(
        step=Qty(step),
        min_qty=Qty(step),
        max_qty=Qty(D(10**6)),
        market_max_qty=Qty(D(10**6)),
        min_notional=Notional(D(0)),
    )
    floor = quoted(instruments=(coarse,))
    floor.order("x", BUY, str(step * multiple + step * shift / 10))
    assert (code(floor) == "-1111") is bool(shift)


def test_f54_quantity_over_the_maximum_is_refused_at_market_and_at_limit() -> None:
    floor = quoted(1.0)
    floor.order("x", BUY, "120.001")
    assert code(floor) == "-4005"
    floor.order("y", BUY, "1000.001", kind=OrderKind.LIMIT, price="1.0")
    assert code(floor, "y") == "-4005"
    floor.order("z", BUY, "120", kind=OrderKind.LIMIT, price="1.0")
    assert code(floor, "z") is None


def test_f52_an_exit_below_the_minimum_notional_passes_and_an_entry_does_not() -> None:
    floor = quoted()
    floor.order("x", BUY, "0.999")
    assert code(floor) == "-4164"
    floor.enter(BUY, "1", 100.0)
    floor.close("dust", SELL, "0.001")
    floor.bar((100, 100, 100, 100))
    assert floor.states("dust")[-1] is OrderState.FILLED
    assert floor.account.positions[BTC].qty == D("0.999")


def test_a_reduce_only_order_needs_something_to_reduce() -> None:
    floor = quoted()
    floor.close("x", SELL, "1")
    assert code(floor) == "-2022"
    floor.enter(BUY, "1", 100.0)
    floor.close("y", BUY, "1")
    assert code(floor, "y") == "-2022"


def test_a_stop_that_would_trigger_is_refused() -> None:
    floor = quoted()
    floor.enter(BUY, "1", 100.0)
    floor.stop("x", SELL, "1", "100")
    assert code(floor) == "-2021"
    floor.stop("y", SELL, "1", "99.9")
    assert code(floor, "y") is None


def test_leverage_bracket_and_margin_of_an_entry() -> None:
    floor = quoted(leverage=125)
    floor.order("bracket", BUY, "100", kind=OrderKind.LIMIT, price="3000.1")
    assert code(floor, "bracket") == "-2027"
    floor.order("margin", BUY, "100", kind=OrderKind.LIMIT, price="1000")
    assert code(floor, "margin") is None
    floor.leverage(5)
    floor.order("again", BUY, "100", kind=OrderKind.LIMIT, price="1000")
    assert code(floor, "again") == "-2019"


def test_an_entry_needs_a_leverage_that_was_set() -> None:
    floor = Floor()
    floor.bar((100, 100, 100, 100))
    floor.order("x", BUY, "2")
    assert code(floor) == "-4028"


def test_unknown_symbols_missing_prices_and_halted_symbols_are_refused() -> None:
    floor = Floor(instruments=(instrument(), instrument("H", status="SETTLING")))
    floor.order("a", BUY, "2", symbol="NOPE")
    assert code(floor, "a") == "-1121"
    floor.order("b", BUY, "2")
    assert code(floor, "b") == "-4140"
    floor.bar((100, 100, 100, 100), symbol="H")
    floor.order("c", BUY, "2", symbol="H")
    assert code(floor, "c") == "-4140"


def test_a_limit_without_a_price_is_malformed() -> None:
    floor = quoted()
    floor.order("x", BUY, "2", kind=OrderKind.LIMIT)
    assert code(floor) == "-1102"


def test_a_tick_of_any_size_is_honoured() -> None:
    floor = quoted(instruments=(instrument(tick=Price(D("0.5"))),))
    floor.order("x", BUY, "2", kind=OrderKind.LIMIT, price="99.5")
    assert code(floor) is None
    floor.order("y", BUY, "2", kind=OrderKind.LIMIT, price="99.6")
    assert code(floor, "y") == "-1111"
