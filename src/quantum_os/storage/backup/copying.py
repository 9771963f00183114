"""How a SQLite file is copied while somebody writes it: as it was at one moment, and whole."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

HEADER = b"SQLite format 3\x00"
PAGES_PER_STEP = 256
"""Pages copied before the next progress is told: a megabyte."""


def is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(HEADER)) == HEADER


def copy_sqlite(source: Path, target: Path, progress: Callable[[int], None]) -> None:
    """Copies a database of any size without stopping its writer; `progress` hears bytes so far.

    The open transaction holds the moment: without it each write of another process would make the
    copy begin anew, and one that is written all the time would never be done.
    """
    with (
        closing(sqlite3.connect(source, isolation_level=None)) as reader,
        closing(sqlite3.connect(target)) as copy,
    ):
        page_bytes: int = reader.execute("PRAGMA page_size").fetchone()[0]
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()

        def step(_status: int, remaining: int, total: int) -> None:
            progress((total - remaining) * page_bytes)

        reader.backup(copy, pages=PAGES_PER_STEP, progress=step)
        copy.execute("PRAGMA journal_mode=DELETE")


def damage_of(path: Path) -> str:
    """Gives the first thing that is wrong with a database file; empty when nothing is."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        return str(error)
    return "" if said == "ok" else " ".join(str(said).replace("*", "").split())
