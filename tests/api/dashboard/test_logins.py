"""A one-time link: once, in time, for a token that ends; and who guesses waits."""

from pathlib import Path

import pytest

from quantum_os.api.clearance import Role
from quantum_os.api.dashboard.logins import (
    ASKED_LASTS_S,
    LINK_LASTS_S,
    SESSION_S,
    WAITING_MAX,
    LoginLinks,
)
from quantum_os.api.tokens import TOKENS_FILE, TokenFile
from tests.api.served import Served


class Hands:
    """A clock that a test turns, in ns."""

    def __init__(self) -> None:
        self.ns = 10**18

    def __call__(self) -> int:
        return self.ns

    def pass_s(self, seconds: float) -> None:
        self.ns += round(seconds * 1e9)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def tokens(tmp_path: Path, hands: Hands) -> TokenFile:
    return TokenFile(tmp_path / TOKENS_FILE, hands)


@pytest.fixture
def links(tokens: TokenFile, hands: Hands) -> LoginLinks:
    return LoginLinks(tokens, hands)


def test_a_word_is_good_once(links: LoginLinks, tokens: TokenFile) -> None:
    word = links.make(Role.TRADER)
    issued = links.redeem(word)
    assert issued is not None
    holder = tokens.holder(issued.text)
    assert holder is not None
    assert holder.role is Role.TRADER
    assert links.redeem(word) is None


def test_a_word_is_good_for_an_hour(links: LoginLinks, hands: Hands) -> None:
    soon, late = links.make(Role.VIEWER), links.make(Role.VIEWER)
    hands.pass_s(LINK_LASTS_S - 1)
    assert links.redeem(soon) is not None
    hands.pass_s(1)
    assert links.redeem(late) is None


def test_a_word_that_was_asked_for_ends_when_it_was_said_to(
    links: LoginLinks, hands: Hands
) -> None:
    soon, late = (links.make(Role.OPERATOR, ASKED_LASTS_S) for _ in range(2))
    hands.pass_s(ASKED_LASTS_S - 1)
    assert links.redeem(soon) is not None
    hands.pass_s(1)
    assert links.redeem(late) is None


def test_the_token_of_a_link_ends(links: LoginLinks, tokens: TokenFile, hands: Hands) -> None:
    issued = links.redeem(links.make(Role.OPERATOR))
    assert issued is not None
    hands.pass_s(SESSION_S)
    assert tokens.holder(issued.text) is None


def test_only_the_token_of_a_link_ends_by_logging_out(links: LoginLinks, tokens: TokenFile) -> None:
    kept = tokens.create("kept", Role.OPERATOR)
    assert not links.end(kept.token.id)
    issued = links.redeem(links.make(Role.OPERATOR))
    assert issued is not None
    assert links.end(issued.token.id)
    assert not links.end(issued.token.id)
    assert tokens.holder(issued.text) is None
    assert tokens.holder(kept.text) is not None


def test_so_many_links_wait_and_no_more(links: LoginLinks) -> None:
    words = [links.make(Role.VIEWER) for _ in range(WAITING_MAX + 1)]
    assert links.redeem(words[0]) is None
    assert all(links.redeem(word) is not None for word in words[1:])


def test_no_word_and_no_token_of_a_link_is_in_a_file(links: LoginLinks, tokens: TokenFile) -> None:
    links.redeem(links.make(Role.OPERATOR))
    assert not tokens.exists


def test_who_guesses_links_is_kept_waiting(own_fund: Served) -> None:
    word = own_fund.links.make(Role.VIEWER)
    statuses = [
        own_fund.post("/dashboard/login", {"code": f"guess{'x' * 20}{n}"}, role=None).status
        for n in range(8)
    ]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert own_fund.post("/dashboard/login", {"code": word}, role=None).status == 429


@pytest.mark.parametrize(
    "body", [{}, {"code": ""}, {"code": "a b"}, {"code": 1}, {"code": "x" * 20, "more": 1}]
)
def test_a_word_is_a_word(fund: Served, body: object) -> None:
    assert fund.post("/dashboard/login", body, role=None).status == 400


def test_a_page_of_another_site_cannot_use_a_link(own_fund: Served) -> None:
    word = own_fund.links.make(Role.OPERATOR)
    foreign = {"Origin": "http://evil.example"}
    answer = own_fund.post("/dashboard/login", {"code": word}, role=None, headers=foreign)
    assert answer.status == 403
    assert own_fund.post("/dashboard/login", {"code": word}, role=None).status == 200


def test_whose_token_it_is_is_told(fund: Served) -> None:
    for role in Role:
        assert fund.get("/dashboard/whoami", role=role).json() == {"name": role, "role": role}
