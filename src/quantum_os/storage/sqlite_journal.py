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

BATCH_MAX = 1_000
"""Events written in one transaction."""

UNFLUSHED_MAX = 200_000
"""Events that may wait in memory; what comes after them is numbered and not kept."""

RETRY_S = 0.25
"""Wall seconds between two tries of a write that failed."""


class SqliteJournal:
    """The authority on what happened: durable once committed (WAL, synchronous=FULL).

    A file that is made new begins at `first_seq`: 1, or `seq_at` when it is to be mirrored.

    `append` never touches the disk: a writer thread takes what has gathered, in batches. While a
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
    ) -> None:
        self.path = path
        self.failure: Exception | None = None
        self.is_dead = False
        self._unflushed_max = unflushed_max
        self._retry_s = retry_s
        self._file = open_file(path)
        self._waiting: list[Envelope] = []
        self._lock = threading.Lock()
        self._disk = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._barriers: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._closing = False
        self._moved_at = monotonic_ns()
        self._appended = self._flushed = self._file.last_seq() or first_seq - 1
        self._writer = threading.Thread(target=self._write_behind, name="journal", daemon=True)
        self._writer.start()

    def append(self, envelope: Envelope) -> None:
        """Takes one event; raises JournalFailed when it breaks the number line."""
        if envelope.seq != self._appended + 1 and self._appended:
            raise JournalFailed(f"seq {envelope.seq} after {self._appended}")
        with self._work:
            self._appended = envelope.seq
            if self.is_dead:
                return
            if len(self._waiting) >= self._unflushed_max:
                self._give_up(JournalFailed(f"{self._unflushed_max} events wait to be written"))
                return
            if not self._waiting:
                self._moved_at = monotonic_ns()
            self._waiting.append(envelope)
            self._work.notify()

    def skip_to(self, seq: int) -> None:
        """Leaves a hole up to and including `seq`: what stood there is lost."""
        with self._work:
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
        with self._lock:
            return (monotonic_ns() - self._moved_at) / 1e9 if self._waiting else 0.0

    async def barrier(self, seq: int) -> None:
        loop = asyncio.get_running_loop()
        with self._work:
            if seq <= self._flushed:
                return
            if self.failure is not None:
                raise JournalFailed(str(self.failure))
            if seq > self._appended:
                raise JournalFailed(f"seq {seq} was never appended")
            future: asyncio.Future[None] = loop.create_future()
            self._barriers.append((seq, loop, future))
            self._work.notify()
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

    def close(self) -> None:
        """Writes what waits and lets go of the file; raises JournalFailed when it could not."""
        with self._work:
            self._closing = True
            self._work.notify()
        self._writer.join()
        self._file.close()
        if self.failure is not None:
            raise JournalFailed(str(self.failure))

    def _write_behind(self) -> None:
        while batch := self._next_batch():
            kill_point("journal.before_write")
            try:
                with self._disk:
                    self._file.write(batch)
            except sqlite3.Error as error:
                if not self._may_try_again(error):
                    return
            else:
                kill_point("journal.after_commit")
                self._reached(batch)
                kill_point("journal.after_flush")

    def _next_batch(self) -> list[Envelope]:
        """Waits for work; empty when the journal is being closed and all is written."""
        with self._work:
            while not self._waiting and not self._closing:
                self._work.wait()
            return self._waiting[:BATCH_MAX]

    def _reached(self, batch: list[Envelope]) -> None:
        with self._lock:
            del self._waiting[: len(batch)]
            self._moved_at = monotonic_ns()
            seq = self._flushed = batch[-1].seq
            if not self.is_dead:
                self.failure = None
            done = [waiter for waiter in self._barriers if waiter[0] <= seq]
            self._barriers = [waiter for waiter in self._barriers if waiter[0] > seq]
        for _, loop, future in done:
            _tell(loop, partial(_resolve, future))

    def _may_try_again(self, error: sqlite3.Error) -> bool:
        """Notes a failed write, and rests before the next try; False when there is none."""
        with self._work:
            if is_lasting(error):
                self._waiting = []
                self._give_up(error)
                return False
            self._falter(error)
            if not self._closing:
                self._work.wait_for(lambda: self._closing, self._retry_s)
                return True
            return False

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
