"""Real processes: a second one is turned away, and one that slept through its end sends nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "quantum_os")
SETTINGS = """
[run]
fast_decisions = true
warmup_bars = 20
[policy.decision]
timeframe = "15m"
"""


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[str]:
    """A venue in a process of its own; where it listens."""
    (tmp_path / "settings.toml").write_text(SETTINGS)
    words = ("--socket", str(tmp_path / "venue.sock"), "--speed", "3000", "--json")
    child = subprocess.Popen(
        [*COMMAND, "remote-sim", *words, "--config", str(tmp_path / "settings.toml")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        yield str(json.loads(child.stdout.readline())["listening"])
    finally:
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)


def fund(venue: str, home: Path, *words: str) -> subprocess.Popen[str]:
    settings = str(home.parent / "settings.toml")
    return subprocess.Popen(
        [*COMMAND, "run", "--venue", venue, "--home", str(home), "--config", settings, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def until_it_trades(home: Path) -> None:
    log = home / "journal.sqlite-wal"
    while not log.exists() or log.stat().st_size < 300_000:
        pass


def test_o1_a_second_process_is_refused_and_a_paused_one_is_deposed(
    venue: str, tmp_path: Path
) -> None:
    first = fund(venue, tmp_path / "home", "--duration", "60")
    try:
        until_it_trades(tmp_path / "home")
        second = fund(venue, tmp_path / "home", "--duration", "1")
        _, said = second.communicate(timeout=60)
        assert second.returncode == 78
        assert f"process {first.pid} runs there; stop it, or name another --home" in said

        first.send_signal(signal.SIGSTOP)
        shutil.copytree(tmp_path / "home", tmp_path / "moved")
        heir = fund(venue, tmp_path / "moved", "--duration", "4", "--json")
        out, said = heir.communicate(timeout=60)
        assert heir.returncode == 0, said[-800:]
        assert json.loads(out)["intents"]["residual"] == 0

        first.send_signal(signal.SIGCONT)
        _, said = first.communicate(timeout=60)
        assert first.returncode == 78
        assert "epoch 0 is over, 1 has traded here" in said.splitlines()[-1]
    finally:
        if first.poll() is None:
            first.kill()
            first.communicate(timeout=30)
