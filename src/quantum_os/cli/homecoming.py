"""How a process comes back to its home: what it opens, refuses, repairs, replays and merges."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec

from quantum_os.cli.adopted_models import refusal
from quantum_os.events.system import ProcessStarted
from quantum_os.kernel.journal import JournalDamaged, JournalFailed
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.recovery import STARTED, Recovered
from quantum_os.kernel.snapshots import SnapshotFolder
from quantum_os.lineup import Plan
from quantum_os.storage.emergency_spool import EmergencySpool
from quantum_os.storage.home import Home
from quantum_os.storage.journal_file import JournalFile
from quantum_os.storage.journal_repair import save_before
from quantum_os.storage.sqlite_journal import SqliteJournal
from quantum_os.storage.standing_again import Building, Household, stand_again


class HomeRefused(RuntimeError):
    """This home may not be lived in so; the text says what to do."""


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
    other_models = refusal(household.home, plan.models)
    if other_models:
        raise HomeRefused(other_models)
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
    """Stands where the journal ends, and repairs it once if its tail cannot be read.

    Raises AnotherBuild, Diverged, and JournalDamaged when a repair was not enough.
    """
    try:
        return household, stand_again(household, build_modules, build, now_ms)
    except JournalDamaged as error:
        household = _repaired(household, error)
        return household, stand_again(household, build_modules, build, now_ms)


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


def _place(started: ProcessStarted) -> str:
    return f"{started.venue}, {'apart' if started.world_went_on else 'in this process'}"
