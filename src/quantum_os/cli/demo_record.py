"""What of a live run is recorded: every event of its home from the first on, or why it is not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import islice

from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import JournalFailed
from quantum_os.storage.run_folder import RunRecorder
from quantum_os.storage.sqlite_journal import SqliteJournal

COPIED_AT_ONCE = 500
"""Events of an earlier life that are copied before others get a turn: some milliseconds."""

FLUSH_S = 1.0
"""Wall seconds between two flushes: what a process that is killed has not left behind."""

RECORDED_BYTES_MAX = 8 * 2**30
"""Bytes of one recording; the journal of the home goes on, and is trimmed by its own rules."""


class DemoRecord:
    """Writes a run folder beside a journal; whatever an earlier life did is copied from there.

    The copying keeps nobody waiting: what is said meanwhile is copied, too, and once nothing is
    left, events are taken as they come. A recording with a hole could not be replayed, so at the
    first hole it ends: `gap` says where. `make` begins the recording, once the home is ours.
    """

    def __init__(
        self, make: Callable[[], RunRecorder], bytes_max: int = RECORDED_BYTES_MAX
    ) -> None:
        self.gap = ""
        self._bytes_max = bytes_max
        self._make = make
        self._recorder: RunRecorder | None = None
        self._last = 0
        self._is_level = False

    @property
    def has_begun(self) -> bool:
        """Whether anything was recorded."""
        return self._last > 0

    def __call__(self, envelope: Envelope) -> None:
        """Takes the next event as it is journaled; one that is further ahead is copied later."""
        if self._last and envelope.seq != self._last + 1:
            self._is_level = False
        if self._is_level:
            self._take(envelope)

    def begin(self) -> None:
        """Begins the recording; raises OSError and RunFolderError."""
        self._recorder = self._make()

    def close(self) -> None:
        """Lets go of the recording's files; what cannot be written leaves a gap."""
        if self._recorder is not None:
            self._written(self._recorder.close)

    @asynccontextmanager
    async def following(self, journal: SqliteJournal) -> AsyncIterator[None]:
        """Records a life while it is lived, and what is left of it at its end."""
        task = asyncio.create_task(self._follow(journal))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            try:
                await self.catch_up(journal)
            except JournalFailed as error:
                self.gap = self.gap or f"the journal lacks event {self._last + 1}: {error}"
            self._is_level = False

    async def catch_up(self, journal: SqliteJournal) -> None:
        """Copies what was journaled and not heard; raises JournalFailed."""
        while not (self._is_level or self.gap):
            target = journal.last_seq
            await journal.barrier(target)
            batch = list(islice(journal.read(self._last + 1), COPIED_AT_ONCE))
            for envelope in batch:
                self._take(envelope)
            if batch:
                self._is_level = self._last == journal.last_seq
            elif self._last in (0, target):
                self._is_level = journal.last_seq == target
            else:
                self.gap = f"the journal lacks event {self._last + 1}"
            await asyncio.sleep(0)

    async def _follow(self, journal: SqliteJournal) -> None:
        while not self.gap:
            with suppress(JournalFailed):  # it is tried again, and the end of the life decides
                await self.catch_up(journal)
            if self._recorder is not None and not self.gap:
                self._written(self._recorder.flush)
            await asyncio.sleep(FLUSH_S)

    def _take(self, envelope: Envelope) -> None:
        recorder = self._recorder
        if self.gap or recorder is None:
            return
        if self._last and envelope.seq != self._last + 1:
            self.gap = f"the journal lacks event {self._last + 1}"
            return
        self._written(lambda: recorder.append(envelope))
        self._last = envelope.seq
        if recorder.size > self._bytes_max:
            self.gap = f"it is longer than {self._bytes_max:,} bytes; the home has all of it"

    def _written(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self.gap = self.gap or f"the recording could not be written: {error}"
