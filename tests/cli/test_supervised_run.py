"""A real `quantum-os run` under a manager: ready once it trades, alive while its loop turns."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.watcher import Manager, manager_in

BLOCKING = '''
"""Votes like nobody, and at its third bar never comes back."""

import pathlib

import numpy as np

from quantum_os.ai.voter import sides

CALLS = []


class Blocking:
    name = "blocking"
    version = "1"

    def predict(self, frame):
        CALLS.append(frame)
        while len(CALLS) > STUCK_AFTER:
            pathlib.Path("stuck").touch()
        nobody = np.zeros(len(frame.symbols), dtype=bool)
        return sides(nobody, nobody)
'''


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with manager_in(tmp_path) as manager:
        yield manager


@contextmanager
def service(manager: Manager, folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Starts the fund as a service of this manager; it does not outlive the test."""
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "quantum_os", "run", "--home", "home", "--out", "run", *words],
            stdout=said,
            stderr=said,
            cwd=folder,
            env=manager.environment(),
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def test_it_is_ready_once_it_trades_alive_while_idle_and_says_that_it_stops(
    manager: Manager, tmp_path: Path
) -> None:
    """At real time minutes pass between two bars: the loop beats without an input too."""
    with service(manager, tmp_path, "--duration", "0", "--speed", "1") as process:
        before = manager.until("READY=1")
        assert before[0] == "STATUS=recovering from the journal"
        assert before.index("READY=1") < before.index("WATCHDOG=1")
        assert (tmp_path / "home" / "journal.sqlite").exists()
        for _ in range(20):
            said = manager.heard()
            assert said[-1] == "WATCHDOG=1"
            assert said[0].startswith("STATUS=demo: equity ")
        process.send_signal(signal.SIGTERM)
        assert manager.until("STOPPING=1")[-1] == "STATUS=stopping: SIGTERM"
        assert process.wait(60) == 0


def test_canary_a_loop_that_is_stuck_gives_no_sign_of_life(
    manager: Manager, tmp_path: Path
) -> None:
    """A voter that never answers: the process lives on, its other threads too, the manager hears
    nothing, which is when systemd kills it.
    """
    stuck = BLOCKING.replace("STUCK_AFTER", "300")
    (tmp_path / "blocking.py").write_text(stuck, encoding="utf-8")
    words = ("--voter", f"{tmp_path}/blocking.py:Blocking", "--duration", "0")
    with service(manager, tmp_path, *words) as process:
        manager.until("READY=1")
        manager.until("WATCHDOG=1")
        while not (tmp_path / "stuck").exists():
            assert process.poll() is None
        assert manager.is_silent()
        assert process.poll() is None


def test_without_a_manager_nothing_is_different(tmp_path: Path) -> None:
    words = ("--days", "2", "--json", "--home", "home", "--out", "run")
    done = subprocess.run(
        [sys.executable, "-m", "quantum_os", "run", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
