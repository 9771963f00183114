"""EDGE. Whether the journal keeps up and its disk has room; what must not be lost is spooled."""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Protocol

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.risk import SafetyCleared, SafetyTripped
from quantum_os.events.system import Keeper, StorageState
from quantum_os.events.units import Ns
from quantum_os.kernel.edge import Edge, EdgeContext
from quantum_os.kernel.journal import Journal
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.reactor import Handler
from quantum_os.kernel.write_ahead import EXIT_WAIT_S, holds
from quantum_os.storage.emergency_spool import EmergencySpool

LOOK_S = 0.25
"""Wall seconds between two looks at the journal."""

STALL_S = 1.5
"""Wall seconds without a write, while something waits, from which on the journal is failing: with
one look more it is said within 2 s."""

WELL_S = 5.0
"""Wall seconds that a journal must keep up before it is called well again."""

FREE_SHARE_MIN = 0.10
FREE_BYTES_MIN = 5 * 2**30
"""Entries stop when a disk has less than both: a share of a large disk is years of journal."""


class JournalDead(RuntimeError):
    """The journal will not be written again by this process; it must recover from what is there."""


class WatchedJournal(Journal, Protocol):
    """A journal that says how it is doing."""

    failure: Exception | None
    is_dead: bool

    @property
    def last_seq(self) -> int: ...
    @property
    def lag(self) -> int: ...
    def stalled_s(self) -> float: ...


class Disk(msgspec.Struct, frozen=True):
    """Free and total bytes of the disk that the journal lies on."""

    free: int
    total: int

    @property
    def is_short(self) -> bool:
        return self.free < FREE_BYTES_MIN and self.free < FREE_SHARE_MIN * self.total


def disk_of(folder: Path) -> Disk:
    """Asks the system; raises OSError."""
    found = os.statvfs(folder)
    return Disk(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


class JournalWatch(Edge):
    """Says when the journal fails and when it is well again; ends the process when it is dead.

    A latch that closes or opens is spooled when the journal does not hold it in time, so that a
    kill switch survives. Once the journal holds all that was spooled, the spool is emptied.
    """

    name = "storage.journal_watch"
    consumes = (SafetyTripped, SafetyCleared)
    produces: ClassVar[frozenset[type[Event]]] = frozenset({StorageState})

    def __init__(
        self,
        journal: WatchedJournal,
        spool: EmergencySpool,
        disk: Callable[[], Disk],
        look_s: float = LOOK_S,
        well_s: float = WELL_S,
    ) -> None:
        self._journal = journal
        self._spool = spool
        self._disk = disk
        self._look_s = look_s
        self._looks_well_min = max(1, round(well_s / look_s))
        self._looks_well = 0
        self._failing = ""
        self._unrecorded = 0
        self._latches: deque[tuple[int, SafetyTripped | SafetyCleared]] = deque()
        self._heard = asyncio.Event()

    def handlers(self) -> dict[type[Event], Handler]:
        return {SafetyTripped: self._note, SafetyCleared: self._note}

    async def run(self, context: EdgeContext) -> None:
        recording = asyncio.create_task(self._record_latches())
        try:
            while True:
                await self._look(context)
                await self._empty_spool()
                await asyncio.sleep(self._look_s)
        finally:
            recording.cancel()

    async def stop(self) -> None:
        """A last look: what the journal holds by now need not be merged by the next life."""
        await self._empty_spool()

    def _note(self, event: SafetyTripped | SafetyCleared) -> None:
        self._latches.append((self.seq, event))
        self._heard.set()

    async def _record_latches(self) -> None:
        while True:
            await self._heard.wait()
            self._heard.clear()
            while self._latches:
                seq, event = self._latches.popleft()
                if not await holds(self._journal, seq, EXIT_WAIT_S):
                    try:
                        await self._spool.keep(seq, self.now, event)
                    except OSError:
                        self._unrecorded = seq

    async def _look(self, context: EdgeContext) -> None:
        """Says what has changed since the last look; raises JournalDead."""
        trouble = self._trouble()
        self._looks_well = 0 if trouble else self._looks_well + 1
        is_news = bool(trouble) != bool(self._failing)
        if is_news and (trouble or self._looks_well >= self._looks_well_min):
            self._failing = trouble
            now = Ns(context.clock.now())
            state = StorageState(Keeper.JOURNAL, not trouble, now, self._journal.lag, trouble)
            await context.lanes.offer_control(now, state, self.name)
        if self._journal.is_dead:
            raise JournalDead(str(self._journal.failure))

    def _trouble(self) -> str:
        """What is wrong in a few words; empty while all is well."""
        if self._journal.failure is not None:
            return str(self._journal.failure)
        stalled_s = self._journal.stalled_s()
        if stalled_s > STALL_S:
            return f"nothing was written for {stalled_s:.1f} s"
        try:
            disk = self._disk()
        except OSError as error:
            return f"the disk does not answer: {error}"
        if disk.is_short:
            return f"the disk has {disk.free / disk.total:.1%} free ({disk.free / 2**30:.1f} GiB)"
        if self._journal.flushed_seq < self._unrecorded:
            return "neither journal nor spool could take the state of a latch"
        return ""

    async def _empty_spool(self) -> None:
        """Empties it once the journal holds all that was numbered until now, its records among it.

        Records of an earlier life were merged before this one began.
        """
        merged = len(self._spool.records)
        if merged and await holds(self._journal, self._journal.last_seq, self._look_s):
            self._spool.clear(merged)
            kill_point("recovery.after_clear")
