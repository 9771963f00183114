"""One served fund for all that only look, and one for each test that acts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.served import Served, served


@pytest.fixture(scope="session")
def fund(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served") / "home") as found:
        yield found


@pytest.fixture
def own_fund(tmp_path: Path) -> Iterator[Served]:
    """A fund that a test may act upon: half a day, and positions are open at its end."""
    with served(tmp_path / "home", days=2) as found:
        yield found
