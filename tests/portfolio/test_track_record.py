"""The track record counts what happened, once, and gives daily returns from closing equities."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from quantum_os.events.ai import CandidateRefused, DecisionSummary, Disposition, Gate, GateCheck
from quantum_os.events.base import Event
from quantum_os.events.execution import FundingPaid, ReconcileState
from quantum_os.events.exits import ExitReason
from quantum_os.events.portfolio import AccountUpdated, TradeClosed
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_DAY, Frac, Usd
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.portfolio.track_record import DAYS_MAX, TrackRecord, TrackRecordState
from tests.events.examples import example_of
from tests.portfolio.book import dec


def _but(kind: type[Event], **changes: Any) -> Event:
    return msgspec.structs.replace(example_of(kind), **changes)


class Desk:
    """The track record alone on a bus."""

    def __init__(self) -> None:
        self.record = TrackRecord()
        self.bus = Bus([self.record], MemoryJournal())

    def hears(self, *events: Event, day: int = 0) -> TrackRecordState:
        for event in events:
            self.bus.process(day * NS_PER_DAY, event, "test")
        assert not self.bus.faulted
        return self.record.state


def _trade(net: str, reason: ExitReason = ExitReason.STOP) -> Event:
    gross = Usd(dec(net) + 1)
    return _but(
        TradeClosed,
        gross=gross,
        fees=Usd(dec("0.8")),
        funding=Usd(dec("-0.2")),
        net=Usd(dec(net)),
        exit_reason=reason,
    )


def test_trades_are_counted_and_added() -> None:
    state = Desk().hears(_trade("5", ExitReason.TARGET), _trade("-2"), _trade("0"))
    assert (state.trades, state.wins) == (3, 1)
    assert [state.net, state.gross, state.fees, state.funding] == [
        3,
        6,
        dec("2.4"),
        dec("-0.6"),
    ]
    assert state.exit_reasons == {"target": 1, "stop": 2}


def test_dispositions_are_holds_and_candidates_and_nothing_else() -> None:
    summary = _but(
        DecisionSummary,
        symbols=("A", "B", "C"),
        disposition=(Disposition.HOLD, Disposition.CANDIDATE, Disposition.HOLD),
        reason=("EDGE", "", "EDGE"),
        report_only=(("COOLDOWN",), ("CONFIDENCE", "CHURN"), ()),
    )
    state = Desk().hears(summary, summary)
    assert (state.dispositions, state.candidates) == (6, 2)
    assert state.dispositions == state.candidates + sum(state.holds.values())
    assert state.holds == {"EDGE": 4}
    assert state.report_only == {"CONFIDENCE": 2, "CHURN": 2}


def test_refusals_are_counted_by_gate_wherever_they_happen() -> None:
    state = Desk().hears(
        _but(CandidateRefused, code=Gate.MIN_NOTIONAL),
        _but(RiskRefusal, code=Gate.HEAT),
        _but(RiskRefusal, code=Gate.HEAT),
    )
    assert state.refusals == {"MIN_NOTIONAL": 1, "HEAT": 2}


def test_permits_show_leverage_and_what_was_only_reported() -> None:
    checks = (
        GateCheck(Gate.CHURN, ok=False, report_only=True),
        GateCheck(Gate.STREAK, ok=True, report_only=True),
        GateCheck(Gate.HEAT, ok=True),
    )
    state = Desk().hears(_but(RiskPermit, checks=checks))
    assert (state.leverage, state.report_only) == ({7: 1}, {"CHURN": 1})


def test_the_worst_is_kept() -> None:
    desk = Desk()
    for drawdown in (0.01, 0.05, 0.02):
        desk.hears(_but(AccountUpdated, drawdown=Frac(drawdown)))
    for gap, ok in (("0.01", True), ("3", False), ("0", True)):
        desk.hears(_but(ReconcileState, equity_gap=Usd(dec(gap)), ok=ok))
    state = desk.hears(_but(FundingPaid, amount=Usd(dec("-1.5"))))
    assert (state.drawdown_max, state.equity_gap_max) == (0.05, dec(3))
    assert (state.reconciliations, state.mismatches) == (3, 1)
    assert state.funding_paid == dec("-1.5")


def _equity(equity: int) -> Event:
    return _but(AccountUpdated, equity=Usd(Decimal(equity)))


def test_r15_returns_are_daily_from_the_deposit_on() -> None:
    desk = Desk()
    desk.hears(_but(ProcessStarted, deposit=Usd(dec(100))))
    desk.hears(_equity(90), _equity(110), day=1)
    desk.hears(_equity(99), day=2)
    assert desk.record.daily_returns() == pytest.approx([0.1, -0.1])


def test_r15_a_run_from_midnight_to_midnight_has_its_own_days_and_no_other() -> None:
    """What is marked at the start is the deposit and closes no day; the last midnight does."""
    desk = Desk()
    desk.hears(_but(ProcessStarted, deposit=Usd(dec(100))), _equity(100), day=1)
    desk.hears(_equity(110), day=2)
    desk.hears(_equity(99), day=3)
    assert list(desk.record.state.days) == [1, 2]
    assert desk.record.daily_returns() == pytest.approx([0.1, -0.1])


def test_an_account_that_was_empty_has_no_return_from_there() -> None:
    desk = Desk()
    desk.hears(_equity(0), day=1)
    desk.hears(_equity(50), day=2)
    assert desk.record.daily_returns() == []


def test_days_are_bounded() -> None:
    desk = Desk()
    desk.record.state.days = dict.fromkeys(range(-1, DAYS_MAX - 1), dec(1))
    state = desk.hears(_equity(2), day=DAYS_MAX)
    assert len(state.days) == DAYS_MAX
    assert next(iter(state.days)) == 0
