"""What is told of trust is what the supervisor knows; weights are frozen and freed by an act."""

from collections import Counter

import pytest

from quantum_os.ai.outcome_window import OutcomeWindow
from quantum_os.ai.supervisor import Supervisor
from quantum_os.ai.weights import Weights
from quantum_os.api.clearance import Role
from tests.api.served import Served

FREEZE, UNFREEZE = "/api/v1/models/freeze", "/api/v1/models/unfreeze"
WHY = {"reason": "an odd week"}


def test_every_voter_has_a_state_with_its_figures_or_a_reason(fund: Served) -> None:
    told = fund.get("/api/v1/models/states").json()
    voters = fund.fund.module(Supervisor).state.voters
    assert [row["slot"] for row in told["voters"]] == list(voters)
    assert told["as_of"]
    assert told["source"] == "ai.supervisor"
    for row in told["voters"]:
        track = voters[row["slot"]]
        assert row["state"] == track.standing.state
        assert row["weight_left"] == 1.0
        assert (row["review"] is None) is bool(row["review_reason"])
        assert (row["drift"] is None) is bool(row["drift_reason"])
        assert "no model of a training" in row["drift_reason"], "these are rules"
        if row["review"] is not None:
            assert track.review is not None
            assert row["review"]["outcomes"] == track.review.outcomes


def test_equal_weights_say_why_they_are(fund: Served) -> None:
    told = fund.get("/api/v1/models/weights").json()
    state = fund.fund.module(Weights).state
    assert told["voters"] == list(state.voters)
    assert told["regimes"] == []
    assert "all count as they came" in told["reason"]
    held = [len(state.windows.get(voter, OutcomeWindow())) for voter in state.voters]
    assert told["outcomes"] == held
    assert told["frozen"] is None


def test_the_board_counts_every_outcome_once_a_voter(fund: Served) -> None:
    cells = fund.get("/api/v1/models/board").json()["cells"]
    curves = fund.get("/api/v1/models/reliability").json()["curves"]
    counted: Counter[str] = Counter()
    for cell in cells:
        counted[cell["who"]] += cell["n"]
        assert cell["rate"] == pytest.approx(cell["wins"] / cell["n"])
        low, high = cell["interval"]
        assert low - 1e-9 <= cell["rate"] <= high + 1e-9
        assert (cell["said"] is None) is (cell["with_p"] == 0)
    assert counted == {each["who"]: each["resolved"] for each in curves if each["resolved"]}
    assert len({(cell["who"], cell["regime"], cell["symbol"]) for cell in cells}) == len(cells)
    assert [cell["n"] for cell in cells] == sorted((cell["n"] for cell in cells), reverse=True)
    assert {cell["regime"] for cell in cells} > {"UNKNOWN"}


def test_weights_are_frozen_by_a_trader_and_freed_by_an_operator(own_fund: Served) -> None:
    assert own_fund.post(FREEZE, WHY, role=Role.ANALYST).status == 403
    assert own_fund.post(FREEZE, {"reason": " "}).status == 400
    done = own_fund.post(FREEZE, WHY, role=Role.TRADER)
    assert done.status == 200, done.body
    assert (done.json()["action"], done.json()["frozen"]) == ("models.freeze", True)
    told = own_fund.get("/api/v1/models/weights").json()
    assert told["frozen"]["by"] == "trader"
    assert told["frozen"]["reason"] == WHY["reason"]
    again = own_fund.post(FREEZE, WHY)
    assert again.status == 409
    assert "trader froze" in again.json()["detail"]
    assert own_fund.post(UNFREEZE, WHY, role=Role.TRADER).status == 403
    freed = own_fund.post(UNFREEZE, WHY)
    assert (freed.status, freed.json()["frozen"]) == (200, False)
    assert own_fund.post(UNFREEZE, WHY).status == 409
    kept = own_fund.get("/api/v1/models/weights/history").json()["items"]
    assert [each["event"]["frozen"] for each in kept] == [False, True]
    entries = own_fund.get("/api/v1/audit").json()["items"]
    acts = [each["event"]["action"] for each in entries]
    assert acts.count("models.freeze") == 2, "one that was refused is written down too"
    assert entries[-1]["event"]["old"] == "moving"
