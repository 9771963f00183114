"""Whether a store may be used: reachable, durable, of a known schema, and of this journal."""

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from quantum_os.kernel.journal import Journal
from quantum_os.storage.database.address import Address
from quantum_os.storage.database.durability import NotDurable, assert_durable
from quantum_os.storage.database.engines import STATEMENT_MS, open_sync, reading
from quantum_os.storage.database.faults import reason_of
from quantum_os.storage.database.revisions import SchemaRefused, Standing, found, standing
from quantum_os.storage.mark import ForeignStore, check_continues, read_mark

REFUSALS = (SchemaRefused, NotDurable, ForeignStore)
"""What no waiting heals: a person must act. A process does not start with one (exit code 78)."""


class Opened(msgspec.Struct, frozen=True):
    """How a store was found. One that is out of reach may come back: `problem` says why not."""

    standing: Standing | None
    problem: str = ""

    @property
    def is_ready(self) -> bool:
        return self.standing is not None


def prepare_store(address: Address, journal: Journal | None = None) -> Opened:
    """Makes a store ready to be written: checks it and brings its schema up to date.

    With a journal it is also checked that the store continues it. Blocks for as long as the server
    takes, at most some seconds. Raises one of REFUSALS.
    """
    try:
        before = _looked_at(address, journal)
        if before in (Standing.EMPTY, Standing.BEHIND):
            _migrate(address)
    except (DBAPIError, OSError) as error:
        return Opened(None, reason_of(error))
    return Opened(before)


def _looked_at(address: Address, journal: Journal | None) -> Standing:
    engine = open_sync(address, statement_ms=STATEMENT_MS)
    try:
        with reading(engine).connect() as connection:
            assert_durable(connection)
            return _checked(connection, journal)
    finally:
        engine.dispose()


def _checked(connection: Connection, journal: Journal | None) -> Standing:
    stands = standing(found(connection))
    if stands is not Standing.EMPTY and journal is not None:
        check_continues(read_mark(connection), journal)
    return stands


def _migrate(address: Address) -> None:
    """Imported only here: a process whose schema is up to date never loads the migrations."""
    from quantum_os.storage.database.migrating import upgrade

    upgrade(address)
