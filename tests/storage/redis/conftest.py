"""Which servers the tests of the streams in Redis get, and how a mirror is put before them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.servers.redis import AOF, OwnServer, any_server, own_server


@pytest.fixture(scope="session")
def database(worker: int) -> Iterator[str]:
    """A database for what harms nobody; emptied for each test."""
    with any_server(worker) as url:
        yield url


@pytest.fixture
def url(database: str) -> str:
    with redis.Redis.from_url(database) as client:
        client.flushdb()
    return database


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> int:
    """Which of several test runners this is."""
    name: str = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    return int(name.removeprefix("gw"))


@pytest.fixture
def server() -> Iterator[OwnServer]:
    """A running server of the test's own, whose answered writes are on the disk."""
    with own_server(*AOF) as own:
        own.start()
        yield own


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "var"
