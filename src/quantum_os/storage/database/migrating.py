"""How a schema is brought to another revision: under a lock, all of it or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from quantum_os.storage.database.address import Address, Dialect
from quantum_os.storage.database.engines import BEGINS_AS, open_sync
from quantum_os.storage.database.lease_table import LEASES
from quantum_os.storage.database.revisions import HEAD, SchemaRefused, found, standing
from quantum_os.storage.database.schema import SCHEMA, TABLE_NAMES

LOCK_WAIT_MS = 30_000
"""How long a migration waits for another process's migration."""

_LOCK_KEY = 0x5155_414E_5455_4D
"""The advisory lock of PostgreSQL that all processes agree on: the word in ASCII."""

_MAY_NOT_CREATE = "42501"
_LOCK_TIMED_OUT = "55P03"


class Migrated(msgspec.Struct, frozen=True):
    """Between which revisions a schema went; None is a database without one."""

    before: str | None
    after: str | None


def scripts() -> Path:
    """Gives the folder of the migrations."""
    return Path(str(resources.files("quantum_os.storage"))) / "migrations"


def upgrade(address: Address, target: str = HEAD, *, more: Path | None = None) -> Migrated:
    """Brings a schema up to `target` and never down; raises SchemaRefused.

    Everything happens in one transaction under a lock, so a process that dies in it leaves the
    schema as it was. `more` is a further folder of revisions.
    """
    with _locked(address) as connection:
        before = found(connection)
        standing(before)
        if before.revision is None or before.revision < target:
            _run(command.upgrade, connection, target, more)
        return Migrated(before.revision, found(connection).revision)


def downgrade(address: Address, target: str, *, more: Path | None = None) -> Migrated:
    """Takes a schema back to `target` (`base`: to nothing), with all that only it could hold."""
    with _locked(address) as connection:
        before = found(connection).revision
        _run(command.downgrade, connection, target, more)
        return Migrated(before, found(connection).revision)


def differences(connection: Connection) -> list[str]:
    """Lists where a database and the tables of this code disagree; empty when they are one."""
    context = MigrationContext.configure(connection, opts={"include_name": _is_ours})
    return [str(each) for each in compare_metadata(context, SCHEMA)]


def _is_ours(name: str | None, kind: str, parents: object) -> bool:
    return kind != "table" or name in TABLE_NAMES or name == LEASES.name


@contextmanager
def _locked(address: Address) -> Iterator[Connection]:
    """Gives a connection inside a transaction that no other migration can be in."""
    engine = open_sync(address, busy_ms=LOCK_WAIT_MS)
    try:
        with engine.connect().execution_options(**{BEGINS_AS: "BEGIN EXCLUSIVE"}) as connection:
            if address.dialect is not Dialect.SQLITE:
                connection.execute(text(f"SET LOCAL lock_timeout={LOCK_WAIT_MS}"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})"))
            yield connection
            connection.commit()
    except DBAPIError as error:
        raise _explained(error) from error
    finally:
        engine.dispose()


def _run(step: Any, connection: Connection, target: str, more: Path | None) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    folders = [str(scripts() / "versions"), *([str(more)] if more else [])]
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(folders).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        step(config, target)
    except CommandError as error:
        raise SchemaRefused(f"no way to schema {target}: {error}") from error


def _explained(error: DBAPIError) -> Exception:
    """Gives what a person can act on; anything else stays the database's own error."""
    code = getattr(error.orig, "sqlstate", None)
    if code == _MAY_NOT_CREATE:
        return SchemaRefused(
            "the database's role may not create tables: run `quantum-os db upgrade` once with a "
            "role that may"
        )
    if code == _LOCK_TIMED_OUT:
        seconds = LOCK_WAIT_MS // 1_000
        return SchemaRefused(f"another process has been migrating for {seconds} s; try again")
    return error
