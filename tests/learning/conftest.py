"""One recorded run on the disk, made as a user makes it."""

from pathlib import Path

import pytest

from tests.cli.conftest import write_tape
from tests.cli.console import quantum_os


@pytest.fixture(scope="session")
def recorded_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six days of four made-up perpetuals, by the research profile."""
    home = tmp_path_factory.mktemp("recorded")
    words = ("--data", write_tape(home / "tape"), "--profile", "research")
    said = quantum_os("backtest", *words, "--out", home / "run")
    assert said.code == 0, said.err
    return home / "run"
