"""`quantum-os run`: the live process on a made-up market and on a tape."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.console import quantum_os


def test_a_demo_without_a_market_shows_intents(tmp_path: Path) -> None:
    said = quantum_os(
        *("run", "--mode", "demo", "--duration", 14, "--speed", 5000),
        *("--home", tmp_path, "--json"),
    )
    assert said.code == 0, said.err
    result = said.json()
    assert result["intents"]["total"] > 0
    assert result["intents"]["residual"] == 0
    assert result["faults"] == []
    assert (tmp_path / "journal.sqlite").exists()


def test_the_end_of_a_tape_is_the_end_of_the_run(tape: Path, tmp_path: Path) -> None:
    """F03 besides: every handler runs once at log level DEBUG, and no line fails."""
    said = quantum_os(
        *("run", "--mode", "demo", "--data", tape, "--duration", 60, "--log-level", "DEBUG"),
        *("--home", tmp_path),
    )
    assert said.code == 0, said.err[-500:]
    assert "tape end" in said.err


def test_a_second_life_stands_where_the_first_one_ended(tape: Path, tmp_path: Path) -> None:
    lives = [quantum_os("run", "--data", tape, "--home", tmp_path, "--json") for _ in range(2)]
    first, second = (said.json() for said in lives)
    assert first["trades"] == second["trades"] > 0
    assert first["decision_hash"] == second["decision_hash"]
    assert second["equity"] == first["equity"]


def written(path: Path) -> int:
    """Bytes of a file; 0 while there is none."""
    return path.stat().st_size if path.exists() else 0


def test_an_interrupt_ends_the_run_in_order(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "quantum_os", "run", "--home", str(tmp_path), "--json"],
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
    assert '"run_id"' in out
