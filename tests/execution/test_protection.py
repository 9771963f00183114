"""Which stop and targets rest at the venue, and how stops are moved."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest

from quantum_os.events.ai import Gate
from quantum_os.events.execution import (
    ExecutionResult,
    Leg,
    LeverageConfirmed,
    LeverageRequested,
    OrderCancelRequested,
    OrderKind,
    OrderRequested,
    OrderState,
    ResultStatus,
)
from quantum_os.events.exits import ExitReason
from quantum_os.events.risk import RiskPermit, SafetyAction, SafetyCleared, SafetyTripped
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.system import TimerFired, TimerSet
from quantum_os.events.units import NS_PER_S, Leverage, Mode, Ns, PositionSide, Price, Side
from quantum_os.execution.orders import SWEEP_TIMER, Orders, Outcome
from quantum_os.execution.trades import Trade
from tests.execution.fake_venue import VENUE
from tests.execution.desk import (
    BTC,
    ETH,
    NAMESPACE,
    T0,
    Desk,
    instruments,
    intent,
    leave,
    permit,
    policy_updated,
    position_id,
    started,
    stop_at,
)

SIDES = (PositionSide.LONG, PositionSide.SHORT)


def results(desk: Desk) -> list[tuple[str, ResultStatus, str]]:
    return [(r.intent_id, r.status, r.reason) for r in desk.says(ExecutionResult)]


def test_f66_position_without_a_stop() -> None:
    desk = Desk()
    desk.permits(intent())
    (entry,) = desk.requested(Leg.ENTRY)
    fill, _ = desk.venue.fills(entry, "0.1")
    said = desk.hears(fill)
    (stop,) = [e for e in said if isinstance(e, OrderRequested)]
    assert (stop.leg, stop.qty) == (Leg.STOP, Decimal(1))
    assert desk.venue.resting(Leg.STOP) == [stop]


def test_hears_a_partial_end_and_resizes_the_stop_new_before_old() -> None:
    desk = Desk()
    wish = intent()
    desk.permits(wish)
    (entry,) = desk.requested(Leg.ENTRY)
    desk.hears(*desk.venue.fills(entry, "0.5"))
    said = desk.hears(desk.venue.ends(entry, OrderState.EXPIRED))
    (result,) = desk.says(ExecutionResult)
    assert (result.status, result.qty) == (ResultStatus.PARTIAL, Decimal("0.5"))
    old, new = desk.requested(Leg.STOP)
    assert (new.qty, new.trigger) == (Decimal("0.5"), old.trigger)
    taken_back = next(e for e in said if isinstance(e, OrderCancelRequested))
    assert taken_back.client_id == old.client_id
    assert said.index(new) < said.index(taken_back)
    assert desk.venue.resting(Leg.STOP) == [new]
    assert [t.qty for t in desk.requested(Leg.TP1, Leg.TP2, Leg.TP3)] == [
        Decimal("0.15"),
        Decimal("0.15"),
        Decimal("0.2"),
    ]


def test_f78_legs_close_the_whole_position_and_leave_nothing_behind() -> None:
    desk = Desk()
    wish = intent(shares=("0.25", "0.25", "0.50"))
    desk.enters(wish)
    stop = desk.requested(Leg.STOP)[0]
    for target in desk.requested(Leg.TP1, Leg.TP2, Leg.TP3):
        desk.hears(*desk.venue.fills(target))
    assert desk.venue.held[BTC] == 0
    assert desk.venue.resting() == []
    assert [c.client_id for c in desk.says(OrderCancelRequested)] == [stop.client_id]
    assert desk.orders.state.trades == {}
    assert desk.orders.state.orders == {}


def test_hears_the_stop_fill_and_takes_the_targets_back() -> None:
    desk = Desk()
    desk.enters(intent())
    desk.hears(*desk.venue.fills(desk.requested(Leg.STOP)[0], price="98"))
    assert desk.venue.resting() == []
    assert len(desk.says(OrderCancelRequested)) == 3
    assert desk.orders.state.trades == {}
    assert desk.requested(Leg.CLOSE) == []
