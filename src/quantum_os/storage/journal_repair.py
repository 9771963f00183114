"""What can be saved of a damaged journal: every whole event before the damage, in a new file."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from quantum_os.kernel.digest import is_whole
from quantum_os.storage.journal_file import Row, connected, envelope_of
from quantum_os.storage.journal_index import IDENTITY

_CHUNK = 500
_LOOKED_THROUGH = 1_000_000
"""Numbers that are tried where the journal's end cannot be read."""

_COLUMNS = "seq, ts, cause, trace, source, stream, payload, digest"
_BESIDE = ("-wal", "-shm")


class Saved(msgspec.Struct, frozen=True):
    """How much was saved, how much before the damage was not, and where the old file lies now."""

    kept: int
    lost: int
    old_file: Path


def save_before(path: Path, seq: int) -> Saved:
    """Puts a journal with the whole events below `seq` in the damaged one's place, which is kept.

    It keeps its name, so that its copies know it. Nobody may have the file open. Raises OSError,
    and sqlite3.Error when nothing of it can be read.
    """
    fresh = path.with_suffix(".part")
    for stale in (fresh, *(_beside(fresh, end) for end in _BESIDE)):
        stale.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as old, closing(connected(fresh)) as new:
        kept, lost = _copied(old, new, seq)
        _keep_name(old, new)
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    aside = _free_name(path)
    os.link(path, aside)
    for end in _BESIDE:
        with suppress(FileNotFoundError):
            _beside(path, end).replace(_beside(aside, end))
    fresh.replace(path)
    return Saved(kept, lost, aside)


def _copied(old: sqlite3.Connection, new: sqlite3.Connection, before: int) -> tuple[int, int]:
    first = old.execute("SELECT min(seq) FROM journal").fetchone()[0] or before
    before = min(before, _last(old, first) + 1)
    kept = 0
    for start in range(first, before, _CHUNK):
        rows = _readable(old, start, min(start + _CHUNK, before))
        whole = [row for row in rows if _is_whole(row)]
        with new:
            new.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)", whole)
        kept += len(whole)
    return kept, before - first - kept


def _last(old: sqlite3.Connection, first: int) -> int:
    """The highest number there is, or the highest that is looked for where that is unreadable."""
    for way in ("", "INDEXED BY journal_stream"):
        with suppress(sqlite3.DatabaseError):
            found: int | None = old.execute(f"SELECT max(seq) FROM journal {way}").fetchone()[0]  # noqa: S608
            return first - 1 if found is None else found
    return first + _LOOKED_THROUGH


def _keep_name(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    """Copies the journal's name; one that cannot be read, or was never given, is derived anew."""
    with suppress(sqlite3.DatabaseError):
        names = old.execute("SELECT id FROM identity").fetchall()
        with new:
            new.execute(IDENTITY)
            new.executemany("INSERT INTO identity VALUES (?)", names)


def _readable(old: sqlite3.Connection, start: int, end: int) -> list[Row]:
    """Reads a range of rows, and its halves where the whole cannot be read."""
    try:
        return old.execute(
            f"SELECT {_COLUMNS} FROM journal WHERE seq >= ? AND seq < ? ORDER BY seq",  # noqa: S608
            (start, end),
        ).fetchall()
    except sqlite3.DatabaseError:
        if end - start <= 1:
            return []
        middle = (start + end) // 2
        return [*_readable(old, start, middle), *_readable(old, middle, end)]


def _is_whole(row: Row) -> bool:
    try:
        envelope = envelope_of(row)
    except (TypeError, ValueError):
        return False
    return is_whole(envelope.stream, envelope.payload, envelope.digest)


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _free_name(path: Path) -> Path:
    number = 1
    while (name := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return name
