"""Whether a recorded run still gives the same events: replays its inputs, compares hashes."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from quantum_os.events.catalog import EVENTS
from quantum_os.kernel.bus import Bus, EndlessCascade
from quantum_os.kernel.envelope import Envelope, decode_event
from quantum_os.kernel.journal import Journal
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.storage.frames import FrameRead, frame_of
from quantum_os.storage.run_folder import (
    CONTEXT,
    HASH_BYTES,
    HASHES,
    INDEX,
    ORDERS,
    PARTS,
    index_of,
    part_of,
    read_context,
    read_hashes,
    read_inputs,
    read_orders,
    recorded_digest,
)


class Mismatch(msgspec.Struct, frozen=True):
    """The first event that is not what was recorded."""

    seq: int
    stream: str
    ts: int
    recorded: str | None
    replayed: str | None
    why: str


class Verification(msgspec.Struct, frozen=True):
    """What a verification found; `mismatches` counts events that differ, are missing or are new.

    `broken` says where and why the record could not be read on. `unfinished` counts the events that
    follow from its last input and were not written any more: a process may die within a cascade.
    """

    events: int
    inputs: int
    mismatches: int
    first: Mismatch | None
    broken: str = ""
    unfinished: int = 0


class ComparingJournal:
    """Takes the replayed events and holds each against its recorded hash; keeps none of them.

    Derived events that were kept whole are also held against their whole record in `kept`, which
    has one reading for each number of a file.
    """

    def __init__(self, hashes: bytes, kept: Mapping[int, Iterator[FrameRead]]) -> None:
        self._hashes = hashes
        self._kept = kept
        self.seen = 0
        self.mismatches = 0
        self.first: Mismatch | None = None

    def append(self, envelope: Envelope) -> None:
        self.seen += 1
        recorded = recorded_digest(self._hashes, self.seen)
        why = "" if recorded == envelope.digest else "the content differs"
        part = part_of(envelope.stream, is_input=envelope.is_input)
        if part is not None and part in self._kept:
            why = self._problem(envelope, part) or why
        if why:
            self.differs(
                Mismatch(
                    seq=envelope.seq,
                    stream=envelope.stream,
                    ts=envelope.ts,
                    recorded=_hex(recorded),
                    replayed=_hex(envelope.digest),
                    why=why,
                )
            )

    def differs(self, mismatch: Mismatch, count: int = 1) -> None:
        """Counts what is wrong; the first one is kept to be named."""
        self.mismatches += count
        self.first = self.first or mismatch

    def missing(self, recorded_events: int, why: str) -> None:
        """Counts the recorded events that the replay never came to."""
        lacking = recorded_events - self.seen
        if lacking > 0 or why:
            seq = self.seen + 1
            recorded = recorded_digest(self._hashes, seq)
            why = why or "the recorded inputs end early"
            self.differs(Mismatch(seq, "?", 0, _hex(recorded), None, why), max(1, lacking))

    def _problem(self, envelope: Envelope, part: int) -> str:
        """Says what is wrong with the kept frame of an event, if anything."""
        file, read = PARTS[part], next(self._kept[part], None)
        if read is None:
            return f"{file} ends early"
        if read.damage or read.frame is None:
            return f"{file}, frame {read.index}: {read.damage}"
        replayed = frame_of(envelope)
        if EVENTS[envelope.stream].UNHASHED:
            replayed = msgspec.structs.replace(replayed, payload=read.frame.payload)
        return "" if read.frame == replayed else f"{file}, frame {read.index}: another event"

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
    """Replays `inputs.bin` through a fresh line-up and compares every event with the record.

    Each event is held against its hash, and against its frame where one is kept; the index against
    the one that the frames give.

    `make_bus` builds the run's line-up over a journal; `progress` hears the inputs done so far. A
    damaged input ends the replay: what would follow from it was never said.
    """
    hashes = read_hashes(folder)
    kept = {PARTS.index(ORDERS): read_orders(folder), PARTS.index(CONTEXT): read_context(folder)}
    journal = ComparingJournal(hashes, kept)
    bus = make_bus(journal)
    inputs, why = 0, ""
    for read in read_inputs(folder):
        why = _replayed(read, bus)
        if why:
            break
        inputs += 1
        progress(inputs)
    events, torn = divmod(len(hashes), HASH_BYTES)
    journal.missing(events, why)
    if journal.first is None:
        odd = _left_over(folder, kept, torn=bool(torn))
        if odd:
            journal.differs(Mismatch(journal.seen, "?", 0, None, None, odd))
    return Verification(journal.seen, inputs, journal.mismatches, journal.first)


def _left_over(folder: Path, kept: Mapping[int, Iterator[FrameRead]], *, torn: bool) -> str:
    """Says what else is in the folder that no event of the replay stands for, if anything."""
    longer = [PARTS[part] for part, reads in kept.items() if next(reads, None) is not None]
    if torn or longer:
        return f"{longer[0] if longer else HASHES} says more"
    fits = (folder / INDEX).read_bytes() == index_of(folder)
    return "" if fits else f"{INDEX} does not fit the frames"


def _replayed(read: FrameRead, bus: Bus) -> str:
    """Feeds one recorded input to the bus; says what is wrong with it, if anything."""
    if read.frame is None or read.damage:
        return f"input {read.index}: {read.damage}"
    try:
        event = decode_event(read.frame.stream, read.frame.payload)
        bus.process(read.frame.ts, event, read.frame.source)
    except (*UNREADABLE, KeyError, EndlessCascade) as error:
        return f"input {read.index}: {error}"
    return ""


def _hex(digest: int | None) -> str | None:
    return None if digest is None else f"{digest:016x}"
