"""Whether a recorded run still gives the same events: replays its inputs and compares every hash."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from quantum_os.kernel.bus import Bus
from quantum_os.kernel.envelope import Envelope, decode_event
from quantum_os.kernel.journal import Journal
from quantum_os.storage.frames import FrameRead
from quantum_os.storage.run_folder import read_hashes, read_inputs, recorded_digest


class Mismatch(msgspec.Struct, frozen=True):
    """The first event that is not what was recorded."""

    seq: int
    stream: str
    ts: int
    recorded: str | None
    replayed: str | None
    why: str


class Verification(msgspec.Struct, frozen=True):
    """What a verification found; `mismatches` counts events that differ, are missing or are new."""

    events: int
    inputs: int
    mismatches: int
    first: Mismatch | None


class ComparingJournal:
    """Takes the replayed events and holds each against its recorded hash; keeps none of them."""

    def __init__(self, hashes: bytes) -> None:
        self._hashes = hashes
        self.seen = 0
        self.mismatches = 0
        self.first: Mismatch | None = None
        self.note = ""

    def append(self, envelope: Envelope) -> None:
        self.seen += 1
        recorded = recorded_digest(self._hashes, self.seen)
        if recorded != envelope.digest or self.note:
            self.differs(envelope, recorded, self.note or "the content differs")
            self.note = ""

    def differs(self, envelope: Envelope, recorded: int | None, why: str) -> None:
        self.mismatches += 1
        if self.first is None:
            self.first = Mismatch(
                seq=envelope.seq,
                stream=envelope.stream,
                ts=envelope.ts,
                recorded=None if recorded is None else f"{recorded:016x}",
                replayed=f"{envelope.digest:016x}",
                why=why,
            )

    @property
    def flushed_seq(self) -> int:
        return self.seen

    async def barrier(self, seq: int) -> None:
        return

    def read(self, start: int = 1) -> Iterator[Envelope]:
        raise NotImplementedError("a comparing journal keeps nothing")

    def trim(self, before: int) -> None:
        return

    def close(self) -> None:
        return


def verify(
    folder: Path, make_bus: Callable[[Journal], Bus], progress: Callable[[int], None]
) -> Verification:
    """Replays `inputs.bin` through a fresh line-up and compares every event with `hashes.bin`.

    `make_bus` builds the run's line-up over a journal; `progress` hears the inputs done so far.
    """
    hashes = read_hashes(folder)
    journal = ComparingJournal(hashes)
    bus = make_bus(journal)
    inputs = 0
    for read in read_inputs(folder):
        if read.damage:
            journal.note = f"input {read.index}: {read.damage}"
        if not _replay_one(read, bus, journal):
            break
        inputs += 1
        progress(inputs)
    recorded = len(hashes) // 8
    missing = max(0, recorded - journal.seen)
    if missing and journal.first is None:
        journal.first = _missing(journal, hashes)
    return Verification(journal.seen, inputs, journal.mismatches + missing, journal.first)


def _replay_one(read: FrameRead, bus: Bus, journal: ComparingJournal) -> bool:
    """Feeds one recorded input to the bus; False when it cannot be read any more."""
    if read.frame is None:
        return False
    try:
        event = decode_event(read.frame.stream, read.frame.payload)
    except (KeyError, msgspec.DecodeError, msgspec.ValidationError) as error:
        journal.note = journal.note or f"input {read.index}: {error}"
        return False
    bus.process(read.frame.ts, event, read.frame.source)
    return True


def _missing(journal: ComparingJournal, hashes: bytes) -> Mismatch:
    recorded = recorded_digest(hashes, journal.seen + 1)
    return Mismatch(
        seq=journal.seen + 1,
        stream="?",
        ts=0,
        recorded=None if recorded is None else f"{recorded:016x}",
        replayed=None,
        why=journal.note or "the recorded inputs end early",
    )
