"""How numbered events lie in one SQLite file, and which of its errors may pass by waiting."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import JournalDamaged
from quantum_os.kernel.kill_points import kill_point

_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, cause INTEGER NOT NULL, trace INTEGER NOT NULL,
    source TEXT NOT NULL, stream TEXT NOT NULL, payload BLOB NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS journal_stream ON journal (stream, seq);
"""
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?)"

ROWS_PER_STATEMENT = 100
"""Each statement lets go of the interpreter once and must win it back from a busy loop."""

ROWS_AT_ONCE = 256
"""Rows that a reader fetches in one go: SQLite and its reader disturb each other less so."""

_INSERT = f"INSERT INTO journal VALUES {_ROW}"  # noqa: S608
_INSERT_MANY = f"INSERT INTO journal VALUES {', '.join([_ROW] * ROWS_PER_STATEMENT)}"  # noqa: S608
_COLUMNS = "seq, ts, cause, trace, source, stream, payload, digest"

_LASTING = ("SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC", "SQLITE_NOTADB", "SQLITE_CORRUPT")
"""Errors after which nothing more may be written: what the file holds is not known any more."""

Row = tuple[int, int, int, int, str, str, bytes, bytes]


class JournalFile:
    """One file with a connection for the writer and one for readers (WAL, synchronous=FULL).

    What `write` returns from is durable; when it raises sqlite3.Error nothing of it is in the file.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = connected(path)
        self._reader = connected(path)

    def write(self, envelopes: Sequence[Envelope]) -> None:
        """Writes a batch in one transaction."""
        connection = self._connection
        try:
            whole = len(envelopes) - len(envelopes) % ROWS_PER_STATEMENT
            for start in range(0, whole, ROWS_PER_STATEMENT):
                rows = map(_row, envelopes[start : start + ROWS_PER_STATEMENT])
                connection.execute(_INSERT_MANY, tuple(chain.from_iterable(rows)))
            connection.executemany(_INSERT, map(_row, envelopes[whole:]))
            kill_point("journal.before_commit")
            connection.commit()
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                connection.rollback()
            raise

    def read(self, start: int = 1) -> Iterator[Envelope]:
        """Gives the events from a number on; raises JournalDamaged where they break off."""
        return self._read("seq >= ?", start)

    def read_streams(self, streams: Sequence[str]) -> Iterator[Envelope]:
        """Gives the events of some streams, in order."""
        marks = ", ".join("?" for _ in streams)
        return self._read(f"stream IN ({marks})", *streams)

    def first_of(self, stream: str) -> Envelope | None:
        """Gives the oldest event of a stream; None when there is none."""
        return next(self._read("stream = ?", stream, limit=1), None)

    def has(self, stream: str, payload: bytes) -> bool:
        """Whether an event of exactly this content was written."""
        found = self._reader.execute(
            "SELECT 1 FROM journal WHERE stream = ? AND payload = ? LIMIT 1", (stream, payload)
        )
        return found.fetchone() is not None

    def whole_from(self) -> int | None:
        """Gives the number of the oldest event that was not trimmed; None while there is none."""
        row = self._reader.execute("SELECT min(seq) FROM journal").fetchone()
        first: int | None = row[0]
        return first

    def last_seq(self) -> int:
        """Gives the highest number; 0 while the file is empty."""
        row = self._connection.execute("SELECT max(seq) FROM journal").fetchone()
        return row[0] or 0

    def last_ts(self) -> int:
        """Gives the time of the last event, ns; 0 while the file is empty."""
        row = self._connection.execute(
            "SELECT ts FROM journal ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        return row[0] if row else 0

    def trim(self, before: int) -> None:
        """Forgets the events before a number."""
        with self._connection:
            self._connection.execute("DELETE FROM journal WHERE seq < ?", (before,))

    def close(self) -> None:
        self._connection.close()
        self._reader.close()

    def _read(self, condition: str, *values: object, limit: int = -1) -> Iterator[Envelope]:
        query = f"SELECT {_COLUMNS} FROM journal WHERE {condition} ORDER BY seq LIMIT ?"  # noqa: S608
        seq, from_bytes = 0, int.from_bytes
        try:
            cursor = self._reader.execute(query, (*values, limit))
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                for seq, ts, cause, trace, source, stream, payload, digest in rows:
                    number = from_bytes(digest, "little")
                    yield Envelope(seq, ts, cause, trace, source, stream, payload, number)
        except (sqlite3.DatabaseError, TypeError, UnicodeDecodeError) as error:
            raise JournalDamaged(seq + 1, str(error)) from error


def connected(path: Path) -> sqlite3.Connection:
    """Opens the file and makes its table if it is new; raises sqlite3.Error."""
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + _SCHEMA)
    except UnicodeDecodeError as error:
        # SQLite names what is damaged, and the damaged name may be no text: Python cannot say it.
        connection.close()
        raise sqlite3.DatabaseError("malformed database schema") from error
    return connection


def envelope_of(row: Row) -> Envelope:
    """Gives a row of the table as it was appended."""
    return Envelope(*row[:7], int.from_bytes(row[7], "little"))


def is_lasting(error: sqlite3.Error) -> bool:
    """True for an error that no waiting cures: a failed fsync, a file that is none any more.

    After a failed fsync the system may have dropped what was written and call it clean; a later one
    that succeeds proves nothing.
    """
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith(_LASTING)


def _row(envelope: Envelope) -> tuple[object, ...]:
    return (
        envelope.seq,
        envelope.ts,
        envelope.cause,
        envelope.trace,
        envelope.source,
        envelope.stream,
        envelope.payload,
        envelope.digest.to_bytes(8, "little"),
    )
