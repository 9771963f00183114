"""Journals that behave as told: durable at once, later, never, or broken."""

import asyncio

from quantum_os.events.base import Event
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import JournalFailed, MemoryJournal


class ToldJournal(MemoryJournal):
    """Holds what it is given, but calls it durable only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.durable = 0
        self.failure: Exception | None = None
        self._moved = asyncio.Event()

    @property
    def flushed_seq(self) -> int:
        return self.durable

    @property
    def last_seq(self) -> int:
        return super().flushed_seq

    def append(self, envelope: Envelope) -> None:
        super().append(envelope)

    def flush(self, seq: int) -> None:
        self.durable = seq
        self._moved.set()

    def fail(self, text: str = "disk full") -> None:
        self.failure = JournalFailed(text)
        self._moved.set()

    async def barrier(self, seq: int) -> None:
        while self.durable < seq:
            if self.failure is not None:
                raise self.failure
            self._moved.clear()
            await self._moved.wait()


class ListSpool:
    """A spool in memory; `error` makes it fail as a disk does."""

    def __init__(self, error: OSError | None = None) -> None:
        self.kept: list[tuple[int, Event]] = []
        self.error = error

    async def keep(self, seq: int, ts: int, event: Event) -> None:
        if self.error is not None:
            raise self.error
        self.kept.append((seq, event))
