"""How a process comes back to its home: what it opens, refuses, repairs, replays and merges."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec

from quantum_os.events.system import AlertRaised, ProcessStarted, Severity
from quantum_os.events.units import Ns
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import Journal, JournalDamaged, JournalFailed
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.recovery import STARTED, Recovered, recover
from quantum_os.kernel.snapshots import SnapshotFolder
from quantum_os.lineup import Plan
from quantum_os.storage.emergency_spool import EmergencySpool
from quantum_os.storage.home import Home
from quantum_os.storage.journal_file import JournalFile
from quantum_os.storage.journal_repair import save_before
from quantum_os.storage.sqlite_journal import SqliteJournal

SPOOL = "storage.emergency_spool"
"""The source of what is merged."""


class HomeRefused(RuntimeError):
    """This home may not be lived in so; the text says what to do."""


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


OpenFile = Callable[[Path], JournalFile]


def open_home(home: Home, open_file: OpenFile = JournalFile) -> Household:
    """Opens a home, or makes it; raises HomeRefused when something cannot be opened."""
    try:
        spool = EmergencySpool(home.spool)
        snapshots = SnapshotFolder(home.snapshots)
        journal, notes = _journal(home, open_file)
    except (OSError, sqlite3.Error) as error:
        raise HomeRefused(f"{home.folder}: {error}") from error
    kill_point("recovery.after_journal")
    if spool.damage:
        notes = (*notes, spool.damage)
    return Household(home, journal, spool, snapshots, notes)


def refuse_another(household: Household, plan: Plan, *, world_went_on: bool) -> None:
    """Raises HomeRefused when the home belongs to another run than this one."""
    row = household.journal.first_of(STARTED)
    if row is None:
        household.home.plan.write_bytes(msgspec.json.encode(plan))
        return
    first = row.event()
    assert isinstance(first, ProcessStarted)
    ours = plan.first_event(first.build, 0, world_went_on=world_went_on)
    facts = (
        ("mode", first.mode, ours.mode),
        ("venue", _place(first), _place(ours)),
        ("seed", first.seed, ours.seed),
        ("configuration", first.config_hash, ours.config_hash),
        ("market data", first.namespace, ours.namespace),
    )
    for what, theirs, wanted in facts:
        if theirs != wanted:
            raise HomeRefused(
                f"{household.home.folder} belongs to a run with another {what} "
                f"({theirs}, here {wanted}): name another --home"
            )
    if not household.home.plan.exists():
        household.home.plan.write_bytes(msgspec.json.encode(plan))


def come_back(
    household: Household, build_modules: Building, build: str, now_ms: int
) -> tuple[Household, Recovered]:
    """Recovers, and repairs the journal once if its tail cannot be read.

    An empty home numbers its events from `now_ms` on, so that the numbers of no home repeat those
    of another. Raises AnotherBuild, Diverged, and JournalDamaged when a repair was not enough.
    """
    try:
        recovered = _recovered(household, build_modules, build, now_ms)
    except JournalDamaged as error:
        household = _repaired(household, error)
        recovered = _recovered(household, build_modules, build, now_ms)
    merged = _merge(household, recovered.bus)
    kill_point("recovery.after_merge")
    if merged:
        text = f"{merged} records of the emergency spool were merged"
        recovered = msgspec.structs.replace(recovered, notes=(*recovered.notes, text))
    recovered.bus.unmute()
    return household, recovered


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


def _journal(home: Home, open_file: OpenFile) -> tuple[SqliteJournal, tuple[str, ...]]:
    """Opens the journal; one that SQLite cannot open at all is saved as far as it can be read."""
    try:
        return SqliteJournal(home.journal, open_file=open_file), ()
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        saved = save_before(home.journal, 2**62)
        note = f"the journal could not be opened ({error}): {saved.kept} events were saved"
        return SqliteJournal(home.journal), (note,)


def _repaired(household: Household, error: JournalDamaged) -> Household:
    try:
        household.journal.close()
    except JournalFailed as failed:
        raise error from failed
    saved = save_before(household.home.journal, error.seq)
    note = (
        f"{error}: {saved.kept} events before it were saved, {saved.lost} could not be; "
        f"the old file is {saved.old_file.name}"
    )
    journal = SqliteJournal(household.home.journal)
    return msgspec.structs.replace(household, journal=journal, notes=(*household.notes, note))


def _merge(household: Household, bus: Bus) -> int:
    """Offers what the spool holds and the journal does not; gives how much that was."""
    merged = 0
    for record in household.spool.records:
        if not household.journal.has(record.stream, record.payload):
            # In the time of the journal: that of the record belongs to events that were lost.
            bus.process(bus.instant.ns, record.event(), SPOOL)
            merged += 1
    return merged


def _place(started: ProcessStarted) -> str:
    return f"{started.venue}, {'apart' if started.world_went_on else 'in this process'}"
