"""Each change of a token is in the audit: by the running fund, or by the next one from a note."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quantum_os.api.address import Address, address_file, write_address
from quantum_os.api.clearance import Role
from quantum_os.api.token_notes import Change, leave_note, notes_in
from quantum_os.cli.token_watch import TokenWatch
from tests.api.served import Served, served
from tests.cli.console import here


@pytest.fixture(scope="module")
def fund(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("told") / "home", days=1) as found:
        for note in notes_in(home_of(found)):
            note.unlink()  # those of the tokens that the tests show
        yield found


@pytest.fixture
def reached(fund: Served) -> Iterator[Served]:
    """The fund, where commands find it."""
    home, url = fund.fund.facts.home, f"http://127.0.0.1:{fund.port}"
    write_address(home, Address(url, fund.of_role[Role.OPERATOR], os.getpid()))
    yield fund
    address_file(home).unlink()


def home_of(fund: Served) -> Path:
    return fund.fund.facts.home.folder


def audited(fund: Served) -> list[dict[str, Any]]:
    """The entries, the latest first; the chain is whole."""
    said = fund.get("/api/v1/audit").json()
    assert said["broken_at"] is None
    return [item["event"] for item in said["items"]]


def watch_of(fund: Served) -> TokenWatch:
    life = fund.fund.life
    return TokenWatch(life.runtime, life.journal, fund.fund.facts.home)


def look(fund: Served, watch: TokenWatch) -> None:
    """Looks once; what follows is on the disk when it returns."""

    async def looked() -> None:
        await watch.look()
        life = fund.fund.life
        await life.runtime.lanes.settled()
        await life.journal.barrier(life.runtime.bus.seq)

    fund.let(looked())


def test_the_running_fund_is_told_and_no_note_is_left(reached: Served) -> None:
    home, before = home_of(reached), len(audited(reached))
    words = ("--home", home, "--reason", "ada is here", "--json")
    made = here("tokens", "create", "ada", *words).json()
    new = here("tokens", "rotate", made["id"], *words).json()
    here("tokens", "revoke", new["id"], *words).json()
    entries = audited(reached)
    assert len(entries) == before + 3
    assert [(each["action"], each["subject"], each["reason"]) for each in entries[:3]] == [
        ("tokens_revoke", new["id"], "ada is here"),
        ("tokens_rotate", made["id"], "ada is here"),
        ("tokens_create", made["id"], "ada is here"),
    ]
    assert notes_in(home) == []


def test_a_fund_that_refuses_lets_nobody_in_and_ends_a_token_all_the_same(fund: Served) -> None:
    home = fund.fund.facts.home
    mine = here("tokens", "create", "ada", "--home", home.folder, "--json").json()["id"]
    (made,) = notes_in(home.folder)
    trader = Address(f"http://127.0.0.1:{fund.port}", fund.of_role[Role.TRADER], os.getpid())
    write_address(home, trader)
    try:
        before = fund.tokens.listed()
        for verb, subject in (("create", "bob"), ("rotate", mine)):
            said = here("tokens", verb, subject, "--home", home.folder)
            assert "the running fund did not write it down" in said.refusal()
        assert fund.tokens.listed() == before
        assert here("tokens", "revoke", mine, "--home", home.folder).code == 0
    finally:
        address_file(home).unlink()
    (ended,) = set(notes_in(home.folder)) - {made}
    assert fund.tokens.listed()[-1].revoked_at is not None
    made.unlink()
    ended.unlink()


def test_a_note_enters_the_chain_once_and_goes_when_the_journal_holds_it(fund: Served) -> None:
    home, before = home_of(fund), len(audited(fund))
    made = here("tokens", "create", "eve", "--home", home, "--json").json()
    (note,) = notes_in(home)
    content = note.read_bytes()
    watch = watch_of(fund)
    look(fund, watch)
    entry = audited(fund)[0]
    assert (entry["action"], entry["subject"]) == ("tokens_create", made["id"])
    assert notes_in(home) == [note], "it stays until a look finds its words in the journal"
    look(fund, watch)
    assert notes_in(home) == []
    note.write_bytes(content)  # as one who died before the file was gone had left it
    look(fund, watch_of(fund))
    assert notes_in(home) == []
    assert len(audited(fund)) == before + 1


def test_a_home_that_was_changed_while_nobody_lived_there_says_so_at_the_start(
    tmp_path: Path,
) -> None:
    leave_note(tmp_path / "home", Change("create", "0a1b2c3d", "", "ada, viewer, for good"))
    (note,) = notes_in(tmp_path / "home")
    with served(tmp_path / "home", days=1) as found:
        look(found, watch_of(found))
        subjects = [each["subject"] for each in audited(found)]
        look(found, watch_of(found))
        assert note not in notes_in(tmp_path / "home")
    assert subjects.count("0a1b2c3d") == 1
    assert subjects[-1] == "0a1b2c3d", "the oldest comes first"
