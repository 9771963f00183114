"""Whether a journaled stretch still gives the same events: its inputs again, all else compared."""

from collections import deque
from collections.abc import Callable, Iterator

import msgspec

from quantum_os.kernel.bus import Bus, EndlessCascade
from quantum_os.kernel.digest import whole_event
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import JournalDamaged
from quantum_os.storage.journal_reading import DamagedRecord
from quantum_os.storage.verification import Mismatch, Verification

PROGRESS_EVERY = 1_024
"""Inputs between two reports of progress."""


class Window(msgspec.Struct, frozen=True):
    """The stretch that is compared, in ns UTC, its end left out; before it events only lead up."""

    start: int
    end: int


class Remade:
    """The journal of a replay: keeps what is said until it was held against the record."""

    def __init__(self) -> None:
        self.made: deque[Envelope] = deque()

    def append(self, envelope: Envelope) -> None:
        self.made.append(envelope)

    @property
    def flushed_seq(self) -> int:
        return 0

    async def barrier(self, seq: int) -> None:
        return

    def read(self, start: int = 1) -> Iterator[Envelope]:
        return iter(self.made)

    def trim(self, before: int) -> None:
        return

    def close(self) -> None:
        return


class Tally:
    """Counts what was compared, and keeps the first event that differs."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.events = 0
        self.inputs = 0
        self.mismatches = 0
        self.first: Mismatch | None = None
        self.broken = ""
        self.unfinished = 0

    def count(self, row: Envelope) -> None:
        if row.ts >= self.window.start:
            self.events += 1
            self.inputs += row.cause == 0

    def differs(self, row: Envelope, made: Envelope | None, why: str, *, recorded: bool) -> None:
        """Notes a difference, unless it lies before the window."""
        if row.ts < self.window.start:
            return
        self.mismatches += 1
        if self.first is None:
            was = f"{row.digest:016x}" if recorded else None
            now = None if made is None else f"{made.digest:016x}"
            self.first = Mismatch(row.seq, row.stream, row.ts, was, now, why)

    def breaks_off(self, error: DamagedRecord | JournalDamaged, ts: int) -> None:
        """Notes that the record cannot be read on: nothing after that was played."""
        self.broken = str(error)
        self.mismatches += 1
        stream = error.stream if isinstance(error, DamagedRecord) else ""
        self.first = self.first or Mismatch(error.seq, stream, ts, None, None, self.broken)

    def verification(self) -> Verification:
        return Verification(
            self.events, self.inputs, self.mismatches, self.first, self.broken, self.unfinished
        )


def replay_rows(
    rows: Iterator[Envelope],
    bus: Bus,
    remade: Remade,
    window: Window,
    progress: Callable[[int], None] = lambda ts: None,
) -> Verification:
    """Plays the inputs among `rows` on a bus whose edges are muted, and compares all the rest.

    `bus` appends to `remade` and stands before the first row. It ends where the rows do, before the
    first input at or after the window's end, or where the record is damaged or has a hole.
    """
    tally = Tally(window)
    try:
        _follow(rows, bus, remade, tally, progress)
    except (DamagedRecord, JournalDamaged) as error:
        tally.breaks_off(error, bus.instant.ns)
    return tally.verification()


def _follow(
    rows: Iterator[Envelope],
    bus: Bus,
    remade: Remade,
    tally: Tally,
    progress: Callable[[int], None],
) -> None:
    for row in rows:
        if row.cause:
            _compare(row, remade.made.popleft() if remade.made else None, tally)
            continue
        _told_too_much(remade, tally)
        if row.ts >= tally.window.end:
            return
        tally.count(row)
        why = _played(row, bus)
        if why:
            tally.differs(row, None, why, recorded=True)
            return
        if not tally.inputs % PROGRESS_EVERY:
            progress(row.ts)
    tally.unfinished = len(remade.made)


def _played(row: Envelope, bus: Bus) -> str:
    """Plays one input; says what is wrong with it, if anything."""
    event = whole_event(row.stream, row.payload, row.digest)
    if event is None:
        return "the recorded input is not what was written"
    bus.seq = row.seq - 1  # after a difference the numbers still agree
    try:
        bus.replay(row, event)
    except EndlessCascade as error:
        return str(error)
    return ""


def _compare(row: Envelope, made: Envelope | None, tally: Tally) -> None:
    tally.count(row)
    if made is None:
        tally.differs(row, None, "it is not said any more", recorded=True)
    elif made.stream != row.stream:
        tally.differs(row, made, f"{made.stream} is said instead", recorded=True)
    elif made.digest != row.digest:
        tally.differs(row, made, "the content differs", recorded=True)


def _told_too_much(remade: Remade, tally: Tally) -> None:
    for made in remade.made:
        tally.differs(made, made, "it was not said then", recorded=False)
    remade.made.clear()
