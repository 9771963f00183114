"""A position has one row and one end; the account has a point a minute; alerts come and go."""

from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import FundingPaid
from quantum_os.events.governance import (
    ApprovalDecided,
    ApprovalRequested,
    ApprovalState,
    ApprovalVoted,
    PolicyUpdated,
)
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.risk import (
    IncidentClosed,
    IncidentOpened,
    SafetyCleared,
    SafetyTripped,
    WindowLine,
)
from quantum_os.events.system import AlertRaised, AlertResolved, Severity
from quantum_os.events.units import NS_PER_MINUTE, Ns, Qty, Usd
from tests.events.examples import example_of
from tests.storage.projections.telling import START, row, told


def example(kind: type[Event], **said: object) -> Event:
    return msgspec.structs.replace(example_of(kind), **said)


def account(time: int, equity: str) -> Event:
    return example(AccountUpdated, time=Ns(time), equity=Usd(Decimal(equity)))


def test_a_position_is_one_row_from_its_first_word_to_its_last() -> None:
    opened = example(PositionUpdated, qty=Qty(Decimal(2)))
    flat = example(PositionUpdated, qty=Qty(Decimal(0)))
    assert row("positions", opened)["closed_at"] is None
    kept = row("positions", opened, flat)
    assert (kept["seq"], kept["updated_seq"], kept["closed_at"]) == (1, 2, 2_000)
    assert kept["qty"] == 0


def test_f79_a_position_closes_exactly_once() -> None:
    """The second end is not booked, not lost and not silent: it is set aside, whole."""
    first = example(TradeClosed, net=Usd(Decimal(1)))
    second = example(TradeClosed, net=Usd(Decimal(2)))
    rows = told(first, second)
    assert [kept["net"] for kept in rows["trades"]] == [1]
    (aside,) = rows["unprojected"]
    assert (aside["seq"], aside["stream"]) == (2, "trade.closed")
    assert "was closed at seq 1" in aside["error"]


def test_the_last_word_of_a_minute_stands_for_it() -> None:
    points = told(
        account(5, "100"), account(NS_PER_MINUTE - 1, "101"), account(NS_PER_MINUTE, "102")
    )["equity"]
    assert [(point["minute"], point["equity"]) for point in points] == [
        (0, 101),
        (NS_PER_MINUTE, 102),
    ]
    assert (points[0]["venue"], points[0]["mode"]) == ("sim:binance", "demo")


def test_the_account_belongs_to_the_life_it_was_told_in() -> None:
    other = msgspec.structs.replace(START, venue="sim:bybit")
    assert row("equity", other, account(5, "100"))["venue"] == "sim:bybit"


def test_a_payment_that_is_said_again_is_the_payment_we_have() -> None:
    first = example(FundingPaid, amount=Usd(Decimal(-1)))
    again = example(FundingPaid, amount=Usd(Decimal(-9)))
    assert row("funding", first, again)["amount"] == -1


def test_a_renewed_policy_is_one_row_with_a_later_end() -> None:
    kept = row(
        "policies",
        example(PolicyUpdated, valid_until=Ns(5), reason="start"),
        example(PolicyUpdated, valid_until=Ns(9), reason="renewed"),
    )
    assert (kept["valid_until"], kept["reason"], kept["seq"]) == (9, "start", 1)


def test_an_alert_is_raised_and_resolved_in_one_row() -> None:
    raised = AlertRaised("k", "rule", Severity.WARNING, "it smells", Ns(5), 0.5)
    kept = row("alerts", raised, AlertResolved("k", Ns(5), Ns(8)))
    assert (kept["summary"], kept["resolved_at"], kept["value"]) == ("it smells", 8, 0.5)
    assert len(told(raised, AlertRaised("k", "rule", Severity.INFO, "again", Ns(6)))["alerts"]) == 2


def test_an_incident_is_one_row_from_the_latch_to_whom_let_it_go_on() -> None:
    tripped = example(SafetyTripped, cause="drawdown", since=Ns(7), value=0.2, limit=0.15)
    cleared = example(SafetyCleared, cause="drawdown", actor="ann", reason="seen", since=Ns(7))
    again = msgspec.structs.replace(tripped, since=Ns(9))
    (first, second) = told(tripped, cleared, again)["incidents"]
    assert (first["seq"], first["value"], first["threshold"]) == (1, 0.2, 0.15)
    assert (first["closed_at"], first["closed_by"], first["finding"]) == (2_000, "ann", "seen")
    assert (second["since"], second["closed_at"]) == (9, None)


def test_a_broken_invariant_is_one_row_with_the_events_before_it() -> None:
    window = (WindowLine(Ns(3), "fill", "{}"),)
    opened = example(IncidentOpened, incident_id="i1", number=1, window=window, opened_at=Ns(7))
    closed = IncidentClosed("i1", "ann", "the venue was slow", 4, Ns(7), Ns(9))
    kept = row("breaches", opened, closed)
    assert [*kept["window"]] == [{"at": 3, "stream": "fill", "text": "{}"}]
    assert (kept["number"], kept["repeated"], kept["closed_at"]) == (1, 4, 9)
    assert (kept["closed_by"], kept["finding"]) == ("ann", "the venue was slow")
    assert row("breaches", opened)["closed_at"] is None


def test_an_approval_is_one_row_with_each_vote_and_its_end() -> None:
    asked = example(ApprovalRequested, approval_id="a1", subject="positions_max", quorum=2)
    first = example(ApprovalVoted, approval_id="a1", actor="ann", approves=True)
    second = example(ApprovalVoted, approval_id="a1", actor="bob", approves=True)
    end = example(ApprovalDecided, approval_id="a1", state=ApprovalState.APPROVED)
    waiting = row("approvals", asked)
    assert (waiting["state"], waiting["votes"], waiting["decided_at"]) == ("pending", [], None)
    kept = row("approvals", asked, first, second, end)
    assert [vote["actor"] for vote in kept["votes"]] == ["ann", "bob"]
    assert (kept["state"], kept["subject"], kept["seq"]) == ("approved", "positions_max", 1)
