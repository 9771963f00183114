"""How the rows of a store lie in a backup: a line of JSON each, which any database takes back."""

import base64
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, LargeBinary, Table, func, insert, select

from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.storage.backup.manifest import BackupError
from quantum_os.storage.database.columns import Exact
from quantum_os.storage.database.schema import TABLES
from quantum_os.storage.database.trade_tables import SCHEMA_REVISIONS

ROWS_PER_READ = 1_000
ROWS_PER_INSERT = 500

Row = dict[str, Any]


def count_rows(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0
        for table in TABLES
    }


def write_rows(connection: Connection, folder: Path, progress: Callable[[int], None]) -> None:
    """Writes a file for each table, its rows in the order of their key."""
    done = 0
    for table in TABLES:
        with (folder / f"{table.name}.jsonl").open("wb") as file:
            query = select(table).order_by(*table.primary_key)
            found = connection.execution_options(yield_per=ROWS_PER_READ).execute(query)
            for row in found.mappings():
                file.write(msgspec.json.encode(dict(row)) + b"\n")
                done += 1
                if done % ROWS_PER_READ == 0:
                    progress(done)
    progress(done)


def read_rows(folder: Path, table: Table) -> Iterator[Row]:
    """Gives a table's rows as a database takes them; raises BackupError at a line that is none.

    A backup of an older schema lacks what came later: such a column is empty, such a table too.
    """
    path = folder / f"{table.name}.jsonl"
    if not path.exists():
        return
    blank: Row = dict.fromkeys(table.columns.keys())
    exact = {column.name for column in table.columns if isinstance(column.type, Exact)}
    blobs = {column.name for column in table.columns if isinstance(column.type, LargeBinary)}
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                said = msgspec.json.decode(line, type=dict[str, Any])
            except UNREADABLE as error:
                raise BackupError(f"{path.name}, line {number}: {error}") from error
            if unknown := sorted(said.keys() - blank.keys()):
                raise BackupError(f"{path.name}, line {number}: no column {unknown[0]!r} here")
            yield {**blank, **{name: _value(name, said[name], exact, blobs) for name in said}}


def _value(name: str, value: Any, exact: set[str], blobs: set[str]) -> Any:
    if value is None:
        return None
    if name in exact:
        return Decimal(value)
    return base64.b64decode(value) if name in blobs else value


def load_rows(
    connection: Connection,
    rows_of: Callable[[Table], Iterator[Row]],
    progress: Callable[[int], None],
) -> None:
    """Fills a store that holds nothing but its schema, in the caller's one transaction."""
    done = 0
    for table in TABLES:
        if table is SCHEMA_REVISIONS:
            continue
        for rows in _portions(rows_of(table)):
            connection.execute(insert(table), rows)
            done += len(rows)
            progress(done)


def _portions(rows: Iterator[Row]) -> Iterator[list[Row]]:
    portion: list[Row] = []
    for row in rows:
        portion.append(row)
        if len(portion) == ROWS_PER_INSERT:
            yield portion
            portion = []
    if portion:
        yield portion
