"""How a process stands where its journal ends: recovered, the spool merged, its edges hearing."""

from collections.abc import Callable

import msgspec

from quantum_os.events.system import AlertRaised, ProcessStarted, Severity
from quantum_os.events.units import Ns
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import Journal
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.recovery import STARTED, Recovered, recover
from quantum_os.kernel.snapshots import SnapshotFolder
from quantum_os.storage.emergency_spool import EmergencySpool
from quantum_os.storage.home import Home
from quantum_os.storage.sqlite_journal import SqliteJournal

SPOOL = "storage.emergency_spool"
"""The source of what is merged."""


class Household(msgspec.Struct, frozen=True):
    """What a home holds, opened: `notes` say what was found damaged or lost so far."""

    home: Home
    journal: SqliteJournal
    spool: EmergencySpool
    snapshots: SnapshotFolder
    notes: tuple[str, ...] = ()

    def close(self) -> None:
        """Lets go of all files; raises JournalFailed when something could not be written."""
        self.spool.close()
        self.journal.close()

    def last_epoch(self) -> int:
        """The highest epoch that the journal knows; -1 while nobody has lived here."""
        starts = [row.event() for row in self.journal.read_streams(STARTED)]
        return max((each.epoch for each in starts if isinstance(each, ProcessStarted)), default=-1)


Building = Callable[[Household], tuple[Module, ...]]
"""Builds the line-up of a life, its edges new."""


def stand_again(
    household: Household, build_modules: Building, build: str, now_ms: int
) -> Recovered:
    """Recovers, merges what the spool holds, and lets the edges hear.

    An empty home numbers its events from `now_ms` on, so that the numbers of no home repeat those
    of another. Raises AnotherBuild, Diverged and JournalDamaged.
    """
    recovered = _recovered(household, build_modules, build, now_ms)
    merged = _merge(household, recovered.bus)
    kill_point("recovery.after_merge")
    if merged:
        text = f"{merged} records of the emergency spool were merged"
        recovered = msgspec.structs.replace(recovered, notes=(*recovered.notes, text))
    recovered.bus.unmute()
    return recovered


def alerts_of(household: Household, recovered: Recovered, now: int) -> list[AlertRaised]:
    """What a person must know of this recovery: one alert for each thing that was not as left."""
    return [
        AlertRaised(
            key=f"recovery:{number}",
            rule="recovery",
            severity=Severity.CRITICAL,
            summary=note,
            since=Ns(now),
        )
        for number, note in enumerate((*household.notes, *recovered.notes))
    ]


def _recovered(household: Household, build_modules: Building, build: str, now_ms: int) -> Recovered:
    def make(journal: Journal) -> tuple[Bus, tuple[Module, ...]]:
        modules = build_modules(household)
        first = 1 if household.journal.last_seq else now_ms
        return Bus(modules, journal, first, muted=True), modules

    recovered = recover(make, household.journal, household.snapshots, build)
    household.journal.skip_to(recovered.snapshot_seq)
    return recovered


def _merge(household: Household, bus: Bus) -> int:
    """Offers what the spool holds and the journal does not; gives how much that was."""
    merged = 0
    for record in household.spool.records:
        if not household.journal.has(record.stream, record.payload):
            # In the time of the journal: that of the record belongs to events that were lost.
            bus.process(bus.instant.ns, record.event(), SPOOL)
            merged += 1
    return merged
