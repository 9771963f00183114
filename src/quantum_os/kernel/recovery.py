"""How a process comes back to where its journal ends: snapshot, then the tail, edges muted."""

import gc
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import msgspec

from quantum_os.events.base import Event, stream_of
from quantum_os.events.system import ProcessStarted, SafetyFault
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.digest import is_whole, whole_event
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import HomeJournal, Journal, JournalDamaged
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.reactor import Module, UnknownSnapshotVersion
from quantum_os.kernel.snapshots import (
    DamagedSnapshot,
    ProcessSnapshot,
    SnapshotFolder,
    restore,
)

KEEP = "the same code does not repeat itself; keep this home and report it"

STARTED = stream_of(ProcessStarted)
FAULT = stream_of(SafetyFault)

Make = Callable[[Journal], tuple[Bus, tuple[Module, ...]]]
"""Builds a fresh line-up on a bus whose edges are muted."""


class AnotherBuild(RuntimeError):
    """The tail was written by code that is not this code; only that code may replay it."""

    def __init__(self, build: str, after: int) -> None:
        super().__init__(
            f"the events after seq {after} were written by {build}: start that release once with "
            "--recover-only, then this one; or name another --home"
        )
        self.build = build


class Diverged(RuntimeError):
    """The inputs of the tail no longer lead to what was said of them; the event is named."""


class Recovered(msgspec.Struct, frozen=True):
    """A process where its journal ends, its edges still muted.

    `snapshot_seq` is 0 when all was played from the first event; `inputs` of the tail were played,
    `rest` events completed a cascade that was cut. `notes` say what was lost or is new.
    """

    bus: Bus
    modules: tuple[Module, ...]
    snapshot_seq: int
    inputs: int
    rest: int
    notes: tuple[str, ...]


