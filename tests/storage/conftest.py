"""Both databases for every test of a store: a file, and a database of its own on a real server."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.database.address import Address, Dialect, sqlite_address, store_address
from quantum_os.storage.database.migrating import upgrade
from tests.laws.scenario import Scenario, play
from tests.servers.postgres import OwnServer, Server, own_server

_PREFIX = f"quantum_os_test_{os.getpid()}"


@pytest.fixture(scope="session")
def day() -> tuple[Envelope, ...]:
    """Everything a whole fund said on a made-up day with many trades."""
    return play(Scenario(days=2)).envelopes


@pytest.fixture(params=list(Dialect))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return Dialect(request.param)


@pytest.fixture
def address(dialect: Dialect, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Address]:
    """An empty database, dropped after the test."""
    if dialect is Dialect.SQLITE:
        yield sqlite_address(tmp_path / "store.sqlite")
        return
    server: Server = request.getfixturevalue("postgres")
    name = f"{_PREFIX}_empty"
    yield store_address(server.create(name), tmp_path)
    server.drop(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "store.sqlite"
    upgrade(sqlite_address(path))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Server) -> Iterator[str]:
    name = f"{_PREFIX}_template"
    upgrade(store_address(postgres.create(name), Path()))
    yield name
    postgres.drop(name)


@pytest.fixture
def ready(dialect: Dialect, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Address]:
    """A database with our schema and no rows, dropped after the test."""
    if dialect is Dialect.SQLITE:
        path = tmp_path / "store.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield sqlite_address(path)
        return
    server: Server = request.getfixturevalue("postgres")
    name = f"{_PREFIX}_ready"
    template: str = request.getfixturevalue("postgres_template")
    yield store_address(server.create(name, template), tmp_path)
    server.drop(name)


@pytest.fixture(scope="session")
def initialised() -> Iterator[OwnServer]:
    """A server of our own, not running: for tests that stop it, kill it and misconfigure it."""
    with own_server() as server:
        yield server


@pytest.fixture
def own_postgres(initialised: OwnServer) -> Iterator[OwnServer]:
    """The same, running; left stopped whatever the test did to it."""
    initialised.start()
    yield initialised
    initialised.end()
