"""A token is shown once, kept as a hash, and good until it expires, is revoked or rotated."""

import stat
from pathlib import Path

import pytest

from quantum_os.api.clearance import Role
from quantum_os.api.tokens import Token, TokenFile, TokensError, split

HOUR_NS = 3_600_000_000_000


class Clock:
    def __init__(self) -> None:
        self.ns = 1_000_000_000_000_000_000

    def now(self) -> int:
        return self.ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(tmp_path: Path, clock: Clock) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json", clock.now)


def test_a_token_proves_who_holds_it_and_its_text_is_kept_nowhere(
    tokens: TokenFile, tmp_path: Path
) -> None:
    issued = tokens.create("ada", Role.ANALYST)
    assert tokens.holder(issued.text) == issued.token
    _, secret = split(issued.text)
    assert len(secret) == 64
    assert secret not in (tmp_path / "tokens.json").read_text()
    assert stat.S_IMODE((tmp_path / "tokens.json").stat().st_mode) == 0o600


def test_what_proves_nothing(tokens: TokenFile) -> None:
    issued = tokens.create("ada", Role.ANALYST)
    other = tokens.create("bob", Role.VIEWER)
    _, secret = split(other.text)
    swapped = f"qos_{issued.token.id}_{secret}"
    for text in ("", "qos", "qos__", issued.text[:-1], issued.text + "0", swapped, "x" * 500):
        assert tokens.holder(text) is None


def test_an_expired_token_is_no_longer_good(tokens: TokenFile, clock: Clock) -> None:
    issued = tokens.create("ada", Role.VIEWER, lasts_s=3_600)
    clock.ns += HOUR_NS - 1
    assert tokens.holder(issued.text) is not None
    clock.ns += 1
    assert tokens.holder(issued.text) is None


def test_a_revoked_token_ends_and_a_rotated_one_is_replaced(tokens: TokenFile) -> None:
    gone, old = tokens.create("ada", Role.VIEWER), tokens.create("bob", Role.TRADER, 60.0)
    tokens.revoke(gone.token.id)
    new = tokens.rotate(old.token.id)
    assert tokens.holder(gone.text) is None
    assert tokens.holder(old.text) is None
    held = tokens.holder(new.text)
    assert held is not None
    assert (held.name, held.role) == ("bob", Role.TRADER)
    with pytest.raises(TokensError, match="no longer good"):
        tokens.rotate(gone.token.id)


def test_another_process_revokes_and_this_one_heeds_it(
    tokens: TokenFile, tmp_path: Path, clock: Clock
) -> None:
    issued = tokens.create("ada", Role.OPERATOR)
    assert tokens.holder(issued.text) is not None
    TokenFile(tmp_path / "tokens.json", clock.now).revoke(issued.token.id)
    assert tokens.holder(issued.text) is None


def test_a_file_that_others_can_read_lets_nobody_in(tokens: TokenFile, tmp_path: Path) -> None:
    issued = tokens.create("ada", Role.OPERATOR)
    (tmp_path / "tokens.json").chmod(0o644)
    with pytest.raises(TokensError, match="can be read by others"):
        tokens.holder(issued.text)


def test_a_lent_token_is_in_no_file(tokens: TokenFile, tmp_path: Path) -> None:
    lent = tokens.lend("local", Role.OPERATOR)
    assert tokens.holder(lent.text) == lent.token
    assert TokenFile(tmp_path / "tokens.json").holder(lent.text) is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "line\nbreak"])
def test_a_name_that_is_none_is_refused(tokens: TokenFile, name: str) -> None:
    with pytest.raises(TokensError):
        tokens.create(name, Role.VIEWER)


def test_a_token_tells_neither_secret_nor_more_than_a_hash() -> None:
    assert set(Token.__struct_fields__) == {
        *("id", "name", "role", "hash"),
        *("created_at", "expires_at", "revoked_at"),
    }
