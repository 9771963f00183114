"""`quantum-os run`: the live process on a made-up market and on a tape."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.console import Said, quantum_os


def in_folder(folder: Path, *words: object) -> Said:
    """Runs a demo whose state and recording stay below `folder`."""
    return quantum_os(*words, "--home", folder / "home", "--out", folder / "run")


def verified(folder: Path) -> dict[str, object]:
    said = quantum_os("replay", folder / "run", "--verify", "--json")
    assert said.code == 0, said.err
    return said.json()


def test_a_demo_without_a_market_shows_intents_and_can_be_replayed(tmp_path: Path) -> None:
    """Eight days are all history, so they are played at once."""
    said = in_folder(tmp_path, "run", "--mode", "demo", "--days", 8, "--json")
    assert said.code == 0, said.err
    result = said.json()
    assert result["synthetic"]
    assert result["intents"]["total"] > 0
    assert result["intents"]["residual"] == 0
    assert result["faults"] == []
    assert (tmp_path / "home" / "journal.sqlite").exists()
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert files >= {"run.json", "inputs.bin", "orders.bin", "hashes.bin", "trades.csv"}
    found = verified(tmp_path)
    assert (found["mismatches"], found["events"]) == (0, result["events"])


def test_a_crash_is_told_in_lines_and_ends_with_three_commands_that_work(tmp_path: Path) -> None:
    """Played in ticks, by its short name, in a second life of the same journal."""
    words = ("demo", "--scenario", "crash", "--days", 3, "--speed", 300)
    assert in_folder(tmp_path, *words, "--duration", 2).code == 0
    said = in_folder(tmp_path, *words, "--duration", 8)
    assert said.code == 0, said.err
    assert "SYNTHETIC 300x: equity" in said.err
    assert "SYNTHETIC market" in said.out
    steps = said.out.partition("Next:")[2].strip().splitlines()
    assert len(steps) == 3
    for step in steps:
        done = quantum_os(*step.split()[1:])
        assert done.code == 0, done.err
    assert verified(tmp_path)["mismatches"] == 0


def test_the_end_of_a_tape_is_the_end_of_the_run(tape: Path, tmp_path: Path) -> None:
    """F03 besides: every handler runs once at log level DEBUG, and no line fails."""
    said = quantum_os(
        *("run", "--mode", "demo", "--data", tape, "--duration", 60, "--log-level", "DEBUG"),
        *("--home", tmp_path / "home", "--out", tmp_path / "run"),
    )
    assert said.code == 0, said.err[-500:]
    assert "tape end" in said.err
    assert "SYNTHETIC" not in said.out


def test_a_second_life_stands_where_the_first_one_ended(tape: Path, tmp_path: Path) -> None:
    """And its recording is that of both lives."""
    lives = [in_folder(tmp_path, "run", "--data", tape, "--json") for _ in range(2)]
    first, second = (said.json() for said in lives)
    assert first["trades"] == second["trades"] > 0
    assert first["decision_hash"] == second["decision_hash"]
    assert second["equity"] == first["equity"]
    assert verified(tmp_path)["events"] == second["events"] > first["events"]


def written(path: Path) -> int:
    """Bytes of a file; 0 while there is none."""
    return path.stat().st_size if path.exists() else 0


def test_an_interrupt_ends_the_run_in_order_and_keeps_its_recording(tmp_path: Path) -> None:
    words = ("run", "--home", tmp_path, "--out", tmp_path / "run", "--json")
    child = subprocess.Popen(
        [sys.executable, "-m", "quantum_os", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    deadline = time.monotonic() + 60
    while written(tmp_path / "journal.sqlite-wal") < 1_000_000 and time.monotonic() < deadline:
        assert child.poll() is None
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    found = verified(tmp_path)
    assert (found["mismatches"], found["events"]) == (0, json.loads(out)["events"])


def test_what_contradicts_the_market_is_refused(tape: Path, tmp_path: Path) -> None:
    for words in (("--scenario", "crash"), ("--days", 3)):
        said = in_folder(tmp_path, "run", "--data", tape, *words)
        assert said.code == 2
        assert len(said.lines) == 1
        assert "--data" in said.err
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "letter.txt").write_text("keep me")
    said = in_folder(tmp_path, "run", "--days", 1)
    assert said.code == 2
    assert "not a run" in said.err
    assert (tmp_path / "run" / "letter.txt").exists()


def test_a_demo_of_another_market_lives_beside_the_first(tmp_path: Path) -> None:
    """And each is found again where it was left."""
    for days in (1, 2, 1, 2):
        assert quantum_os("run", "--days", days, "--json", cwd=tmp_path).code == 0
    assert len(list((tmp_path / "var").rglob("journal.sqlite"))) == 2
    assert len(list((tmp_path / "runs").glob("demo-*/run.json"))) == 2


def test_a_demo_records_itself_in_the_folder_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "fund.toml").write_text('[storage]\nruns = "kept"\n')
    said = quantum_os("run", "--days", 1, "--config", "fund.toml", "--json", cwd=tmp_path)
    assert said.code == 0
    assert len(list((tmp_path / "kept").glob("demo-*/run.json"))) == 1
    assert not (tmp_path / "runs").exists()
