"""API2: a token that proves nothing gets the same words, and whoever guesses is kept waiting."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.api.clearance import Role
from tests.api.served import Served, served


@pytest.fixture
def guessed_at(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "home", days=1) as found:
        yield found


def shown(fund: Served, text: str) -> tuple[int, bytes]:
    answer = fund.get("/api/v1/version", role=None, headers={"Authorization": f"Bearer {text}"})
    return answer.status, answer.body


def test_unknown_wrong_expired_and_revoked_look_alike(guessed_at: Served) -> None:
    tokens = guessed_at.tokens
    revoked = tokens.create("gone", Role.OPERATOR)
    tokens.revoke(revoked.token.id)
    expired = tokens.create("old", Role.OPERATOR, lasts_s=0.0)
    wrong = tokens.create("ada", Role.OPERATOR).text[:-1] + "x"
    said = {shown(guessed_at, text) for text in ("qos_0_0", wrong, revoked.text, expired.text)}
    assert {status for status, _ in said} == {401}
    assert len(said) == 1


def test_a_request_without_a_token_says_how_to_show_one(fund: Served) -> None:
    answer = fund.get("/api/v1/version", role=None)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


def test_who_guesses_is_locked_out_and_the_operator_is_not(guessed_at: Served) -> None:
    statuses = [shown(guessed_at, f"qos_00000000_{number}")[0] for number in range(40)]
    assert statuses[:6] == [401] * 6
    assert set(statuses[6:]) == {429}
    assert guessed_at.get("/api/v1/version").status == 200


def test_guesses_at_one_token_lock_that_token_for_the_guesser(guessed_at: Served) -> None:
    token = guessed_at.tokens.create("ada", Role.VIEWER)
    statuses = [shown(guessed_at, f"qos_{token.token.id}_{n}")[0] for n in range(10)]
    assert statuses[-1] == 429
    assert shown(guessed_at, token.text)[0] == 429
    assert guessed_at.get("/api/v1/version", role=Role.VIEWER).status == 200


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
def test_only_a_bearer_token_counts(fund: Served, scheme: str) -> None:
    text = f"{scheme} {fund.of_role[Role.VIEWER]}".strip()
    answer = fund.get("/api/v1/version", role=None, headers={"Authorization": text})
    assert answer.status == 401


def test_a_token_in_the_address_does_not_count(fund: Served) -> None:
    text = fund.of_role[Role.VIEWER]
    assert fund.get(f"/api/v1/version?token={text}&access_token={text}", role=None).status == 401
