"""A server that would forget what it acknowledged is refused, by the name of the setting."""

from pathlib import Path

import pytest
from sqlalchemy import text

from quantum_os.storage.database.address import Address, sqlite_address, store_address
from quantum_os.storage.database.durability import MUST_BE_ON, NotDurable, assert_durable
from quantum_os.storage.database.engines import open_sync
from quantum_os.storage.opening import prepare_store
from tests.servers.postgres import OwnServer


def ask(address: Address) -> None:
    engine = open_sync(address)
    with engine.connect() as connection:
        assert_durable(connection)
    engine.dispose()


@pytest.mark.parametrize("setting", MUST_BE_ON)
def test_s6_a_setting_that_forgets_is_refused(initialised: OwnServer, setting: str) -> None:
    initialised.start(**{setting: "off"})
    address = store_address(initialised.server.url, Path())
    with pytest.raises(NotDurable, match=f"{setting}=off"):
        ask(address)
    with pytest.raises(NotDurable, match="set it on and start again"):
        prepare_store(address)
    initialised.end()


def test_s6_a_role_that_forgets_is_refused_too(own_postgres: OwnServer) -> None:
    """Somebody may have set it for our role alone: the session's own setting is what counts.

    The role is the test's own. What such a role commits, a reset of its setting too, is forgotten
    when the server is ended at once, as it is after each test.
    """
    server = own_postgres.server
    server.say("DROP ROLE IF EXISTS {}", "forgetful")
    server.say("CREATE ROLE {} LOGIN", "forgetful")
    ask(store_address(server.url, Path()))
    forgetful = store_address(server.url.replace("postgres@", "forgetful@"), Path())
    ask(forgetful)
    server.say("ALTER ROLE {} SET synchronous_commit = off", "forgetful")
    with pytest.raises(NotDurable, match="synchronous_commit=off"):
        ask(forgetful)


def test_our_own_sqlite_connections_are_durable(tmp_path: Path) -> None:
    engine = open_sync(sqlite_address(tmp_path / "store.sqlite"))
    with engine.connect() as connection:
        assert_durable(connection)
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2
    engine.dispose()
