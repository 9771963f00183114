"""A backup by hand: made of a home that lives, verified, and brought back into nothing."""

from pathlib import Path

import pytest

from tests.cli.console import here, quantum_os
from tests.laws.scenario import Scenario, play
from tests.storage.backup.homes import live_in


@pytest.fixture
def home(tmp_path: Path) -> Path:
    live_in(tmp_path / "var", play(Scenario(days=1)).envelopes)
    made = here("db", "rebuild", "--home", tmp_path / "var")
    assert made.code == 0, made.err
    return tmp_path / "var"


def test_r32_backup_verify_restore_check(home: Path, tmp_path: Path) -> None:
    """The whole way, as an operator goes it, each step a process of its own."""
    archive, back = tmp_path / "one.tar.gz", tmp_path / "back"
    made = quantum_os("backup", "create", "--home", home, "--out", archive, "--json")
    assert made.code == 0, made.err
    assert made.json()["store"]["rows"]["decisions"] > 0
    seen = quantum_os("backup", "verify", archive)
    assert (seen.code, "whole" in seen.out) == (0, True)
    done = quantum_os("backup", "restore", archive, "--home", back, "--json")
    assert done.code == 0, done.err
    assert done.json()["store"] == str(back / "store.sqlite")
    ours, theirs = (here("db", "check", "--home", each, "--json").json() for each in (home, back))
    assert theirs["problems"] == []
    assert (theirs["rows"], theirs["seq"]) == (ours["rows"], ours["seq"])


def test_r32_a_server_is_backed_up_and_comes_back(
    home: Path, database: str, tmp_path: Path
) -> None:
    on_server = ("--home", home, "--database", database)
    assert here("db", "rebuild", *on_server).code == 0
    made = here("backup", "create", *on_server, "--out", tmp_path / "one.tar.gz", "--json")
    assert made.json()["store"]["kept"] == "rows"
    line = here("backup", "restore", tmp_path / "one.tar.gz", *on_server).refusal()
    assert "is not empty" in line
    back = ("--home", tmp_path / "back", "--database", database)
    assert (
        "restored into nothing"
        in here("backup", "restore", tmp_path / "one.tar.gz", *back).refusal()
    )
    done = here("backup", "restore", tmp_path / "one.tar.gz", "--home", tmp_path / "back")
    assert done.code == 0, done.err
    assert here("db", "check", "--home", tmp_path / "back").code == 0


def test_a_name_is_found_when_none_is_given(home: Path, tmp_path: Path) -> None:
    made = quantum_os("backup", "create", "--home", home, cwd=tmp_path)
    assert made.code == 0, made.err
    (archive,) = tmp_path.glob("quantum-os-*Z.tar.gz")
    assert archive.name in made.out


def test_a_turned_byte_is_a_failed_check(home: Path, tmp_path: Path) -> None:
    archive = tmp_path / "one.tar.gz"
    assert here("backup", "create", "--home", home, "--out", archive).code == 0
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0xFF
    archive.write_bytes(bytes(data))
    here("backup", "verify", archive).refusal(1)
    here("backup", "restore", archive, "--home", tmp_path / "back").refusal()
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize(
    ("words", "finding"),
    [
        (("create",), "no such home"),
        (("create", "--database", "sqlite:///nowhere.sqlite"), "no such store"),
        (("create", "--database", "mysql://x"), "sqlite:///PATH or postgresql"),
        (("restore", "nowhere.tar.gz"), "no such file"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(
    words: tuple[str, ...], finding: str, tmp_path: Path
) -> None:
    home = tmp_path / "var"
    assert finding in here("backup", *words, "--home", home).refusal()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_archive_is_bad_input(tmp_path: Path) -> None:
    assert "no such file" in here("backup", "verify", tmp_path / "x").refusal()
