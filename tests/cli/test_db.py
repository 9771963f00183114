"""The store by hand: each verb does its work, says it in a line, and refuses with one."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest
import redis

from quantum_os.storage.database.revisions import HEAD
from quantum_os.storage.journal_index import identity_of
from quantum_os.storage.redis.layout import META
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.cli.console import here, quantum_os
from tests.laws.scenario import Scenario, play
from tests.servers.redis import own_server


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the journal of two made-up days, and its store."""
    home = tmp_path_factory.mktemp("home") / "var"
    journal = SqliteJournal(home / "journal.sqlite")
    for envelope in play(Scenario(days=2)).envelopes:
        journal.append(envelope)
    asyncio.run(journal.barrier(journal.last_seq))
    journal.close()
    made = here("db", "rebuild", "--home", home, "--json")
    assert made.code == 0, made.err
    return home


@pytest.fixture
def home(lived_in: Path, tmp_path: Path) -> Path:
    return shutil.copytree(lived_in, tmp_path / "var")


def say(home: Path, statement: str) -> None:
    with sqlite3.connect(home / "store.sqlite") as store:
        store.execute(statement)
    store.close()


def test_a_store_that_is_well_is_found_well(home: Path) -> None:
    seen = here("db", "check", "--home", home, "--json")
    assert seen.code == 0, seen.err
    told = seen.json()
    assert (told["problems"], told["differences"], told["lag"]) == ([], [], 0)
    assert told["schema"] == told["code"]
    (book,) = told["books"]
    assert book["trades"] == told["rows"]["trades"] > 0
    assert float(book["gap"]) == 0.0


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("DELETE FROM trades WHERE seq = (SELECT min(seq) FROM trades)", "trades disagree"),
        ("UPDATE fills SET fee = '99' WHERE seq = (SELECT min(seq) FROM fills)", "do not add up"),
        ("DROP INDEX ix_fills_client_id", "differs from the code"),
        ("UPDATE projection SET watermark_digest = 'x'", "another fund's store"),
    ],
)
def test_f79_a_store_that_is_not_well_says_what_is_wrong(
    home: Path, damage: str, finding: str
) -> None:
    say(home, damage)
    seen = here("db", "check", "--home", home)
    assert seen.code == 1
    assert finding in seen.err
    assert "trades" in seen.out


def test_rebuilding_mends_it(home: Path) -> None:
    say(home, "DELETE FROM trades")
    made = quantum_os("db", "rebuild", "--home", home)
    assert made.code == 0, made.err
    assert "events again" in made.out
    assert here("db", "check", "--home", home).code == 0


def test_s5_a_damaged_file_is_set_aside_only_when_a_person_says_so(home: Path) -> None:
    path = home / "store.sqlite"
    with path.open("r+b") as file:
        file.seek(8_192)
        file.write(b"\xff" * 20_000)
    damaged = path.read_bytes()
    assert here("db", "check", "--home", home).code == 1
    assert "is damaged" in here("db", "rebuild", "--home", home).refusal(1)
    assert path.read_bytes() == damaged
    made = here("db", "rebuild", "--discard-older", "--home", home)
    assert made.code == 0, made.err
    assert (home / "store.sqlite.damaged-1").read_bytes() == damaged
    assert here("db", "check", "--home", home).code == 0


def test_a_server_holds_the_same_store(home: Path, database: str) -> None:
    up = here("db", "upgrade", "--database", database, "--json")
    assert up.code == 0, up.err
    assert (up.json()["before"], up.json()["after"]) == (None, HEAD)
    made = here("db", "rebuild", "--database", database, "--home", home, "--json")
    assert made.code == 0, made.err
    there = here("db", "check", "--database", database, "--home", home, "--json").json()
    ours = here("db", "check", "--home", home, "--json").json()
    assert (there["rows"], there["books"], there["problems"]) == (ours["rows"], ours["books"], [])
    room = here("db", "vacuum", "--database", database, "--json").json()["bytes"]
    assert 0 < room["after"] <= room["before"]


