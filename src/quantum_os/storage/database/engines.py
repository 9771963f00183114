"""How a database is opened: durable on every commit, patient for a moment, never for ever."""

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from quantum_os.storage.database.address import Address, Dialect

CONNECT_TIMEOUT_S = 5
"""Seconds that a server may take to answer."""

BUSY_MS = 1_000
"""How long SQLite waits for another writer before it is reported as busy."""

STATEMENT_MS = 10_000
"""How long one statement may run in PostgreSQL before it is given up."""

IDLE_MS = 60_000
"""How long a transaction may idle in PostgreSQL: one that hangs holds no lock for ever."""

BEGINS_AS = "begins_as"
"""The execution option that says how a SQLite transaction begins; writers take the lock at once.

Empty is for what SQLite does outside of transactions only.
"""

READING = "BEGIN"
_WRITING = "BEGIN IMMEDIATE"
_WAL = "PRAGMA journal_mode=WAL"
_SYNCHRONOUS = "PRAGMA synchronous=FULL"
_TURNS_MAX = 100
"""How often a new file is asked for its journal, each time behind one more of the others."""


def open_async(address: Address) -> AsyncEngine:
    """Gives the engine of the running process: one writer, and a spare connection beside it."""
    if address.dialect is Dialect.SQLITE:
        _make_folder(address)
        url = address.url.replace("sqlite:", "sqlite+aiosqlite:", 1)
        engine = create_async_engine(url, pool_size=1, max_overflow=1)
        _prepare_sqlite(engine.sync_engine, BUSY_MS)
        return engine
    return create_async_engine(
        address.url, pool_size=1, max_overflow=1, connect_args=_server_options(STATEMENT_MS)
    )


def open_sync(address: Address, *, statement_ms: int = 0, busy_ms: int = BUSY_MS) -> Engine:
    """Gives an engine for a command or a migration; a statement may take as long as it needs.

    `busy_ms` is how long SQLite waits for another writer, before a transaction begins too.
    """
    if address.dialect is Dialect.SQLITE:
        _make_folder(address)
        engine = create_engine(address.url, poolclass=NullPool)
        _prepare_sqlite(engine, busy_ms)
        return engine
    options = _server_options(statement_ms)
    return create_engine(address.url, poolclass=NullPool, connect_args=options)


def reading(engine: Engine) -> Engine:
    """Gives the same engine for reading a consistent picture, without holding up a writer."""
    if engine.dialect.name == Dialect.SQLITE:
        return engine.execution_options(**{BEGINS_AS: READING})
    return engine.execution_options(isolation_level="REPEATABLE READ")


def _make_folder(address: Address) -> None:
    if address.path is not None:
        address.path.parent.mkdir(parents=True, exist_ok=True)


def _server_options(statement_ms: int) -> dict[str, Any]:
    settings = {
        "statement_timeout": statement_ms,
        "idle_in_transaction_session_timeout": IDLE_MS,
    }
    return {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "application_name": "quantum-os",
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
    }


def _prepare_sqlite(engine: Engine, busy_ms: int) -> None:
    """Takes transactions away from the driver, which would begin them late and never for DDL."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={busy_ms}")
        _turn_to_wal(cursor)
        cursor.execute(_SYNCHRONOUS)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        how = connection.get_execution_options().get(BEGINS_AS, _WRITING)
        if how:
            connection.exec_driver_sql(how)


def _turn_to_wal(cursor: Any) -> None:
    """Asks again while another process turns the same new file: for this alone SQLite does
    not wait, whatever its timeout, so it waits for a transaction. A file that is turned answers.
    """
    for left in reversed(range(_TURNS_MAX)):
        try:
            cursor.execute(_WAL)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not left:
                raise
            cursor.execute("BEGIN EXCLUSIVE")
            cursor.execute("ROLLBACK")
        else:
            return
