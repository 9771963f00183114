"""What a person asks of a store by hand: forget the old now, and give the room back."""

from collections import Counter
from collections.abc import Callable

import msgspec
from sqlalchemy import Connection, Engine, text

from quantum_os.kernel.journal import Journal
from quantum_os.storage.database.address import Address, Dialect
from quantum_os.storage.database.engines import BEGINS_AS, open_sync, reading
from quantum_os.storage.database.schema import TABLES
from quantum_os.storage.mark import read_mark
from quantum_os.storage.retention import Keeping, prune, trim_before, trim_some


class Room(msgspec.Struct, frozen=True):
    """Bytes on the disk before and after."""

    before: int
    after: int


def prune_store(
    address: Address, keeping: Keeping, progress: Callable[[int], None]
) -> dict[str, int]:
    """Deletes everything that is kept no longer; gives how many rows by table.

    Age is counted back from the last event that the store holds, not from the wall clock: a market
    of another year that was played yesterday keeps its days. `progress` hears the rows so far.
    """
    engine = open_sync(address)
    gone: Counter[str] = Counter()
    try:
        with engine.begin() as connection:
            mark = read_mark(connection)
        while mark is not None:
            with engine.begin() as connection:
                some = prune(connection, keeping, mark.at)
            gone.update(some)
            progress(gone.total())
            if not any(some.values()):
                break
    finally:
        engine.dispose()
    return dict(gone)


def trim_behind(
    address: Address,
    journal: Journal,
    keeping: Keeping,
    floor: int,
    progress: Callable[[int], None],
) -> int:
    """Trims the journal behind the store and behind `floor`; gives how many events went."""
    engine = open_sync(address)
    try:
        with reading(engine).connect() as connection:
            mark = read_mark(connection)
    finally:
        engine.dispose()
    if mark is None:
        return 0
    before = trim_before(journal, keeping, mark.at, (lambda: mark.seq, lambda: floor))
    gone = 0
    while some := trim_some(journal, before):
        gone += some
        progress(gone)
    return gone


def vacuum(address: Address) -> Room:
    """Rewrites the tables without the room of deleted rows, and renews the planner's figures.

    A process that writes meanwhile waits, and counts its database as down if that takes long.
    """
    engine = open_sync(address)
    try:
        before = _bytes(engine, address)
        alone = engine.execution_options(isolation_level="AUTOCOMMIT", **{BEGINS_AS: ""})
        with alone.connect() as connection:
            if address.dialect is Dialect.SQLITE:
                connection.exec_driver_sql("VACUUM")
                connection.exec_driver_sql("ANALYZE")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            else:
                for table in TABLES:
                    connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {table.name}")
        return Room(before, _bytes(engine, address))
    finally:
        engine.dispose()


def _bytes(engine: Engine, address: Address) -> int:
    if address.path is not None:
        wal = address.path.with_name(address.path.name + "-wal")
        return sum(path.stat().st_size for path in (address.path, wal) if path.exists())
    with engine.connect() as connection:
        return sum(_relation_bytes(connection, table.name) for table in TABLES)


def _relation_bytes(connection: Connection, name: str) -> int:
    size = connection.scalar(text("SELECT pg_total_relation_size(:name)"), {"name": name})
    return int(size or 0)