def test_the_schema_goes_back_only_when_told_to_drop(home: Path) -> None:
    kept = here("db", "upgrade", "--to", "0001", "--home", home)
    assert (kept.code, f"{HEAD} already" in kept.out) == (0, True)
    back = here("db", "upgrade", "--to", "0001", "--drop", "--home", home)
    assert (back.code, f"{HEAD} -> 0001" in back.out) == (0, True)
    seen = here("db", "check", "--home", home)
    assert seen.code == 1
    assert f"`quantum-os db upgrade` brings it to {HEAD}" in seen.err


def test_a_schema_of_a_later_release_is_refused(home: Path) -> None:
    say(home, "UPDATE alembic_version SET version_num = '0042'")
    line = here("db", "rebuild", "--home", home).refusal(78)
    assert "install the newer release" in line


def test_old_decisions_are_forgotten(home: Path) -> None:
    before = here("db", "check", "--home", home, "--json").json()["rows"]["decisions"]
    done = here("db", "prune", "--decision-days", "1", "--home", home, "--json")
    assert done.code == 0, done.err
    gone = done.json()["forgotten"]
    after = here("db", "check", "--home", home, "--json").json()["rows"]["decisions"]
    assert before - gone["decisions"] == after
    assert "journal" not in gone


def test_the_journal_is_trimmed_behind_the_oldest_snapshot_only(home: Path) -> None:
    words = ("db", "prune", "--journal-days", "1", "--home", home)
    assert "without a snapshot the whole journal is needed" in here(*words).refusal()
    snapshots = home / "snapshots"
    snapshots.mkdir()
    (snapshots / f"{100:020d}.snapshot").touch()
    with sqlite3.connect(home / "journal.sqlite") as journal:
        journal.execute("UPDATE journal SET ts = ts - 90 * 86400 * 1000000000 WHERE seq <= 200")
    journal.close()
    done = here(*words, "--json")
    assert done.code == 0, done.err
    assert done.json()["forgotten"]["journal"] == 99


def test_the_journal_is_not_trimmed_past_what_a_mirror_lacks(home: Path) -> None:
    snapshots = home / "snapshots"
    snapshots.mkdir()
    (snapshots / f"{100:020d}.snapshot").touch()
    with sqlite3.connect(home / "journal.sqlite") as journal:
        journal.execute("UPDATE journal SET ts = ts - 90 * 86400 * 1000000000 WHERE seq <= 200")
    journal.close()
    mirror = {"instance": identity_of(home / "journal.sqlite"), "mirrored": 50}
    with own_server() as server:
        server.start()
        words = ("db", "prune", "--journal-days", "1", "--home", home, "--redis", server.url)
        assert "there is no mirror of" in here(*words).refusal()
        with redis.Redis.from_url(server.url) as client:
            client.hset(META, mapping=mirror)
        done = here(*words, "--json")
    assert "--redis" in here(*words).refusal()
    assert done.code == 0, done.err
    assert done.json()["forgotten"]["journal"] == 49


@pytest.mark.parametrize(
    ("words", "finding"),
    [
        (("check",), "no such store"),
        (("vacuum",), "no such store"),
        (("prune",), "no such store"),
        (("rebuild",), "no such journal"),
        (("upgrade", "--database", "mysql://fund@localhost/fund"), "sqlite:///PATH or postgresql"),
        (("upgrade", "--drop"), "--drop goes with --to"),
        (("prune", "--decision-days", "0"), "--decision-days is 1 to"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(
    words: tuple[str, ...], finding: str, tmp_path: Path
) -> None:
    assert finding in here("db", *words, "--home", tmp_path / "var").refusal()
    assert not (tmp_path / "var").exists()


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    url = "postgresql://fund:s3cret@127.0.0.1:1/fund"
    line = here("db", "check", "--database", url, "--home", tmp_path).refusal(1)
    assert "refused" in line
    assert "s3cret" not in line


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_text("a letter, not a database\n" * 100)
    line = here("db", "check", "--home", tmp_path).refusal(1)
    assert "not a database" in line
