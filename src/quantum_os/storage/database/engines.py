"""How a database is opened: durable on every commit, patient for a moment, never for ever."""

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
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={BUSY_MS}",
)


def open_async(address: Address) -> AsyncEngine:
    """Gives the engine of the running process: one writer, and a spare connection beside it."""
    if address.dialect is Dialect.SQLITE:
        _make_folder(address)
        url = address.url.replace("sqlite:", "sqlite+aiosqlite:", 1)
        engine = create_async_engine(url, pool_size=1, max_overflow=1)
        _prepare_sqlite(engine.sync_engine)
        return engine
    return create_async_engine(
        address.url, pool_size=1, max_overflow=1, connect_args=_server_options(STATEMENT_MS)
    )


def open_sync(address: Address, *, statement_ms: int = 0) -> Engine:
    """Gives an engine for a command or a migration; a statement may take as long as it needs."""
    if address.dialect is Dialect.SQLITE:
        _make_folder(address)
        engine = create_engine(address.url, poolclass=NullPool)
        _prepare_sqlite(engine)
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


def _prepare_sqlite(engine: Engine) -> None:
    """Takes transactions away from the driver, which would begin them late and never for DDL."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        how = connection.get_execution_options().get(BEGINS_AS, _WRITING)
        if how:
            connection.exec_driver_sql(how)