class Rejoining:
    """The journal of a recovery: what it holds already is compared, what it lacks is appended."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.held = journal.flushed_seq
        self.made: deque[Envelope] = deque()
        self.rest = 0

    def append(self, envelope: Envelope) -> None:
        if envelope.seq <= self.held:
            self.made.append(envelope)
        else:
            self.rest += 1
            self._journal.append(envelope)

    @property
    def flushed_seq(self) -> int:
        return self._journal.flushed_seq

    async def barrier(self, seq: int) -> None:
        await self._journal.barrier(seq)

    def read(self, start: int = 1) -> Iterator[Envelope]:
        return self._journal.read(start)

    def trim(self, before: int) -> None:
        self._journal.trim(before)

    def close(self) -> None:
        self._journal.close()


def recover(make: Make, journal: HomeJournal, snapshots: SnapshotFolder, build: str) -> Recovered:
    """Comes back from the newest snapshot that can be used.

    Raises AnotherBuild, Diverged, and JournalDamaged when the tail cannot be read.
    """
    notes: list[str] = []
    for path, snapshot in snapshots.newest_first():
        if snapshot is None:
            notes.append(f"{path.name} is damaged: an older one is used")
            continue
        _refuse_another_build(snapshot.seq, snapshot.build, journal, build)
        try:
            return _recovered(make, journal, snapshot, build, notes)
        except DamagedSnapshot as error:
            notes.append(f"{path.name}: {error}")
        except UnknownSnapshotVersion as error:
            if snapshot.build != build:
                raise AnotherBuild(snapshot.build, snapshot.seq) from error
            notes.append(f"{path.name}: {error}")
    _refuse_another_build(0, "", journal, build)
    return _recovered(make, journal, None, build, notes)


def _recovered(
    make: Make,
    journal: HomeJournal,
    snapshot: ProcessSnapshot | None,
    build: str,
    notes: Sequence[str],
) -> Recovered:
    rejoining = Rejoining(journal)
    bus, modules = make(rejoining)
    found = list(notes)
    if snapshot is not None:
        new = restore(snapshot, bus, modules, build)
        found += [f"{name} is new since {snapshot.build} and starts empty" for name in new]
        if snapshot.seq > rejoining.held:
            lost = f"{rejoining.held + 1} to {snapshot.seq}"
            found.append(f"the journal has lost the events {lost}; the snapshot knows their end")
    kill_point("recovery.after_snapshot")
    base = snapshot.seq if snapshot is not None else 0
    bus.haunt(_faults_after(journal, base))
    gc_was_on = gc.isenabled()
    gc.disable()  # events hold no cycles; a long tail is a quarter faster without a search for them
    try:
        inputs = _play_tail(bus, rejoining, base)
    finally:
        if gc_was_on:
            gc.enable()
    kill_point("recovery.after_tail")
    return Recovered(bus, modules, base, inputs, rejoining.rest, tuple(found))


def _play_tail(bus: Bus, rejoining: Rejoining, base: int) -> int:
    """Plays the inputs after `base` and holds all that follows against what was journaled."""
    inputs, seq = 0, base
    held, made, replay = rejoining.held, rejoining.made, bus.replay
    for row in rejoining.read(base + 1):
        if row.seq != seq + 1 or not seq:
            if row.seq > held:
                break
            if seq:
                raise JournalDamaged(seq + 1, f"the next event there is {row.seq}")
            _begin(bus, row)
        elif row.seq > held:
            break  # what this recovery has appended itself
        seq = row.seq
        if row.cause == 0:
            if made:
                raise _difference(row, made[0])
            replay(row, _input(bus, row))
            inputs += 1
            kill_point("recovery.in_tail")
            continue
        if not made:
            raise _difference(row, None)
        again = made.popleft()
        if again.digest != row.digest or again.seq != row.seq or again.cause != row.cause:
            raise _difference(row, again)
    if made:
        raise JournalDamaged(made[0].seq, f"the event {made[0].stream} is missing")
    return inputs


def _input(bus: Bus, row: Envelope) -> Event:
    """Gives a journaled input as it was said, if it stands where it stood."""
    event = whole_event(row.stream, row.payload, row.digest)
    if event is None:
        raise JournalDamaged(row.seq, f"{row.stream} is not what was written")
    if bus.seq != row.seq - 1:
        raise Diverged(f"seq {row.seq} was an input, and comes after {bus.seq} now: {KEEP}")
    return event


def _faults_after(journal: HomeJournal, base: int) -> list[SafetyFault]:
    events = [row.event() for row in journal.read_streams(FAULT) if row.seq > base]
    return [event for event in events if isinstance(event, SafetyFault)]


def _begin(bus: Bus, row: Envelope) -> None:
    """Numbers from the journal's first event on, which is the start of the first life."""
    if row.stream != STARTED:
        raise JournalDamaged(row.seq, "it begins there, and no snapshot before it is whole")
    bus.seq = row.seq - 1


def _difference(row: Envelope, made: Envelope | None) -> JournalDamaged | Diverged:
    """A row that is not what was once hashed is damaged; any other was said otherwise this time."""
    if not is_whole(row.stream, row.payload, row.digest):
        return JournalDamaged(row.seq, f"{row.stream} is not what was written")
    said = "nothing" if made is None else f"{made.stream} {made.digest:016x}"
    return Diverged(
        f"seq {row.seq} was {row.stream} {row.digest:016x} of {row.source}, and is {said} now: "
        f"{KEEP}"
    )


def _refuse_another_build(base: int, taken_by: str, journal: HomeJournal, build: str) -> None:
    """Refuses a tail that other code has written; `taken_by` wrote until the first start in it."""
    if journal.flushed_seq <= base:
        return
    writers = [taken_by] if taken_by else []
    for row in journal.read_streams(STARTED):
        if row.seq > base:
            event = row.event()
            assert isinstance(event, ProcessStarted)
            writers.append(event.build)
    for writer in writers:
        if writer != build:
            raise AnotherBuild(writer, base)
