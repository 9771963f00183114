"""What stands in the two parts of a backup that matter most: the journal and the store."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, func, select

from quantum_os.storage.backup.manifest import BackupError, JournalPart, Kept, StorePart
from quantum_os.storage.backup.rows import write_rows
from quantum_os.storage.database.address import Address, sqlite_address
from quantum_os.storage.database.engines import open_sync, reading
from quantum_os.storage.database.revisions import HEAD, Standing, found, standing
from quantum_os.storage.database.schema import TABLES
from quantum_os.storage.mark import read_mark

_EXTENT = "SELECT min(seq), max(seq), count(*) FROM journal"


def journal_part(path: Path) -> JournalPart | None:
    """Says from where to where a journal reaches; None where there is none, or none was said."""
    if not path.exists():
        return None
    with closing(sqlite3.connect(path)) as connection:
        first, last, events = connection.execute(_EXTENT).fetchone()
    return None if first is None else JournalPart(first, last, events)


def store_part(path: Path, name: str) -> StorePart | None:
    """Says what stands in a store's file; None for a database that is no store yet."""
    engine = open_sync(sqlite_address(path))
    try:
        with reading(engine).connect() as connection:
            return _part(connection, Kept.FILE, name)
    finally:
        engine.dispose()


def rows_part(address: Address, folder: Path, progress: Callable[[int], None]) -> StorePart | None:
    """Writes a server's rows into a folder, all of one moment, and says what they are."""
    engine = open_sync(address)
    try:
        with reading(engine).connect() as connection:
            stands = standing(found(connection))
            if stands is Standing.EMPTY:
                return None
            if stands is not Standing.CURRENT:
                raise BackupError(
                    f"{address.shown}: its schema is {stands.value}; a backup is made by the "
                    f"release whose schema it has (this one's is {HEAD})"
                )
            write_rows(connection, folder, progress)
            return _part(connection, Kept.ROWS, folder.name)
    finally:
        engine.dispose()


def _part(connection: Connection, kept: Kept, name: str) -> StorePart | None:
    schema = found(connection)
    if schema.revision is None:
        return None
    mark = read_mark(connection)
    counts = {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0
        for table in TABLES
        if table.name in schema.tables
    }
    return StorePart(
        kept=kept,
        name=name,
        schema=schema.revision,
        seq=0 if mark is None else mark.seq,
        rows=counts,
    )
