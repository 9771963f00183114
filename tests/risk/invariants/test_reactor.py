"""What is broken is said once, stops new risk, and is open until an operator has looked."""

from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.commands import Command, OperatorCommand
from quantum_os.events.execution import OrderSubmitted
from quantum_os.events.risk import (
    IncidentClosed,
    IncidentOpened,
    InvariantKind,
    InvariantViolated,
    SafetyCleared,
    SafetyTripped,
)
from quantum_os.events.system import AlertRaised, ProcessStarted, SafetyFault, TimerFired
from quantum_os.events.units import NS_PER_S, Mode, Ns, Usd
from quantum_os.kernel.instant import Instant
from quantum_os.risk.invariants.reactor import OPEN_MAX, WINDOW, Invariants
from quantum_os.risk.latches import Cause
from quantum_os.risk.safety import Safety

T0 = 1_800_000_000 * NS_PER_S
LIFE = ProcessStarted(1, "b", "c", Mode.PAPER, "sim:binance", "ns", 1, Usd(Decimal(1_000)), Ns(T0))


def unrecorded(name: str) -> OrderSubmitted:
    return OrderSubmitted("sim:binance", Mode.PAPER, name, "BTC/USDT:USDT")


class Stage:
    """The module alone, its time moved by hand."""

    def __init__(self) -> None:
        self.module, self.instant = Invariants(), Instant(T0)
        self.module.keep_time_by(self.instant)
        self.hears(LIFE)

    def hears(self, event: Event, later_s: float = 0.0) -> list[Event]:
        self.instant.ns += int(later_s * NS_PER_S)
        said = self.module.handlers()[type(event)](event)
        return [said] if isinstance(said, Event) else [*(said or ())]


def test_a_broken_invariant_is_said_and_opens_an_incident() -> None:
    stage = Stage()
    violated, opened = stage.hears(unrecorded("qos1-x-stop-0"), 1)
    assert isinstance(violated, InvariantViolated)
    assert isinstance(opened, IncidentOpened)
    assert (violated.number, violated.kind) == (5, InvariantKind.BROKEN)
    assert opened.cause == Cause.INVARIANT_BROKEN
    assert [each.stream for each in opened.window] == ["process.started", "order.submitted"]
    assert msgspec.json.decode(opened.window[1].text)["client_id"] == "qos1-x-stop-0"
    assert "invariant 5 (record first)" in stage.module.ailment


def test_the_same_again_is_counted_and_not_said() -> None:
    stage = Stage()
    stage.hears(unrecorded("qos1-x-stop-0"))
    assert stage.hears(unrecorded("qos1-x-stop-0"), 1) == []
    assert len(stage.hears(unrecorded("qos1-y-stop-0"), 1)) == 2
    assert [each.repeated for each in stage.module.state.open.values()] == [1, 0]
    assert stage.module.ailment.endswith("and 1 more")


def test_clearing_the_latch_closes_the_incident_and_what_breaks_again_is_news() -> None:
    stage = Stage()
    _, opened = stage.hears(unrecorded("qos1-x-stop-0"))
    assert isinstance(opened, IncidentOpened)
    other = SafetyCleared(Cause.INVARIANT_HALT, "clock", "other", Ns(T0))
    assert stage.hears(other, 1) == []
    cleared = SafetyCleared(Cause.INVARIANT_BROKEN, "clock", "a lost record, found", Ns(T0))
    (closed,) = stage.hears(cleared, 1)
    assert closed == IncidentClosed(
        opened.incident_id,
        "clock",
        "a lost record, found",
        0,
        opened.opened_at,
        Ns(T0 + 2 * NS_PER_S),
    )
    assert stage.module.ailment == ""
    assert len(stage.hears(unrecorded("qos1-x-stop-0"), 1)) == 2


def test_window_and_open_incidents_are_bounded() -> None:
    stage = Stage()
    said = [stage.hears(unrecorded(f"qos1-x-stop-{each}")) for each in range(OPEN_MAX + 20)]
    last = said[OPEN_MAX - 1][1]
    assert isinstance(last, IncidentOpened)
    assert len(last.window) == WINDOW
    assert said[OPEN_MAX] == []
    assert len(stage.module.state.open) == OPEN_MAX


def test_time_that_passes_with_nothing_due_costs_nothing_and_says_nothing() -> None:
    stage = Stage()
    before = stage.module.snapshot()
    assert stage.hears(TimerFired("any", Ns(T0)), 3_600) == []
    assert stage.module.snapshot() == before


def violated(kind: InvariantKind) -> InvariantViolated:
    return InvariantViolated(1, "n", kind, "s", "x", "v", Ns(T0))


def test_what_we_broke_stops_new_risk_until_an_operator_has_looked() -> None:
    safety, instant = Safety(), Instant(T0)
    safety.keep_time_by(instant)
    latch, alert, second = safety.on_violated(violated(InvariantKind.BROKEN))
    assert isinstance(latch, SafetyTripped)
    assert isinstance(alert, AlertRaised)
    assert isinstance(second, AlertRaised)
    assert (latch.cause, alert.rule, second.rule) == (
        Cause.INVARIANT_BROKEN,
        Cause.INVARIANT_BROKEN,
        "invariant.1",
    )
    instant.ns += 86_400 * NS_PER_S
    assert [*safety.on_timer(TimerFired("any", Ns(T0)))] == []
    clear = OperatorCommand(Command.CLEAR, "ann", "operator", "found", Cause.INVARIANT_BROKEN)
    (cleared,) = safety.on_operator(clear)
    assert isinstance(cleared, SafetyCleared)


def test_what_the_world_broke_stops_new_risk_until_it_has_held_again() -> None:
    safety, instant = Safety(), Instant(T0)
    safety.keep_time_by(instant)
    for _ in range(4):
        assert [*safety.on_violated(violated(InvariantKind.HALT))]
        instant.ns += 20 * NS_PER_S
        assert [*safety.on_timer(TimerFired("any", Ns(T0)))] == []
    instant.ns += 10 * NS_PER_S
    (cleared,) = safety.on_timer(TimerFired("any", Ns(T0)))
    assert isinstance(cleared, SafetyCleared)
    assert (cleared.cause, cleared.actor) == (Cause.INVARIANT_HALT, "clock")


def test_what_stays_broken_is_said_again_and_is_one_incident() -> None:
    stage = Stage()
    stage.hears(unrecorded("qos1-x-stop-0"))
    (again,) = stage.hears(unrecorded("qos1-x-stop-0"), 10)
    assert isinstance(again, InvariantViolated)
    assert stage.hears(unrecorded("qos1-x-stop-0"), 1) == []
    assert [each.repeated for each in stage.module.state.open.values()] == [2]


def test_a_watch_that_breaks_stops_new_risk() -> None:
    safety = Safety()
    safety.keep_time_by(Instant(T0))
    said = [*safety.on_fault(SafetyFault(Invariants.name, False, 1, "fill", "KeyError: x"))]
    assert isinstance(said[0], SafetyTripped)
    assert said[0].cause == Cause.SAFETY_FAULT
    assert [*Safety().on_fault(SafetyFault("governance.audit", False, 1, "fill", "x"))] == []
