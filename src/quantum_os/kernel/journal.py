"""What a journal promises, and the one that lives in memory."""

from collections.abc import Iterator
from typing import Protocol

from quantum_os.kernel.envelope import Envelope


class Journal(Protocol):
    """An append-only record of numbered events. Sequence numbers are gap-free."""

    def append(self, envelope: Envelope) -> None:
        """Takes one event; it may not be durable yet."""

    @property
    def flushed_seq(self) -> int:
        """The highest sequence number that would survive the death of the process."""

    async def barrier(self, seq: int) -> None:
        """Returns once everything up to `seq` is durable; raises JournalFailed if it cannot be."""

    def read(self, start: int = 1) -> Iterator[Envelope]:
        """Gives the durable events from `start` on, in order."""

    def trim(self, before: int) -> None:
        """Forgets the events before a sequence number."""

    def close(self) -> None:
        """Makes everything durable and lets go of the file."""


class HomeJournal(Journal, Protocol):
    """A journal that a process comes back from: it can be asked for single streams."""

    def read_streams(self, *streams: str) -> Iterator[Envelope]:
        """Gives the durable events of some streams, in order."""


class JournalFailed(RuntimeError):
    """The journal could not be written; entries must stop, exits go on."""


class JournalDamaged(RuntimeError):
    """What the journal holds at `seq` cannot be read, or is not what was written."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"the journal is damaged at seq {seq}: {why}")
        self.seq = seq


class MemoryJournal:
    """A journal for tests and short runs: keeps every envelope, durable as long as the process."""

    def __init__(self) -> None:
        self._kept: list[Envelope] = []

    def append(self, envelope: Envelope) -> None:
        self._kept.append(envelope)

    @property
    def flushed_seq(self) -> int:
        return self._kept[-1].seq if self._kept else 0

    async def barrier(self, seq: int) -> None:
        if seq > self.flushed_seq:
            raise JournalFailed(f"seq {seq} was never appended")

    def read(self, start: int = 1) -> Iterator[Envelope]:
        return (envelope for envelope in self._kept if envelope.seq >= start)

    def read_streams(self, *streams: str) -> Iterator[Envelope]:
        return (envelope for envelope in self._kept if envelope.stream in streams)

    def trim(self, before: int) -> None:
        self._kept = [envelope for envelope in self._kept if envelope.seq >= before]

    def close(self) -> None:
        return
