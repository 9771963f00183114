"""The short answer on how candidates ended agrees with the whole events."""

from quantum_os.api.candidate_ends import ENDINGS, end_of
from quantum_os.events.ai import CandidateRefused
from quantum_os.events.execution import ExecutionResult, ResultStatus
from quantum_os.events.risk import RiskRefusal
from tests.api.served import Served


def test_every_end_is_that_of_its_event(fund: Served) -> None:
    kept = fund.fund.board.kept(*ENDINGS)
    kinds = set()
    for envelope, end in zip(kept, map(end_of, kept), strict=True):
        event = envelope.event()
        kinds.add(type(event))
        if isinstance(event, ExecutionResult):
            assert (end.ended == "filled") is (
                event.status in (ResultStatus.FILLED, ResultStatus.PARTIAL)
            )
            assert (end.decision_id, end.code) == (event.decision_id, event.reason)
        else:
            assert isinstance(event, RiskRefusal | CandidateRefused)
            assert (end.ended, end.code) == ("refused", event.code)
            assert (end.decision_id, end.value) == (event.decision_id, event.value)
    assert len(kinds) >= 2, "the fund ended its candidates in one way only: little is compared"


def test_no_decision_ends_twice(fund: Served) -> None:
    found = fund.get("/api/v1/decisions/ends?limit=500").json()["ends"]
    assert found
    assert len({each["decision_id"] for each in found}) == len(found)


def test_what_was_permitted_and_filled_adds_up(fund: Served) -> None:
    ends = fund.get("/api/v1/decisions/ends?limit=500").json()["ends"]
    intents = fund.get("/api/v1/intents?limit=1").json()
    assert sum(each["ended"] == "filled" for each in ends) == intents["filled"]
