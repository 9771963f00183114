"""The venue is a process of its own: the fund may be killed and come back, the venue goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

COMMAND = (sys.executable, "-m", "quantum_os")
READY_S = 60.0


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A venue server in a process of its own, on a unix socket; what it said when it was ready."""
    words = ("remote-sim", "--socket", str(tmp_path / "venue.sock"), "--speed", "6000", "--json")
    child = subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    ready = json.loads(child.stdout.readline())
    try:
        yield ready
        assert child.poll() is None, "the venue did not outlive the fund"
    finally:
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)


def fund(venue: dict[str, Any], home: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "run", "--venue", venue["listening"], "--home", str(home), "--json", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def test_the_fund_trades_there_and_its_books_agree(venue: dict[str, Any], tmp_path: Path) -> None:
    child = fund(venue, tmp_path / "one", "--duration", "12")
    out, err = child.communicate(timeout=READY_S)
    assert child.returncode == 0, err[-800:]
    result = json.loads(out)
    assert result["bars"] > 0
    assert result["faults"] == []
    assert result["intents"]["residual"] == 0
    assert result["equity_identity_error"] <= 0.01


def test_a_killed_fund_leaves_the_venue_running(venue: dict[str, Any], tmp_path: Path) -> None:
    first = fund(venue, tmp_path / "one")
    journal = tmp_path / "one" / "journal.sqlite-wal"
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and not (
        journal.exists() and journal.stat().st_size > 500_000
    ):
        assert first.poll() is None
    first.kill()
    first.communicate(timeout=30)
    second = fund(venue, tmp_path / "two", "--duration", "5")
    out, err = second.communicate(timeout=READY_S)
    assert second.returncode == 0, err[-800:]
    assert json.loads(out)["bars"] > 0
