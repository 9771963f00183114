"""What closes a latch, what opens it again, and that it survives every restart."""

from decimal import Decimal

import pytest

from quantum_os.events.base import Event
from quantum_os.events.commands import Command, OperatorCommand
from quantum_os.events.execution import HaltState, Leg, OrderState
from quantum_os.events.exits import ExitIntent, ExitReason, StopRequested
from quantum_os.events.market import FeedWatermark
from quantum_os.events.risk import SafetyAction, SafetyCleared, SafetyTripped
from quantum_os.events.system import AlertRaised, SafetyFault, Severity, TimerFired
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_S, Frac, Ns
from quantum_os.risk.gate import RiskGate
from quantum_os.risk.latches import LATCHES, Cause, standing, trip
from quantum_os.risk.safety import Safety, SafetyConfig
from tests.risk import scene
from tests.risk.scene import BTC, ETH, NOW, Stage

MIDNIGHT = Ns(NOW // NS_PER_DAY * NS_PER_DAY + NS_PER_DAY)


def watching(**config: float) -> Stage:
    stage = Stage(Safety(SafetyConfig(**config)))
    stage.hears(scene.started(), scene.policy(), scene.account())
    return stage


def tripped(said: list[Event]) -> list[str]:
    return [one.cause for one in said if isinstance(one, SafetyTripped)]


def cleared(said: list[Event]) -> list[str]:
    return [one.cause for one in said if isinstance(one, SafetyCleared)]


def test_a_quiet_account_trips_nothing() -> None:
    assert watching().hears(scene.account(day_pnl_frac=Frac(-0.049), drawdown=Frac(0.119))) == []


def test_a_daily_loss_stops_entries_until_midnight() -> None:
    stage = watching()
    said = stage.hears(scene.account(day_pnl_frac=Frac(-0.05)))
    (latch,) = [one for one in said if isinstance(one, SafetyTripped)]
    assert (latch.cause, latch.action) == (Cause.DAILY_LOSS, SafetyAction.HALT_ENTRIES)
    assert (latch.since, latch.until, latch.value, latch.limit) == (NOW, MIDNIGHT, 0.05, 0.05)
    (alert,) = [one for one in said if isinstance(one, AlertRaised)]
    assert alert.severity is Severity.CRITICAL
    assert stage.at(MIDNIGHT - 1).hears(FeedWatermark("binance", Ns(MIDNIGHT - 1))) == []
    assert cleared(stage.at(MIDNIGHT).hears(FeedWatermark("binance", MIDNIGHT))) == ["daily_loss"]


def test_midnight_opens_only_the_daily_latch() -> None:
    stage = watching()
    stage.hears(scene.account(day_pnl_frac=Frac(-0.05), drawdown=Frac(0.12)))
    said = stage.at(MIDNIGHT).hears(TimerFired("any", MIDNIGHT))
    assert cleared(said) == ["daily_loss"]
    assert list(stage.reactor.state.latches) == ["drawdown_flatten"]


def test_a_drawdown_flattens_and_a_deeper_one_kills() -> None:
    stage = watching()
    assert tripped(stage.hears(scene.account(drawdown=Frac(0.12)))) == ["drawdown_flatten"]
    assert tripped(stage.hears(scene.account(drawdown=Frac(0.20)))) == ["drawdown_kill"]
    assert LATCHES[Cause.DRAWDOWN_FLATTEN].action is SafetyAction.FLATTEN


def test_a_latch_is_said_once() -> None:
    stage = watching()
    said = stage.hears(*(scene.account(drawdown=Frac(0.13)) for _ in range(9)))
    assert tripped(said) == ["drawdown_flatten"]


def _rejections(count: int, leg: Leg = Leg.ENTRY) -> list[Event]:
    asked = [scene.entry_order("i", f"c{n}", leg) for n in range(count)]
    return [*asked, *(scene.order(f"c{n}", OrderState.REJECTED) for n in range(count))]


def test_five_rejected_entries_in_five_minutes_stop_entries() -> None:
    assert tripped(watching().hears(*_rejections(5))) == ["execution_errors"]
    assert tripped(watching().hears(*_rejections(4))) == []
    assert tripped(watching().hears(*_rejections(9, Leg.STOP))) == []


def test_rejections_further_apart_than_the_window_do_not_add_up() -> None:
    stage = watching()
    stage.hears(*_rejections(4))
    late = [scene.entry_order("i", "x"), scene.order("x", OrderState.REJECTED)]
    assert tripped(stage.at(NOW + 301 * NS_PER_S).hears(*late)) == []


def test_as_many_stop_hits_as_positions_in_fifteen_minutes_stop_entries() -> None:
    stage = watching()
    hits = [
        scene.closed(closed_at=Ns(NOW + n * 60 * NS_PER_S), exit_reason=ExitReason.STOP)
        for n in range(3)
    ]
    assert tripped(stage.hears(*hits[:2])) == []
    assert tripped(stage.hears(scene.closed(exit_reason=ExitReason.TARGET))) == []
    assert tripped(stage.hears(hits[2])) == ["stop_hits"]


@pytest.mark.parametrize(
    ("gaps", "causes"),
    [
        (("501",), ["reconcile_mismatch"]),
        (("101",), []),
        (("1", "1"), ["reconcile_mismatch"]),
    ],
)
def test_the_exchange_is_truth(gaps: tuple[str, ...], causes: list[str]) -> None:
    said = watching().hears(*(scene.reconciled(False, gap, "qty differs") for gap in gaps))
    assert tripped(said) == causes
    assert any(isinstance(one, AlertRaised) for one in said)


def test_an_equal_reconciliation_forgives_a_single_unequal_one() -> None:
    stage = watching()
    said = stage.hears(scene.reconciled(False, "1"), scene.reconciled(), scene.reconciled(False))
    assert tripped(said) == []


def test_a_fault_in_the_money_path_stops_entries_and_an_advisory_one_does_not() -> None:
    assert tripped(watching().hears(SafetyFault("a.b", False, 1, "s", "e"))) == []
    assert tripped(watching().hears(SafetyFault("a.b", True, 1, "s", "e"))) == ["safety_fault"]


def test_a_feed_gone_for_five_minutes_flattens_only_what_is_held() -> None:
    later = Ns(NOW + 301 * NS_PER_S)
    for held, causes in ((scene.position(), ["feed_gone"]), (scene.position(qty="0"), [])):
        stage = watching()
        stage.hears(FeedWatermark("binance", NOW), held)
        assert tripped(stage.at(later).hears(TimerFired("any", later))) == causes


def test_the_silence_of_a_reference_venue_is_not_ours() -> None:
    stage = watching()
    later = Ns(NOW + 301 * NS_PER_S)
    stage.hears(FeedWatermark("binance", NOW), scene.position())
    stage.hears(FeedWatermark("bybit", later))
    assert tripped(stage.at(later).hears(FeedWatermark("binance", later))) == ["feed_gone"]


def test_on_a_tape_a_gap_is_longer_than_two_bars() -> None:
    stage = watching(tape_step_s=3600.0)
    stage.hears(FeedWatermark("binance", NOW), scene.position())
    two, five = Ns(NOW + 2 * NS_PER_HOUR), Ns(NOW + 5 * NS_PER_HOUR)
    assert tripped(stage.at(two).hears(FeedWatermark("binance", two))) == []
    assert tripped(stage.at(five).hears(FeedWatermark("binance", five))) == ["feed_gone"]


# people


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        (Command.PAUSE, "operator_pause"),
        (Command.FLATTEN, "operator_flatten"),
        (Command.KILL, "operator_kill"),
    ],
)
def test_a_trader_may_stop_and_a_viewer_may_not(command: Command, cause: str) -> None:
    assert tripped(watching().hears(scene.operator(command, role="trader"))) == [cause]
    said = watching().hears(scene.operator(command, role="viewer"))
    assert [type(one) for one in said] == [AlertRaised]


