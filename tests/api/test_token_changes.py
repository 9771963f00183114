"""What a command tells of a token becomes an entry, and changes no token over the network."""

import pytest

from quantum_os.api.clearance import Role
from tests.api.served import Served

PATH = "/api/v1/token_changes"
TOLD = {"action": "create", "token_id": "0a1b2c3d", "old": "", "new": "ada, viewer, for good"}


def test_it_is_written_down_and_nothing_else_happens(own_fund: Served) -> None:
    before = own_fund.tokens.listed()
    said = own_fund.post(PATH, {**TOLD, "reason": "ada is here"})
    assert said.json() == {"action": "tokens_create", "audit": 1, "audit_durable": True}
    (item,) = own_fund.get("/api/v1/audit").json()["items"]
    entry = item["event"]
    assert (entry["action"], entry["subject"]) == ("tokens_create", TOLD["token_id"])
    assert (entry["new"], entry["reason"]) == (TOLD["new"], "ada is here")
    assert (entry["actor"], entry["role"]) == ("operator", "operator")
    assert own_fund.tokens.listed() == before


def test_only_an_operator_tells_and_only_of_tokens(fund: Served) -> None:
    assert fund.post(PATH, TOLD, role=Role.TRADER).status == 403
    assert fund.post(PATH, TOLD, role=None).status == 401


@pytest.mark.parametrize(
    "wrong",
    [{"action": "kill"}, {"token_id": ""}, {"new": "x" * 301}, {"more": 1}, {"reason": "x" * 501}],
)
def test_what_is_no_change_of_a_token_is_refused(fund: Served, wrong: dict[str, object]) -> None:
    assert fund.post(PATH, {**TOLD, **wrong}).status == 400
