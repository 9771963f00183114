"""Where events are kept for good: one local SQLite file, written behind by one thread."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import JournalFailed
from quantum_os.kernel.kill_points import kill_point
from quantum_os.storage.journal_file import JournalFile, is_lasting
from quantum_os.storage.journal_writer import StartWriter, ThreadWriter

BATCH_MAX = 1_000
"""Events written in one transaction."""

UNFLUSHED_MAX = 200_000
"""Events that may wait in memory; what comes after them is numbered and not kept."""

RETRY_S = 0.25
"""Wall seconds between two tries of a write that failed."""


class SqliteJournal:
    """The authority on what happened: durable once committed (WAL, synchronous=FULL).

    A file that is made new begins at `first_seq`: 1, or `seq_at` when it is to be mirrored.

    `append` never touches the disk: a writer takes what has gathered, in batches. While a
    write fails, `failure` says why, barriers raise at once, and the writer tries again; nothing is
    lost as long as no more than `unflushed_max` events wait. `is_dead` is for good: an fsync
    failed, the file is none any more, or events were not kept; only a restart goes on from what is
    durable.
    """

    def __init__(
        self,
        path: Path,
        unflushed_max: int = UNFLUSHED_MAX,
        *,
        first_seq: int = 1,
        open_file: Callable[[Path], JournalFile] = JournalFile,
        retry_s: float = RETRY_S,
        start_writer: StartWriter = ThreadWriter,
    ) -> None:
        self.path = path
        self.failure: Exception | None = None
        self.is_dead = False
        self._unflushed_max = unflushed_max
        self._retry_s = retry_s
        self._file = open_file(path)
        self._waiting: list[Envelope] = []
        self.lock = threading.Lock()
        self._disk = threading.Lock()
        self._barriers: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._closing = False
        self._moved_at = monotonic_ns()
        self._appended = self._flushed = self._file.last_seq() or first_seq - 1
        self._writer = start_writer(self)

    def append(self, envelope: Envelope) -> None:
        """Takes one event; raises JournalFailed when it breaks the number line."""
        if envelope.seq != self._appended + 1 and self._appended:
            raise JournalFailed(f"seq {envelope.seq} after {self._appended}")
        with self.lock:
            self._appended = envelope.seq
            if self.is_dead:
                return
            if len(self._waiting) >= self._unflushed_max:
                self._give_up(JournalFailed(f"{self._unflushed_max} events wait to be written"))
                return
            if not self._waiting:
                self._moved_at = monotonic_ns()
            self._waiting.append(envelope)
            self._writer.notify()

    def skip_to(self, seq: int) -> None:
        """Leaves a hole up to and including `seq`: what stood there is lost."""
        with self.lock:
            self._appended = self._flushed = max(seq, self._appended)

    @property
    def flushed_seq(self) -> int:
        return self._flushed

    @property
    def last_seq(self) -> int:
        return self._appended

    @property
    def lag(self) -> int:
        """Events that are numbered and not durable."""
        return self._appended - self._flushed

    def stalled_s(self) -> float:
        """Seconds since anything was written while something waits; 0 while nothing does."""
        with self.lock:
            return (monotonic_ns() - self._moved_at) / 1e9 if self._waiting else 0.0

    async def barrier(self, seq: int) -> None:
        loop = asyncio.get_running_loop()
        with self.lock:
            if seq <= self._flushed:
                return
            if self.failure is not None:
                raise JournalFailed(str(self.failure))
            if seq > self._appended:
                raise JournalFailed(f"seq {seq} was never appended")
            future: asyncio.Future[None] = loop.create_future()
            self._barriers.append((seq, loop, future))
            self._writer.notify()
        await future

    def read(self, start: int = 1) -> Iterator[Envelope]:
        return self._file.read(start)

    def read_streams(self, *streams: str) -> Iterator[Envelope]:
        """Gives the durable events of some streams in order: the latches of an earlier life."""
        return self._file.read_streams(streams)

    def first_of(self, stream: str) -> Envelope | None:
        """Gives the oldest durable event of a stream; None when there is none."""
        return self._file.first_of(stream)

    def has(self, stream: str, payload: bytes) -> bool:
        """Whether an event of exactly this content is durable."""
        return self._file.has(stream, payload)

    def trim(self, before: int) -> None:
        """Forgets the events before a sequence number, never the last: it holds the number line."""
        with self._disk:
            self._file.trim(min(before, self._flushed))

    @property
    def has_work(self) -> bool:
        return bool(self._waiting)

    @property
    def is_closing(self) -> bool:
        return self._closing

    def write_next(self) -> float | None:
        """Writes the next batch; gives the seconds to rest then, None when nothing may follow."""
        with self.lock:
            batch = self._waiting[:BATCH_MAX]
        if not batch:
            return None
        kill_point("journal.before_write")
        try:
            with self._disk:
                self._file.write(batch)
        except sqlite3.Error as error:
            return self._rest_after(error)
        kill_point("journal.after_commit")
        self._reached(batch)
        kill_point("journal.after_flush")
        return 0.0

    def close(self) -> None:
        """Writes what waits and lets go of the file; raises JournalFailed when it could not."""
        with self.lock:
            self._closing = True
            self._writer.notify()
        self._writer.finish()
        self._file.close()
        if self.failure is not None:
            raise JournalFailed(str(self.failure))

    def _reached(self, batch: list[Envelope]) -> None:
        with self.lock:
            del self._waiting[: len(batch)]
            self._moved_at = monotonic_ns()
            seq = self._flushed = batch[-1].seq
            if not self.is_dead:
                self.failure = None
            done = [waiter for waiter in self._barriers if waiter[0] <= seq]
            self._barriers = [waiter for waiter in self._barriers if waiter[0] > seq]
        for _, loop, future in done:
            _tell(loop, partial(_resolve, future))

    def _rest_after(self, error: sqlite3.Error) -> float | None:
        """Notes a failed write; gives the seconds until the next try, None when there is none."""
        with self.lock:
            if is_lasting(error):
                self._waiting = []
                self._give_up(error)
                return None
            self._falter(error)
            return None if self._closing else self._retry_s

    def _give_up(self, error: Exception) -> None:
        self.is_dead = True
        self._falter(error)

    def _falter(self, error: Exception) -> None:
        """Fails every barrier that waits; new ones fail at once until a write succeeds."""
        self.failure = error
        broken, self._barriers = self._barriers, []
        for _, loop, future in broken:
            _tell(loop, partial(_break, future, JournalFailed(str(error))))


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