@pytest.mark.parametrize(
    ("command", "opens"),
    [
        (scene.operator(Command.CLEAR, "stop_hits"), True),
        (scene.operator(Command.CLEAR, "stop_hits", role="trader"), False),
        (scene.operator(Command.CLEAR, "stop_hits", reason=" "), False),
        (scene.operator(Command.CLEAR, ""), False),
        (scene.operator(Command.CLEAR, "something else"), False),
        (scene.operator(Command.RESUME), False),
    ],
)
def test_only_an_operator_with_a_reason_clears_the_latch_that_is_named(
    command: OperatorCommand, opens: bool
) -> None:
    safety = Safety()
    safety.on_tripped(trip(Cause.STOP_HITS, NOW))
    stage = Stage(safety)
    said = stage.hears(command)
    assert (cleared(said) == ["stop_hits"]) is opens
    assert ("stop_hits" in safety.state.latches) is not opens


def test_a_pause_ends_by_a_resume() -> None:
    stage = watching()
    stage.hears(scene.operator(Command.PAUSE))
    assert cleared(stage.hears(scene.operator(Command.CLEAR, "operator_pause"))) == []
    assert cleared(stage.hears(scene.operator(Command.RESUME))) == ["operator_pause"]


def test_nobody_shortens_the_day_or_a_cool_off() -> None:
    stage = watching()
    stage.hears(scene.account(day_pnl_frac=Frac(-0.06)), scene.operator(Command.KILL))
    for cause in ("daily_loss", "operator_kill"):
        assert cleared(stage.hears(scene.operator(Command.CLEAR, cause))) == []
    stage.at(NOW + 900 * NS_PER_S)
    assert cleared(stage.hears(scene.operator(Command.CLEAR, "operator_kill"))) == ["operator_kill"]


