"""The journal's file as others than its writer read it: by stream, by place, and by its name."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from quantum_os.events.units import NS_PER_MS
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.ids import derive

BUSY_S = 5.0
"""Wall seconds that the writer may hold the file against us."""

_COLUMNS = "seq, ts, cause, trace, source, stream, payload, digest"
_LAST_SEQS = """
WITH RECURSIVE known(stream) AS (
    SELECT min(stream) FROM journal
    UNION ALL
    SELECT (SELECT min(stream) FROM journal WHERE stream > known.stream) FROM known
    WHERE known.stream IS NOT NULL
)
SELECT stream, (SELECT max(seq) FROM journal WHERE stream = known.stream AND seq <= ?) FROM known
WHERE stream IS NOT NULL
"""
"""Walks the index from stream to stream: its cost is the number of streams, not of events."""

IDENTITY = "CREATE TABLE IF NOT EXISTS identity (id TEXT NOT NULL) STRICT"
"""Where a journal keeps its own name."""

_Row = tuple[int, int, int, int, str, str, bytes, bytes]


def seq_at(ns: int) -> int:
    """Gives the number that a live journal made at this time (UTC ns) begins with: ms since 1970.

    So numbers rise from one journal to the next, and stay above the ids that Redis gives by itself.
    """
    return ns // NS_PER_MS


class JournalIndex:
    """Reads a journal that is open elsewhere, on a connection of its own; raises sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def identity(self) -> str:
        """Gives the name of this journal, which it gets when first asked and keeps for ever."""
        with self._connection as connection:
            connection.execute(IDENTITY)
            row = connection.execute("SELECT id FROM identity").fetchone()
            if row is None:
                row = (derive("journal", self.first_seq(), self._path.resolve()),)
                connection.execute("INSERT INTO identity VALUES (?)", row)
        return str(row[0])

    def first_seq(self) -> int | None:
        """Gives the number of the oldest event there is."""
        row = self._connection.execute("SELECT min(seq) FROM journal").fetchone()
        first: int | None = row[0]
        return first

    def last_seqs(self, until: int) -> dict[str, int]:
        """Gives the number of each stream's last event up to `until`."""
        rows = self._connection.execute(_LAST_SEQS, (until,))
        return {stream: seq for stream, seq in rows if seq is not None}

    def at(self, seq: int) -> Envelope | None:
        """Gives the event of a number; None when there is none."""
        event = next(self.read(seq), None)
        return event if event is not None and event.seq == seq else None

    def read(self, start: int) -> Iterator[Envelope]:
        """Gives the durable events from a number on, in order."""
        return self._read("seq >= ?", start)

    def read_stream(self, stream: str, start: int) -> Iterator[Envelope]:
        """Gives the durable events of one stream from a number on, in order."""
        return self._read("stream = ? AND seq >= ?", stream, start)

    def _read(self, condition: str, *values: object) -> Iterator[Envelope]:
        query = f"SELECT {_COLUMNS} FROM journal WHERE {condition} ORDER BY seq"  # noqa: S608
        return map(_envelope, self._connection.execute(query, values))


def identity_of(path: Path) -> str:
    """Gives the name of the journal in a file."""
    with JournalIndex(path) as index:
        return index.identity()


def _envelope(row: _Row) -> Envelope:
    return Envelope(*row[:7], int.from_bytes(row[7], "little"))
