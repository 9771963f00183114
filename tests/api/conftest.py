"""One served fund and a few recorded runs for all that only look; a fund for each that acts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.storage.run_book import RUN_FILE
from tests.api.served import Served, served
from tests.cli.console import quantum_os


@pytest.fixture(scope="session")
def fund(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served") / "home") as found:
        yield found


@pytest.fixture
def own_fund(tmp_path: Path) -> Iterator[Served]:
    """A fund that a test may act upon: half a day, and positions are open at its end."""
    with served(tmp_path / "home", days=2) as found:
        yield found


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of one made-up day, the first with a report, among what is no run."""
    folder = tmp_path_factory.mktemp("runs-of-the-api")
    for name, seed in (("one", "1"), ("two", "2")):
        words = ("--synthetic", "1", "--days", "1", "--profile", "research", "--seed", seed)
        said = quantum_os("backtest", *words, "--out", folder / "runs" / name)
        assert said.code == 0, said.err
    assert quantum_os("report", folder / "runs" / "one").code == 0
    (folder / "outside").mkdir()
    (folder / "outside" / RUN_FILE).write_text('{"result": {}}')
    (folder / "outside" / "report.html").write_text("secret")
    (folder / "runs" / "linked").symlink_to(folder / "outside")
    (folder / "runs" / "empty").mkdir()
    (folder / "runs" / "broken").mkdir()
    (folder / "runs" / "broken" / RUN_FILE).write_text("{")
    (folder / "runs" / "three.part").mkdir()
    (folder / "runs" / "three.part" / RUN_FILE).write_text('{"code": "x", "plan": {}}')
    return folder / "runs"
