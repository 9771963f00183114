"""API3: a body says exactly what its act knows, and an answer tells nothing that is secret."""

import pytest

from quantum_os.api.clearance import Role
from tests.api.served import Served

PAUSE = "/api/v1/pause"


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "x", "role": "operator"},
        {"reason": "x", "actor": "somebody else"},
        {"reason": 1},
        {"reason": None},
        {"reason": ""},
        {"reason": "   "},
        {"reason": "x" * 501},
        {},
        [],
        "reason",
        1,
        None,
    ],
)
def test_what_is_not_this_body_is_refused(fund: Served, body: object) -> None:
    answer = fund.ask("POST", PAUSE, body=body)
    assert answer.status == 400, answer.body
    assert answer.json()["title"] == "Bad Request"
    assert fund.get("/api/v1/locks").json()["locks"] == []


def test_a_refused_body_leaves_no_entry_in_the_audit(fund: Served) -> None:
    fund.post(PAUSE, {"reason": "x", "other": 1})
    assert fund.get("/api/v1/audit").json()["items"] == []


def test_no_answer_holds_a_token_or_its_hash(fund: Served) -> None:
    secrets = [text.rpartition("_")[2] for text in fund.of_role.values()]
    secrets += [token.hash for token in fund.tokens.listed()]
    for path in ("/api/v1/config", "/api/v1/audit", "/api/v1/logs", "/metrics", "/api/v1/bus"):
        body = fund.get(path).body.decode()
        assert not any(secret in body for secret in secrets), path


def test_the_configuration_is_masked(fund: Served) -> None:
    config = fund.get("/api/v1/config", role=Role.ANALYST).json()["config"]
    assert config["run"]["profile"] == "research"
