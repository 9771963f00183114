"""Every intent is accounted for, and none ends twice."""

import pytest

from quantum_os.events.ai import Gate
from quantum_os.events.execution import ResultStatus
from quantum_os.events.risk import RiskRefusal
from quantum_os.events.sizing import IntentReceived
from quantum_os.execution.conservation import Conservation, UnconservedIntent
from quantum_os.execution.entries import unfilled
from tests.execution.desk import BTC, intent, permit


def refusal(name: str, code: Gate = Gate.HEAT) -> RiskRefusal:
    return RiskRefusal(name, f"d-{name}", BTC, code, None, None, "", ())


def permitted(name: str) -> Conservation:
    books = Conservation()
    books.on_intent(intent(name))
    books.on_permit(permit(intent(name)))
    return books


@pytest.mark.parametrize(
    ("status", "end"),
    [
        (ResultStatus.FILLED, "filled"),
        (ResultStatus.PARTIAL, "filled"),
        (ResultStatus.REJECTED, "refused"),
        (ResultStatus.SKIPPED_DRAIN, "refused"),
        (ResultStatus.SKIPPED_STALE, "expired"),
        (ResultStatus.SUPERSEDED, "superseded"),
    ],
)
def test_each_result_counts_as_one_end(status: ResultStatus, end: str) -> None:
    books = permitted("i1")
    assert (books.state.in_flight, books.residual) == (1, 0)
    books.on_result(unfilled(intent("i1"), status, ""))
    ends = {name: getattr(books.state, name) for name in ("filled", "refused", "expired")}
    ends["superseded"] = books.state.superseded
    assert ends == {**dict.fromkeys(ends, 0), end: 1}
    assert (books.state.in_flight, books.residual, books.state.total) == (0, 0, 1)


def test_a_second_end_is_a_broken_promise() -> None:
    books = permitted("i1")
    books.on_result(unfilled(intent("i1"), ResultStatus.FILLED, ""))
    with pytest.raises(UnconservedIntent, match="i1"):
        books.on_result(unfilled(intent("i1"), ResultStatus.FILLED, ""))
    with pytest.raises(UnconservedIntent):
        books.on_refusal(refusal("i1"))


def test_an_end_without_its_stage_is_a_broken_promise() -> None:
    books = Conservation()
    books.on_intent(intent("i1"))
    with pytest.raises(UnconservedIntent):
        books.on_result(unfilled(intent("i1"), ResultStatus.FILLED, ""))
    with pytest.raises(UnconservedIntent):
        permitted("i2").on_refusal(refusal("i2"))


def test_a_repeated_offer_ends_by_its_own_refusal() -> None:
    books = permitted("i1")
    books.on_intent(intent("i1"))
    books.on_refusal(refusal("i1", Gate.DUPLICATE_INTENT))
    books.on_result(unfilled(intent("i1"), ResultStatus.FILLED, ""))
    assert (books.state.total, books.state.refused, books.state.filled) == (2, 1, 1)
    assert (books.state.in_flight, books.residual) == (0, 0)


def received(name: str, delivery: str = "s/1") -> IntentReceived:
    whole = intent(name)
    return IntentReceived(
        delivery=delivery,
        producer="bot",
        intent_id=name,
        decision_id=whole.decision_id,
        symbol=whole.symbol,
        side=whole.side,
        created=whole.created,
        intent=whole,
    )


def test_an_intent_from_outside_is_one_intent_all_the_way() -> None:
    books = Conservation()
    books.on_received(received("i1"))
    assert (books.state.in_flight, books.residual) == (1, 0)
    books.on_intent(intent("i1"))
    books.on_permit(permit(intent("i1")))
    books.on_result(unfilled(intent("i1"), ResultStatus.FILLED, ""))
    assert (books.state.total, books.state.filled, books.state.in_flight) == (1, 1, 0)


def test_one_from_outside_may_end_before_the_gate_and_only_once() -> None:
    books = Conservation()
    books.on_received(received("i1"))
    books.on_result(unfilled(intent("i1"), ResultStatus.SKIPPED_STALE, ""))
    assert (books.state.total, books.state.expired, books.residual) == (1, 1, 0)
    with pytest.raises(UnconservedIntent):
        books.on_result(unfilled(intent("i1"), ResultStatus.SKIPPED_STALE, ""))


def test_f08_a_message_that_comes_again_is_no_second_intent() -> None:
    books = Conservation()
    books.on_received(received("i1"))
    books.on_received(received("i1"))
    assert books.state.total == 1
    books.on_received(received("i1", "s/2"))
    assert (books.state.total, books.state.in_flight) == (2, 2)


def test_a_lost_intent_shows_in_the_residual() -> None:
    books = permitted("i1")
    books.state.permitted.clear()
    assert books.residual == 1
