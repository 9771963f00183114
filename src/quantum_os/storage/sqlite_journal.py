"""Where events are kept for good: one local SQLite file, written behind by one thread."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import JournalFailed

BATCH_MAX = 5_000
"""Events written in one transaction."""

UNFLUSHED_MAX = 1_000_000
"""Events that may wait in memory before appending fails."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, cause INTEGER NOT NULL, trace INTEGER NOT NULL,
    source TEXT NOT NULL, stream TEXT NOT NULL, payload BLOB NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS journal_stream ON journal (stream, seq);
"""
_INSERT = "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_COLUMNS = "seq, ts, cause, trace, source, stream, payload, digest"


class SqliteJournal:
    """The authority on what happened: durable once committed (WAL, synchronous=FULL).

    A file that is made new begins at `first_seq`: 1, or `seq_at` when it is to be mirrored.

    `append` never touches the disk: a writer thread takes what has gathered, in batches. Once a
    write fails the journal stays failed: `barrier` and `close` raise, `failure` says why, and what
    is appended after that is numbered but kept nowhere, so that exits go on.
    """

    def __init__(
        self, path: Path, unflushed_max: int = UNFLUSHED_MAX, *, first_seq: int = 1
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._unflushed_max = unflushed_max
        self.failure: Exception | None = None
        self._connection = _connected(path)
        self._reader = _connected(path)
        self._waiting: list[Envelope] = []
        self._lock = threading.Lock()
        self._disk = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._barriers: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._closing = False
        self._appended = self._flushed = self._last_seq() or first_seq - 1
        self._writer = threading.Thread(target=self._write_behind, name="journal", daemon=True)
        self._writer.start()

    def append(self, envelope: Envelope) -> None:
        """Takes one event; raises JournalFailed when it breaks the number line or all is full."""
        if envelope.seq != self._appended + 1 and self._appended:
            raise JournalFailed(f"seq {envelope.seq} after {self._appended}")
        with self._work:
            if len(self._waiting) >= self._unflushed_max:
                raise JournalFailed(f"{self._unflushed_max} events wait to be written")
            if self.failure is None:
                self._waiting.append(envelope)
            self._appended = envelope.seq
            self._work.notify()

    @property
    def flushed_seq(self) -> int:
        return self._flushed

    @property
    def last_seq(self) -> int:
        return self._appended

    async def barrier(self, seq: int) -> None:
        loop = asyncio.get_running_loop()
        with self._work:
            if self.failure is not None:
                raise JournalFailed(str(self.failure))
            if seq <= self._flushed:
                return
            if seq > self._appended:
                raise JournalFailed(f"seq {seq} was never appended")
            future: asyncio.Future[None] = loop.create_future()
            self._barriers.append((seq, loop, future))
            self._work.notify()
        await future

    def read(self, start: int = 1) -> Iterator[Envelope]:
        rows = self._reader.execute(
            f"SELECT {_COLUMNS} FROM journal WHERE seq >= ? ORDER BY seq",  # noqa: S608
            (start,),
        )
        return (_envelope(row) for row in rows)

    def read_streams(self, *streams: str) -> Iterator[Envelope]:
        """Gives the durable events of some streams in order: the latches of an earlier life."""
        marks = ", ".join("?" for _ in streams)
        rows = self._reader.execute(
            f"SELECT {_COLUMNS} FROM journal WHERE stream IN ({marks}) ORDER BY seq",  # noqa: S608
            streams,
        )
        return (_envelope(row) for row in rows)

    def trim(self, before: int) -> None:
        """Forgets the events before a sequence number, never the last: it holds the number line."""
        with self._disk, self._connection:
            self._connection.execute(
                "DELETE FROM journal WHERE seq < ?", (min(before, self._flushed),)
            )

    def close(self) -> None:
        """Writes what waits and lets go of the file; raises JournalFailed if a write had failed."""
        with self._work:
            self._closing = True
            self._work.notify()
        self._writer.join()
        self._connection.close()
        self._reader.close()
        if self.failure is not None:
            raise JournalFailed(str(self.failure))

    def _last_seq(self) -> int:
        row = self._connection.execute("SELECT max(seq) FROM journal").fetchone()
        return row[0] or 0

    def _write_behind(self) -> None:
        while True:
            with self._work:
                while not self._waiting and not self._closing:
                    self._work.wait()
                batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
                if not batch:
                    return
            try:
                with self._disk, self._connection:
                    self._connection.executemany(_INSERT, [_row(envelope) for envelope in batch])
            except sqlite3.Error as error:
                self._fail(error)
                return
            self._reached(batch[-1].seq)

    def _reached(self, seq: int) -> None:
        with self._lock:
            self._flushed = seq
            done = [waiter for waiter in self._barriers if waiter[0] <= seq]
            self._barriers = [waiter for waiter in self._barriers if waiter[0] > seq]
        for _, loop, future in done:
            _tell(loop, partial(_resolve, future))

    def _fail(self, error: Exception) -> None:
        with self._lock:
            self.failure = error
            self._waiting = []
            broken, self._barriers = self._barriers, []
        for _, loop, future in broken:
            _tell(loop, partial(_break, future, JournalFailed(str(error))))


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + _SCHEMA)
    return connection


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


def _envelope(row: tuple[int, int, int, int, str, str, bytes, bytes]) -> Envelope:
    return Envelope(*row[:7], int.from_bytes(row[7], "little"))


def _tell(loop: asyncio.AbstractEventLoop, deed: Callable[[], None]) -> None:
    """Hands a deed to the waiter's loop; one that has closed meanwhile waits no more."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(deed)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _break(future: asyncio.Future[None], error: JournalFailed) -> None:
    if not future.done():
        future.set_exception(error)
