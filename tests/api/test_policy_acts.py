"""Limits are tightened by one call, and loosened by asking, approving and waiting."""

from typing import Any

from quantum_os.api.clearance import Role
from tests.api.served import Served


def in_force(fund: Served) -> dict[str, dict[str, Any]]:
    return {row["limit"]: row for row in fund.get("/api/v1/policy").json()["limits"]}


def confirmed(fund: Served, act: str, subject: str) -> str:
    answer = fund.post("/api/v1/policy/confirmations", {"act": act, "subject": subject})
    assert answer.status == 201, answer.body
    word: str = answer.json()["confirm"]
    return word


def test_every_limit_in_force_names_all_who_bind_it(fund: Served) -> None:
    answer, limits = fund.get("/api/v1/policy").json(), fund.get("/api/v1/limits").json()
    assert answer["version"] == limits["version"]
    sources = {each["limit"]: each["source"] for each in limits["limits"].pop("sources")}
    found = {row["limit"]: row for row in answer["limits"]}
    assert {name: row["value"] for name, row in found.items()} == limits["limits"]
    assert {name: row["source"] for name, row in found.items()} == sources
    for row in found.values():
        values = [claim["value"] for claim in row["claims"]]
        assert row["value"] == (max(values) if row["is_minimum"] else min(values))


def test_a_limit_is_tightened_loosened_and_gone_back_to(own_fund: Served) -> None:
    first = own_fund.get("/api/v1/policy").json()["version"]
    wish = {"limit": "positions_max", "value": 1, "reason": "news", "lasts_h": 3}
    assert own_fund.post("/api/v1/policy/tighten", wish, role=Role.ANALYST).status == 403
    answer = own_fund.post("/api/v1/policy/tighten", wish, role=Role.TRADER)
    assert answer.status == 200, answer.body
    assert answer.json()["version"] != first
    row = in_force(own_fund)["positions_max"]
    assert (row["value"], row["source"], row["words"][0]["by"]) == (1, "operator", "trader")
    again = own_fund.post("/api/v1/policy/tighten", {**wish, "value": 2})
    assert (again.status, "needs an approval" in again.json()["detail"]) == (409, True)

    asked = own_fund.post("/api/v1/policy/loosen", {"limit": "positions_max", "reason": "calm"})
    (key,) = asked.json()["waiting"]
    assert in_force(own_fund)["positions_max"]["value"] == 1
    (waiting,) = own_fund.get("/api/v1/policy/proposals").json()["proposals"]
    assert (waiting["approval_id"], waiting["asked_by"]) == (key, "operator")

    bare = {"approval": key, "reason": "calm"}
    assert own_fund.post("/api/v1/policy/approve", bare).status == 400
    assert own_fund.post("/api/v1/policy/approve", {**bare, "confirm": "guess"}).status == 400
    other = confirmed(own_fund, "approve", "another")
    assert own_fund.post("/api/v1/policy/approve", {**bare, "confirm": other}).status == 400
    word = confirmed(own_fund, "approve", key)
    assert own_fund.post("/api/v1/policy/approve", {**bare, "confirm": word}).status == 200
    assert own_fund.post("/api/v1/policy/approve", {**bare, "confirm": word}).status == 400
    assert in_force(own_fund)["positions_max"]["value"] == 1, "its time has not come"

    veto = own_fund.post("/api/v1/policy/reject", bare, role=Role.TRADER)
    assert veto.status == 200
    assert veto.json()["waiting"] == []
    told = own_fund.get("/api/v1/policy/approvals").json()["items"]
    assert [each["stream"] for each in reversed(told)] == [
        *("approval.requested", "approval.voted", "approval.voted", "approval.decided")
    ]

    back = {
        "version": first,
        "reason": "as before",
        "confirm": confirmed(own_fund, "rollback", first),
    }
    answer = own_fund.post("/api/v1/policy/rollback", back)
    assert answer.status == 200, answer.body
    assert [each["stream"] for each in answer.json()["said"]][-1] != "policy.updated"
    assert len(answer.json()["waiting"]) == 1, "what would be looser is asked for"


def test_each_act_stands_in_the_audit_before_its_effect(own_fund: Served) -> None:
    wish = {"limit": "leverage_max", "value": 1, "reason": "weekend"}
    done = own_fund.post("/api/v1/policy/tighten", wish).json()
    entry = own_fund.get("/api/v1/audit").json()["items"][0]
    (change,) = [each for each in done["said"] if each["stream"] == "policy.updated"]
    assert entry["seq"] < change["seq"]
    told = entry["event"]
    assert (told["action"], told["subject"]) == ("policy.tighten", "leverage_max")
    assert (told["new"], told["reason"]) == ("1", "weekend")
    refused = own_fund.post("/api/v1/policy/tighten", {**wish, "expects": "another"})
    assert (refused.status, "look again" in refused.json()["detail"]) == (409, True)


def test_versions_are_listed_with_who_made_them(own_fund: Served) -> None:
    before = own_fund.get("/api/v1/policy/versions").json()
    assert [each["can_return"] for each in before["versions"]] == [False]
    own_fund.post("/api/v1/policy/tighten", {"limit": "size_factor", "value": 0.5, "reason": "x"})
    rows = own_fund.get("/api/v1/policy/versions").json()["versions"]
    assert [(row["author"], row["words"], row["can_return"]) for row in rows] == [
        ("operator", 1, False),
        ("config", 0, True),
    ]


def test_what_is_no_wish_is_refused(fund: Served) -> None:
    for body in (
        {"limit": "positions_max", "value": "one", "reason": "x"},
        {"limit": "positions_max", "value": 1, "reason": " "},
        {"limit": "positions_max", "value": 1, "reason": "x", "lasts_h": 0},
        {"limit": "positions_max", "value": 1, "reason": "x", "more": 1},
    ):
        assert fund.post("/api/v1/policy/tighten", body).status == 400
    meaning = {"act": "tighten", "subject": "x"}
    assert fund.post("/api/v1/policy/confirmations", meaning).status == 400
