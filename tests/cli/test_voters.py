"""Own strategies as a user brings them: from a file, from a package, changed, lost and broken."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from quantum_os.storage.run_book import read_run
from tests.ai.strategies import BAD, FINE, written
from tests.cli.console import Said, here, quantum_os

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "pullback"

BREAKS = FINE.replace("return", 'assert not (frame.symbols[0][:3] == "BTC"), "no BTC"; return')
"""A strategy that is fine on the frames it is tried on, and breaks on the first real one."""


def backtest(tape: Path, folder: Path, *words: object, path: Path | None = None) -> Said:
    return quantum_os(
        *("backtest", "--data", tape, "--profile", "research", "--out", folder, "--json"),
        *words,
        env=None if path is None else also_on_the_path(path),
    )


def also_on_the_path(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


def refusal(said: Said) -> str:
    assert said.code == 2, said.err
    assert said.out == ""
    assert len(said.lines) == 1, said.err
    return said.lines[0]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as it is installed: its own wheel, built and unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    site = folder / "site"
    zipfile.ZipFile(next(folder.glob("*.whl"))).extractall(site)
    return site


@pytest.fixture(scope="module")
def home(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A strategy and a run of it, in one folder."""
    home = tmp_path_factory.mktemp("own")
    said = backtest(tape, home / "run", "--voter", written(home))
    assert said.code == 0, said.err
    return home


def test_the_run_says_who_voted(home: Path) -> None:
    document: dict[str, Any] = read_run(home / "run")
    (card,) = document["result"]["voters"]
    assert (card["name"], card["version"], card["origin"]) == ("dips", "1", "file")
    assert len(card["hash"]) == 16
    assert document["plan"]["voters"] == [card]
    assert document["result"]["trades"] > 0


def test_a_replay_builds_the_same_line_up(home: Path) -> None:
    said = here("replay", home / "run", "--verify", "--json")
    assert said.code == 0, said.err
    assert said.json()["mismatches"] == 0


def test_a_changed_strategy_is_not_the_one_that_ran(home: Path) -> None:
    before = (home / "dips.py").read_text(encoding="utf-8")
    written(home, before.replace("0.4", "0.5"))
    try:
        line = refusal(here("replay", home / "run", "--verify"))
    finally:
        written(home, before)
    assert "voter dips has changed since" in line


def test_a_lost_strategy_is_asked_for_and_may_have_moved(home: Path, tmp_path: Path) -> None:
    replay = ("replay", home / "run", "--verify")
    moved = (home / "dips.py").rename(tmp_path / "dips.py")
    try:
        line = refusal(here(*replay))
        there = here(*replay, "--voter", f"{moved}:Dips")
    finally:
        moved.rename(home / "dips.py")
    assert "voter dips 1 took part and cannot be had" in line
    assert there.code == 0, there.err


def test_somebody_who_took_no_part_is_refused(home: Path) -> None:
    line = refusal(here("replay", home / "run", "--verify", "--voter", "breakout"))
    assert "breakout took no part" in line


def test_the_live_process_takes_it_too(tape: Path, tmp_path: Path) -> None:
    said = quantum_os(
        *("run", "--data", tape, "--voter", written(tmp_path), "--home", tmp_path / "home"),
        *("--json", "--speed", 1_000_000),
    )
    assert said.code == 0, said.err[-500:]
    assert [card["name"] for card in said.json()["voters"]] == ["dips"]


def test_one_that_breaks_ends_the_run_holding_and_fails_it(tape: Path, tmp_path: Path) -> None:
    said = backtest(tape, tmp_path / "run", "--voter", written(tmp_path, BREAKS))
    result = said.json()
    assert said.code == 1
    assert result["faults"] == ["ai.engine: AssertionError: no BTC"]
    assert result["holds"]["MIND_DOWN"] > 400
    assert result["trades"] == 0
    assert "dips.py" in said.err, "the line that broke is shown"
    again = here("replay", tmp_path / "run", "--verify", "--json")
    assert again.code == 0, again.err
    assert again.json()["mismatches"] == 0, "it broke in the replay as well"


def test_it_is_listed_with_its_package(installed: Path) -> None:
    said = quantum_os("voters", "--json", env=also_on_the_path(installed))
    assert said.code == 0, said.err
    rows = {row["name"]: row for row in said.json()["voters"]}
    assert list(rows) == ["trend", "mean_reversion", "breakout", "pullback"]
    found = rows["pullback"]
    assert found["origin"] == "installed"
    assert found["source"] == "pullback:Pullback"
    assert found["distribution"] == "quantum-os-pullback 1.0"
    assert found["problem"] == ""


def test_being_installed_is_not_voting(tape: Path, installed: Path, tmp_path: Path) -> None:
    said = backtest(tape, tmp_path / "out", "--to", "2025-01-02", path=installed)
    voters = [card["name"] for card in said.json()["voters"]]
    assert voters == ["trend", "mean_reversion", "breakout"]


def test_it_votes_replays_and_is_missed_when_it_is_gone(
    tape: Path, installed: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    said = backtest(tape, run, "--voter", "pullback", "--voter", "trend", path=installed)
    assert [card["name"] for card in said.json()["voters"]] == ["pullback", "trend"]
    here = quantum_os("replay", run, "--verify", env=also_on_the_path(installed))
    assert here.code == 0, here.err
    assert "pullback 1 took part and cannot be had" in refusal(
        quantum_os("replay", run, "--verify")
    )
    changed = tmp_path / "site"
    shutil.copytree(installed, changed)
    with (changed / "pullback.py").open("a", encoding="utf-8") as file:
        file.write("\nLATER = True\n")
    line = refusal(quantum_os("replay", run, "--verify", env=also_on_the_path(changed)))
    assert "voter pullback has changed since" in line
    assert "quantum-os-pullback 1.0 now has code" in line


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("dips = dips:Gone", "AttributeError"),
        ("other = dips:Dips", "the voter calls itself 'dips'"),
        ("trend = dips:Dips", "more than one voter is named trend: quantum-os, strange 1"),
    ],
)
def test_a_bad_package_is_listed_with_what_is_wrong(entry: str, words: str, tmp_path: Path) -> None:
    written(tmp_path)
    info = tmp_path / "strange-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[quantum_os.voters]\n{entry}\n")
    said = quantum_os("voters", "--json", env=also_on_the_path(tmp_path))
    assert said.code == 1
    (row,) = (row for row in said.json()["voters"] if row["problem"])
    assert words in row["problem"]
    assert words in said.err


def test_one_that_is_named_is_checked() -> None:
    said = here("voters", f"{EXAMPLE / 'pullback.py'}:Pullback")
    assert said.code == 0, said.err
    assert "pullback" in said.out
    assert "ok" in said.out


def test_what_it_prints_when_loaded_spoils_no_object(tmp_path: Path) -> None:
    reference = written(tmp_path, FINE + '\nprint("hello")\n')
    said = here("voters", reference, "--json")
    assert said.json()["voters"][0]["name"] == "dips"
    assert "hello" in said.err


@pytest.mark.parametrize("fault", ["throws dice", "no syntax"])
def test_a_bad_one_is_refused_before_anything_is_written(
    fault: str, tape: Path, tmp_path: Path
) -> None:
    source, words = BAD[fault]
    reference = written(tmp_path, source)
    assert words in refusal(here("voters", reference))
    backtest_words = ("backtest", "--data", tape, "--out", tmp_path / "out", "--voter", reference)
    assert words in refusal(here(*backtest_words))
    assert not (tmp_path / "out").exists()
