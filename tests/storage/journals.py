"""Journals for tests of what follows one: filled, cut, and flushed no further than they say."""

from collections.abc import Iterable, Iterator

import msgspec

from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.storage.projections.streams import PROJECTIONS


class SlowJournal(MemoryJournal):
    """A journal whose events are durable only up to `durable`."""

    def __init__(self, envelopes: Iterable[Envelope] = ()) -> None:
        super().__init__()
        for envelope in envelopes:
            self.append(envelope)
        self.durable = super().flushed_seq

    @property
    def flushed_seq(self) -> int:
        return self.durable

    def read(self, start: int = 1) -> Iterator[Envelope]:
        return (each for each in super().read(start) if each.seq <= self.durable)


def journal_of(envelopes: Iterable[Envelope]) -> SlowJournal:
    return SlowJournal(envelopes)


def eventful(day: Iterable[Envelope], first: int, last: int) -> list[Envelope]:
    """Gives the events of a stretch that leave rows, after the start, numbered anew from 1."""
    kept = [
        envelope
        for envelope in day
        if envelope.stream == "process.started"
        or (first <= envelope.seq <= last and envelope.stream in PROJECTIONS)
    ]
    return renumbered(kept)


def renumbered(envelopes: Iterable[Envelope], first: int = 1) -> list[Envelope]:
    return [
        msgspec.structs.replace(envelope, seq=seq)
        for seq, envelope in enumerate(envelopes, start=first)
    ]
