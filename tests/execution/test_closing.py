"""How exits are carried out, whatever stands in their way."""

from decimal import Decimal

import msgspec
import pytest

from quantum_os.events.execution import (
    Leg,
    OrderCancelRequested,
    OrderKind,
)
from quantum_os.events.exits import ExitReason
from quantum_os.events.risk import SafetyAction, SafetyTripped
from quantum_os.events.units import PositionSide, Side
from tests.execution.desk import (
    BTC,
    T0,
    Desk,
    intent,
    leave,
    stop_at,
)

SIDES = (PositionSide.LONG, PositionSide.SHORT)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("reason", list(ExitReason))
def test_f69_each_exit_changes_the_quantity_at_the_venue(
    side: PositionSide, reason: ExitReason
) -> None:
    desk = Desk()
    wish = intent(side=side)
    desk.enters(wish)
    desk.hears(leave(wish, "0.4", reason))
    (close,) = desk.requested(Leg.CLOSE)
    desk.hears(*desk.venue.fills(close))
    assert (close.reduce_only, close.kind, close.side) == (True, OrderKind.MARKET, side.exit)
    assert desk.venue.held[BTC] == side.sign * Decimal("0.6")
    desk.hears(leave(wish, "5", reason))
    desk.hears(*desk.venue.fills(desk.requested(Leg.CLOSE)[-1]))
    assert desk.venue.held[BTC] == 0
    assert desk.venue.resting() == []
    assert desk.orders.state.trades == {}


def test_f80_double_close_race_between_exit_engines() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    reasons = (
        ExitReason.EMERGENCY,
        ExitReason.LOSS_GUARD,
        ExitReason.TIME,
        ExitReason.FUNDING,
        ExitReason.TRAILING,
    )
    said = desk.hears(*(leave(wish, "1", reason) for reason in reasons))
    (close,) = desk.requested(Leg.CLOSE)
    assert close.qty == 1
    cancels = [e for e in said if isinstance(e, OrderCancelRequested)]
    assert len(cancels) == 3
    assert all(said.index(cancel) < said.index(close) for cancel in cancels)
    assert len(desk.venue.resting(Leg.STOP)) == 1, "the stop stays until the close has filled"
    desk.hears(*desk.venue.fills(close))
    desk.hears(leave(wish, "1"))
    assert len(desk.requested(Leg.CLOSE)) == 1
    assert desk.venue.held[BTC] == 0


def test_f64_no_latch_policy_or_missing_filter_blocks_an_exit() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.hears(SafetyTripped("kill", SafetyAction.FLATTEN, T0, "operator"))
    desk.orders.state.terms = None
    desk.orders.state.filters.clear()
    desk.passes(10 * 86_400)
    desk.hears(leave(wish, "1"))
    desk.hears(*desk.venue.fills(desk.requested(Leg.CLOSE)[0]))
    assert desk.venue.held[BTC] == 0
    assert desk.venue.resting() == []


def test_f52_hears_an_exit_below_the_minimum_notional_and_sends_it() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.hears(leave(wish, "0.01"))
    (close,) = desk.requested(Leg.CLOSE)
    assert close.qty == Decimal("0.01")
    desk.hears(*desk.venue.fills(close))
    desk.hears(leave(wish, "0.9899"))
    last = desk.requested(Leg.CLOSE)[-1]
    assert last.qty == Decimal("0.99"), "what is left would be less than a step"
    desk.hears(*desk.venue.fills(last))
    assert desk.venue.held[BTC] == 0


def test_hears_a_partial_exit_and_takes_back_only_the_furthest_targets() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.hears(leave(wish, "0.3"))
    assert [order.leg for order in desk.venue.resting(Leg.TP1, Leg.TP2, Leg.TP3)] == [
        Leg.TP1,
        Leg.TP2,
    ]


