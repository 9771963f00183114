"""Each symbol at each bar has its reason, and each candidate its one end."""

from decimal import Decimal

import msgspec
import pytest

from quantum_os.events.ai import AiDecisionMade, CandidateRefused, DecisionSummary, Gate
from quantum_os.events.base import Event
from quantum_os.events.execution import ExecutionResult, ResultStatus
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.sizing import SizingDecided, TradeIntent
from quantum_os.events.units import Ns
from tests.events.examples import example_of
from tests.storage.projections.telling import row, told


def example(kind: type[Event], **said: object) -> Event:
    return msgspec.structs.replace(example_of(kind), **said)


DECIDED = example(AiDecisionMade, decision_id="d")
SIZED = example(SizingDecided, decision_id="d")
INTENT = example(TradeIntent, decision_id="d", intent_id="i")
PERMIT = example(RiskPermit, intent=INTENT)
REFUSAL = example(RiskRefusal, decision_id="d", intent_id="i", code=Gate.HEAT, value=0.2, limit=0.1)
DROPPED = CandidateRefused("d", "S", Ns(7), "sizing.sizer", Gate.SIZE_VANISHED, 1.0, 2.0)


def result(status: ResultStatus) -> Event:
    return example(ExecutionResult, decision_id="d", intent_id="i", status=status)


def test_a_bar_leaves_a_reason_for_every_symbol() -> None:
    summary = DecisionSummary(
        bar_close=Ns(7),
        symbols=("A", "B"),
        disposition=example_of(DecisionSummary).disposition * 2,  # type: ignore[attr-defined]
        reason=("EDGE", "CONFIDENCE"),
        value=(0.1, None),
        limit=(0.2, None),
        nearest=("EDGE", ""),
        decision_id=(None, "d"),
        report_only=((), ("EDGE",)),
    )
    first, second = told(summary)["decisions"]
    assert (first["symbol"], first["reason"], first["value"], first["threshold"]) == (
        "A",
        "EDGE",
        0.1,
        0.2,
    )
    assert (second["decision_id"], list(second["report_only"])) == ("d", ["EDGE"])
    assert (first["venue"], first["mode"]) == ("sim:binance", "demo")


@pytest.mark.parametrize(
    ("events", "outcome", "stage", "code"),
    [
        ([DECIDED], None, None, None),
        ([DECIDED, DROPPED], "refused", "sizing.sizer", "SIZE_VANISHED"),
        ([DECIDED, SIZED, INTENT], None, None, None),
        ([DECIDED, SIZED, INTENT, REFUSAL], "refused", "risk", "HEAT"),
        ([DECIDED, INTENT, PERMIT, result(ResultStatus.FILLED)], "filled", "execution", None),
        ([INTENT, PERMIT, result(ResultStatus.SKIPPED_STALE)], "skipped_stale", "execution", None),
        ([INTENT, PERMIT, REFUSAL], None, None, None),
        ([INTENT, PERMIT, REFUSAL, result(ResultStatus.PARTIAL)], "partial", "execution", None),
        ([INTENT, REFUSAL, REFUSAL], "refused", "risk", "HEAT"),
        ([INTENT, result(ResultStatus.SKIPPED_DRAIN), REFUSAL], "skipped_drain", "execution", None),
    ],
)
def test_a_candidate_has_one_end(
    events: list[Event], outcome: str | None, stage: str | None, code: str | None
) -> None:
    kept = row("candidates", *events)
    assert (kept["outcome"], kept["outcome_stage"], kept["outcome_code"]) == (outcome, stage, code)
    assert (kept["ended_at"] is None) == (outcome is None)


def test_a_refusal_says_the_value_and_the_limit() -> None:
    kept = row("candidates", DECIDED, INTENT, REFUSAL)
    assert (kept["outcome_value"], kept["outcome_threshold"]) == (0.2, 0.1)


def test_an_intent_from_outside_brings_what_it_knows() -> None:
    kept = row("candidates", INTENT)
    assert (kept["intent_id"], kept["symbol"], kept["signal_id"]) == ("i", "word", None)
    assert kept["qty"] == Decimal("12.50")


def test_the_end_says_what_came_of_it() -> None:
    kept = row("candidates", DECIDED, INTENT, PERMIT, result(ResultStatus.FILLED))
    assert (kept["filled_qty"], kept["fee_usd"]) == (Decimal("12.50"), Decimal("12.50"))
    assert kept["permitted_qty"] == Decimal("12.50")
