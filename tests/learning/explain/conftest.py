"""One small run, played once, and its record as a run folder and as a journal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.storage.recorded import Recorded, open_recorded
from tests.laws.scenario import Recorded as Run
from tests.laws.scenario import Scenario, play
from tests.learning.explain.records import journaled, written


@pytest.fixture(scope="session")
def run() -> Run:
    """Three days of a research run that decides every 15 minutes."""
    return play(Scenario(days=3))


@pytest.fixture(scope="session")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(run.envelopes, tmp_path_factory.mktemp("explained") / "run")


@pytest.fixture(scope="session")
def home(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return journaled(run.envelopes, tmp_path_factory.mktemp("explained") / "home")


@pytest.fixture
def recorded(folder: Path) -> Iterator[Recorded]:
    with open_recorded(folder) as opened:
        yield opened


@pytest.fixture(params=["folder", "home"])
def either(request: pytest.FixtureRequest) -> Iterator[Recorded]:
    """The record as a run folder, and the same as a journal."""
    with open_recorded(request.getfixturevalue(request.param)) as opened:
        yield opened
