"""No token changes unless somebody was told before; where nobody can be, a note is on the disk."""

import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantum_os.api.clearance import Role
from quantum_os.api.token_notes import NOTES, Change, leave_note, notes_in, read_note
from quantum_os.api.tokens import TOKENS_FILE, Issued, Token, TokenFile, TokensError, split

STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "revoke", "rotate"]), st.integers(0, 9), st.booleans()),
    max_size=8,
)


class Ear:
    """Hears of changes, or refuses to; keeps what the file held at each of them."""

    def __init__(self, home: Path) -> None:
        self._file = home / TOKENS_FILE
        self.refuses = False
        self.heard: list[tuple[Change, bytes]] = []

    @property
    def content(self) -> bytes:
        return self._file.read_bytes() if self._file.exists() else b""

    def __call__(self, change: Change) -> None:
        if self.refuses:
            raise TokensError("nobody listens")
        self.heard.append((change, self.content))


def act(tokens: TokenFile, verb: str, which: int) -> Issued | Token:
    if verb == "create":
        return tokens.create("ada", Role.VIEWER)
    there = tokens.listed()
    token_id = there[which % len(there)].id if there else "none"
    return tokens.revoke(token_id) if verb == "revoke" else tokens.rotate(token_id)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_law_the_file_changes_once_for_each_change_that_was_told_and_after_it(
    steps: list[tuple[str, int, bool]],
) -> None:
    with TemporaryDirectory() as folder:
        ear = Ear(Path(folder))
        tokens = TokenFile(Path(folder) / TOKENS_FILE, tell=ear)
        for verb, which, refuses in steps:
            before, told = ear.content, len(ear.heard)
            ear.refuses = refuses
            try:
                act(tokens, verb, which)
            except TokensError:
                assert ear.content == before
                assert len(ear.heard) == told
                continue
            (change, content) = ear.heard[-1]
            assert (change.action, content) == (verb, before), "it was told after the effect"
            assert len(ear.heard) == told + 1
            assert ear.content != before


@pytest.mark.parametrize("verb", ["create", "revoke", "rotate"])
def test_who_says_nothing_else_leaves_a_note(tmp_path: Path, verb: str) -> None:
    quiet = TokenFile(tmp_path / TOKENS_FILE, tell=lambda change: None)
    first = quiet.create("ada", Role.TRADER)
    assert notes_in(tmp_path) == []
    done = act(TokenFile(tmp_path / TOKENS_FILE), verb, 0)
    (note,) = notes_in(tmp_path)
    said = read_note(note)
    subject = done.token.id if verb == "create" and isinstance(done, Issued) else first.token.id
    assert (said.action, said.subject) == (f"tokens_{verb}", subject)
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    if isinstance(done, Issued):
        assert split(done.text)[1] not in note.read_text()
        assert done.token.hash not in note.read_text()


def test_where_no_note_can_be_left_no_token_changes(tmp_path: Path) -> None:
    (tmp_path / NOTES).write_text("in the way")
    tokens = TokenFile(tmp_path / TOKENS_FILE)
    with pytest.raises(OSError, match=NOTES):
        tokens.create("ada", Role.VIEWER)
    assert tokens.listed() == []
    assert not tokens.exists


def test_a_note_that_cannot_be_read_is_a_change_all_the_same(tmp_path: Path) -> None:
    leave_note(tmp_path, Change("create", "1", "", "ada"))
    (note,) = notes_in(tmp_path)
    note.write_text("{")
    said = read_note(note)
    assert (said.action, said.actor) == ("tokens_unknown", "unknown")
    assert said == read_note(note), "said twice it is the same"