def test_r3_the_drawdown_kill_lasts_seven_days() -> None:
    stage = watching()
    stage.hears(scene.account(drawdown=Frac(0.21)))
    clear = scene.operator(Command.CLEAR, "drawdown_kill")
    assert cleared(stage.at(NOW + 7 * NS_PER_DAY - 1).hears(clear)) == []
    assert cleared(stage.at(NOW + 7 * NS_PER_DAY).hears(clear)) == ["drawdown_kill"]


def test_what_an_operator_answered_for_does_not_trip_again_by_itself() -> None:
    stage = watching()
    stage.hears(*_rejections(5), scene.operator(Command.CLEAR, "execution_errors"))
    late = [scene.entry_order("i", "x"), scene.order("x", OrderState.REJECTED)]
    assert tripped(stage.hears(*late)) == []


# restarts


def test_f84_a_tripped_latch_is_still_tripped_after_a_restart() -> None:
    stage = watching()
    history = stage.hears(scene.account(drawdown=Frac(0.13)))
    again = stage.restarted(Safety())
    assert again.reactor.state == stage.reactor.state
    assert tripped(again.hears(scene.account(drawdown=Frac(0.13)))) == []
    facts = [one for one in history if isinstance(one, SafetyTripped)]
    bare = Safety()
    for latch in standing(facts).values():
        bare.on_tripped(latch)
    assert bare.state.latches == stage.reactor.state.latches


def test_f84_the_gate_is_still_closed_after_its_own_restart() -> None:
    gate = Stage(RiskGate())
    gate.hears(trip(Cause.DRAWDOWN_FLATTEN, NOW))
    assert gate.restarted(RiskGate()).reactor.state.book.latches.keys() == {"drawdown_flatten"}


def test_history_knows_what_was_cleared() -> None:
    one, two = trip(Cause.STOP_HITS, NOW), trip(Cause.FEED_GONE, NOW)
    over = SafetyCleared("stop_hits", "ann", "seen", Ns(0))
    assert standing([one, two, over]) == {"feed_gone": two}
    assert standing([one, over, one]) == {"stop_hits": one}


# the table


def test_every_cause_has_one_rule_and_names_its_way_out() -> None:
    assert set(LATCHES) == set(Cause)
    assert all(rule.way_out for rule in LATCHES.values())


def test_f67_the_emergency_stop_neither_hears_nor_says_exits() -> None:
    for exit_ in (ExitIntent, StopRequested):
        assert exit_ not in Safety.consumes
        assert exit_ not in Safety.produces


def test_state_stays_small_over_many_orders() -> None:
    stage = watching()
    for n in range(2_000):
        stage.hears(scene.entry_order("i", f"c{n}"), scene.order(f"c{n}", OrderState.FILLED, "5"))
        stage.hears(scene.position(ETH, Decimal(n % 2)))
    state = stage.reactor.state
    assert (state.entries, state.errors) == ({}, [])
    assert list(state.open) == [ETH]
    assert BTC not in state.open


def halted(cause: str, *, by_person: bool = True, closed: bool = True) -> HaltState:
    return HaltState("bybit", cause, BTC, closed, by_person, "why", "its way out", NOW)


def test_an_operator_opens_what_the_venue_holds_back() -> None:
    stage = watching()
    name = f"venue.symbol_closed:{BTC}"
    assert stage.hears(halted("symbol_closed")) == []
    for command in (
        scene.operator(Command.CLEAR, name, role="trader"),
        scene.operator(Command.CLEAR, name, reason=" "),
        scene.operator(Command.CLEAR, "venue.symbol_closed"),
    ):
        assert cleared(stage.hears(command)) == []
    (said,) = stage.hears(scene.operator(Command.CLEAR, name))
    assert isinstance(said, SafetyCleared)
    assert (said.cause, said.since) == (name, NOW)
    assert cleared(stage.hears(scene.operator(Command.CLEAR, name))) == []


def test_what_the_venue_opens_itself_is_not_for_people() -> None:
    stage = watching()
    stage.hears(halted("not_trading", by_person=False))
    said = stage.hears(scene.operator(Command.CLEAR, f"venue.not_trading:{BTC}"))
    (alert,) = [one for one in said if isinstance(one, AlertRaised)]
    assert alert.summary.endswith("its way out")
    assert cleared(said) == []
    stage.hears(halted("not_trading", by_person=False, closed=False))
    assert stage.reactor.state.halts == {}


def test_a_new_life_hears_anew_what_its_venue_holds_back() -> None:
    stage = watching()
    stage.hears(halted("symbol_closed"), scene.started())
    assert stage.reactor.state.halts == {}
