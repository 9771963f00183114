"""Which schema a database has, and whether this code may use it.

Every revision says from which code on it may be used: an additive one leaves older code running,
which is what lets a release be rolled back without touching the database.
"""

from enum import StrEnum

import msgspec
from sqlalchemy import Connection, delete, inspect, select, text

from quantum_os.storage.database.schema import TABLE_NAMES
from quantum_os.storage.database.trade_tables import SCHEMA_REVISIONS

HEAD = "0005"
"""The schema this code was written for."""

VERSION_TABLE = "alembic_version"


class SchemaRefused(RuntimeError):
    """A database that this code must not touch; one line says why and what to do."""


class Standing(StrEnum):
    """How a database's schema stands to this code's."""

    EMPTY = "empty"
    BEHIND = "behind"
    CURRENT = "current"
    AHEAD = "ahead, compatible"


class Found(msgspec.Struct, frozen=True):
    """What a database says of its schema; `oldest_code` is the last revision's own word."""

    revision: str | None
    oldest_code: str | None
    tables: frozenset[str]


def found(connection: Connection) -> Found:
    """Reads the schema's revision; touches nothing."""
    tables = frozenset(inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        return Found(None, None, tables)
    revision = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
    if revision is None or SCHEMA_REVISIONS.name not in tables:
        return Found(revision, None, tables)
    wanted = SCHEMA_REVISIONS.c.revision == revision
    oldest = connection.scalar(select(SCHEMA_REVISIONS.c.oldest_code).where(wanted))
    return Found(revision, oldest, tables)


def standing(schema: Found, head: str = HEAD) -> Standing:
    """Says how a schema stands to code of revision `head`; raises SchemaRefused."""
    if schema.revision is None:
        taken = sorted(schema.tables & TABLE_NAMES)
        if taken:
            raise SchemaRefused(
                f"the database holds a table {taken[0]!r} that no migration of ours made; "
                "name an empty database"
            )
        return Standing.EMPTY
    if schema.revision == head:
        return Standing.CURRENT
    if schema.revision < head:
        return Standing.BEHIND
    if schema.oldest_code is None or head < schema.oldest_code:
        needed = schema.oldest_code or "an unknown revision"
        raise SchemaRefused(
            f"the database has schema {schema.revision}, which needs code of {needed} or later; "
            f"this code knows {head}: install the newer release, or go back with "
            f"`quantum-os db upgrade --to {head} --drop` of that release"
        )
    return Standing.AHEAD


def note_revision(connection: Connection, revision: str, oldest_code: str) -> None:
    """Records, within a migration, which code may use the schema it makes."""
    row = {"revision": revision, "oldest_code": oldest_code}
    connection.execute(SCHEMA_REVISIONS.insert(), row)


def withdraw_revision(connection: Connection, revision: str) -> None:
    connection.execute(delete(SCHEMA_REVISIONS).where(SCHEMA_REVISIONS.c.revision == revision))