def test_hears_an_exit_over_the_market_maximum_and_closes_in_slices() -> None:
    desk = Desk()
    wish = intent(qty="90")
    desk.enters(wish)
    limits = desk.orders.state.filters[BTC]
    desk.orders.state.filters[BTC] = msgspec.structs.replace(
        limits, market_max_qty=type(limits.market_max_qty)(Decimal(40))
    )
    desk.hears(leave(wish, "90"))
    for _ in range(3):
        desk.hears(*desk.venue.fills(desk.requested(Leg.CLOSE)[-1]))
    assert [close.qty for close in desk.requested(Leg.CLOSE)] == [40, 40, 10]
    assert desk.venue.held[BTC] == 0


def test_hears_reduce_only_refused_and_believes_the_listing_that_says_flat() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.venue.held[BTC] = Decimal(0)
    desk.hears(leave(wish, "1"))
    assert desk.trade(wish).qty == 1, "an error is not read as flat"
    desk.hears(desk.venue.lists())
    assert desk.orders.state.trades == {}
    assert desk.venue.resting() == []
    assert len(desk.requested(Leg.CLOSE)) == 1


def test_hears_reduce_only_refused_and_closes_the_size_that_is_listed() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.venue.rejects[Leg.CLOSE] = ["-2022"]
    desk.venue.held[BTC] = Decimal("0.7")
    desk.hears(leave(wish, "1"))
    desk.hears(desk.venue.lists())
    assert [close.qty for close in desk.requested(Leg.CLOSE)] == [1, Decimal("0.7")]


def test_f65_hears_a_listing_without_doubt_and_changes_nothing() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.venue.held.clear()
    said = desk.hears(desk.venue.lists())
    assert len(said) == 1
    assert desk.trade(wish).qty == 1


def test_hears_a_close_refused_again_and_again_and_stops_at_its_limit() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.venue.rejects[Leg.CLOSE] = ["-1008"] * 10
    desk.hears(leave(wish, "1"))
    assert len(desk.requested(Leg.CLOSE)) == 3
    assert len(desk.venue.resting(Leg.STOP)) == 1
    desk.venue.rejects.clear()
    desk.hears(leave(wish, "1"))
    desk.hears(*desk.venue.fills(desk.requested(Leg.CLOSE)[-1]))
    assert desk.venue.held[BTC] == 0


def test_f70_hears_an_exit_for_a_position_it_has_no_record_of_and_sends_it() -> None:
    desk = Desk()
    wish = intent()
    desk.venue.held[BTC] = Decimal(1)
    desk.hears(stop_at(wish, "98"))
    assert [(s.leg, s.qty) for s in desk.venue.resting()] == [(Leg.STOP, Decimal(1))]
    desk.hears(leave(wish, "1"))
    desk.hears(*desk.venue.fills(desk.requested(Leg.CLOSE)[0]))
    assert desk.venue.held[BTC] == 0
    assert desk.venue.resting() == []
    assert desk.orders.state.trades == {}


@pytest.mark.parametrize("prefix", ["autoclose-17", "adl_autoclose"])
def test_e6_hears_a_liquidation_and_takes_everything_back(prefix: str) -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.hears(desk.venue.trades_with(prefix, BTC, Side.SELL, Decimal("0.4")))
    assert desk.trade(wish).qty == Decimal("0.6")
    desk.hears(desk.venue.trades_with(prefix, BTC, Side.SELL, Decimal("0.6")))
    assert desk.venue.resting() == []
    assert desk.orders.state.trades == {}


def test_e8_a_foreign_trade_that_ends_a_position_is_counted_and_leaves_no_order() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.hears(desk.venue.trades_with("somebody", BTC, Side.SELL, Decimal(1)))
    assert desk.venue.resting() == []
    assert desk.orders.state.trades == {}
    assert desk.orders.state.fills_foreign == 1


def test_e8_what_a_foreign_trade_adds_to_a_position_is_protected_and_led_out_with_it() -> None:
    """Seeds 10 and 12: the venue held 14 of which we closed 11, and no exit was heard any more."""
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.hears(desk.venue.trades_with("somebody", BTC, Side.BUY, Decimal("0.4")))
    assert desk.trade(wish).qty == Decimal("1.4")
    assert desk.venue.resting(Leg.STOP)[-1].qty == Decimal("1.4")
    desk.hears(leave(wish, "1.4"))
    assert sum(order.qty for order in desk.venue.resting(Leg.CLOSE)) == Decimal("1.4")
