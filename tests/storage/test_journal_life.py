"""A journal lived through by chance: bad disks, cut files and new lives, against a list in memory.

What a barrier let through survives any cut; what was appended survives up to some point, and then
nothing does. Exits that could not be journaled wait in the emergency spool, each once.
"""

import asyncio
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from quantum_os.kernel.bus import Bus
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import JournalFailed
from quantum_os.kernel.snapshots import ProcessSnapshot, SnapshotFolder, from_bytes, take
from quantum_os.storage.emergency_spool import EmergencySpool, Spooled
from quantum_os.storage.journal_file import JournalFile
from quantum_os.storage.sqlite_journal import BATCH_MAX, SqliteJournal
from tests.kernel.fakes import Counter, mark
from tests.lives import law, law_broken_by, lived
from tests.storage.test_sqlite_journal import BadDisk, error
from tests.waiting import until

LOAD = lived(30, 20)
SPOOL_BYTES = 8_192
FILES = ("journal.sqlite", "journal.sqlite-wal", "spool")


class HeldDisk(BadDisk):
    """A disk that writes when it is let, so that a life is the same each time it is lived."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, None)
        self.gate = threading.Event()

    def write(self, envelopes: Sequence[Envelope]) -> None:
        self.gate.wait()
        super().write(envelopes)


class Told(SqliteJournal):
    """Notes what it is told before it does anything else with it."""

    told: list[Envelope]

    def append(self, envelope: Envelope) -> None:
        self.told.append(envelope)
        super().append(envelope)


class JournalLife(RuleBasedStateMachine):
    """A home with a journal, a spool and snapshots; `said` is what was appended and not lost."""

    journal_of: type[Told] = Told
    spool_of: type[EmergencySpool] = EmergencySpool

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="life-"))
        self.loop = asyncio.new_event_loop()
        self.said: list[Envelope] = []
        self.trimmed = 1
        self.confirmed = 0
        self.synced = 0
        self.lives = 0
        self.time = 0
        self.spooled: list[int] = []
        self.snapshots: list[int] = []
        self.begins(self.home / "life-0")

    def begins(self, folder: Path) -> None:
        """Opens what lies in a folder; the bus goes on behind what the journal holds."""
        self.folder = folder
        disks: list[HeldDisk] = []

        def opened(path: Path) -> JournalFile:
            disks.append(HeldDisk(path))
            return disks[-1]

        path = folder / FILES[0]
        self.journal = self.journal_of(path, open_file=opened, retry_s=0.001)
        self.journal.told, self.disk = self.said, disks[0]
        self.spool = self.spool_of(folder / "spool", SPOOL_BYTES)
        self.counter = Counter()
        self.bus = Bus([self.counter], self.journal, first_seq=self.journal.last_seq + 1)

    @rule(number=st.integers(1, 5))
    def appends(self, number: int) -> None:
        for _ in range(number):
            self.time += 1
            self.bus.process(self.time, mark(self.time), "tape")

    @rule()
    def disk_turns(self) -> None:
        """All that waits is written, or tried once more."""
        tries = self.disk.tries
        self.disk.gate.set()

        def settled() -> bool:
            is_even = self.journal.flushed_seq == self.journal.last_seq
            return is_even or (self.disk.error is not None and self.disk.tries > tries + 1)

        self.loop.run_until_complete(until(settled))
        self.disk.gate.clear()

    @rule()
    def waits_at_the_barrier(self) -> None:
        """Returns with everything durable, or raises while the disk is bad."""
        failing = self.journal.failure is not None
        waits = not failing and self.journal.flushed_seq < self.bus.seq
        barrier = self.loop.create_task(self.journal.barrier(self.bus.seq))
        self.loop.run_until_complete(asyncio.sleep(0))
        law(not (waits and barrier.done()), "a barrier holds until the disk has written")
        self.disk_turns()
        try:
            self.loop.run_until_complete(barrier)
        except JournalFailed:
            law(failing or self.disk.error is not None, "a barrier fails with the disk only")
            return
        self.confirmed = self.bus.seq
        self.synced = self.size_of_wal()

    @rule(number=st.integers(1, 5))
    def appends_and_waits(self, number: int) -> None:
        """What an entry does before its bytes leave."""
        self.appends(number)
        self.waits_at_the_barrier()

    @rule()
    def disk_fails_or_heals(self) -> None:
        disk = self.disk
        disk.error = None if disk.error is not None else error("SQLITE_FULL")

    @rule()
    def an_exit_is_spooled(self) -> None:
        """Its bytes may leave once the spool has returned, whatever the journal does."""
        self.time += 1
        number = 10_000 + self.time
        self.spool.write(Spooled(number, self.time, "exit.intent", bytes([self.time % 256]) * 40))
        self.spooled.append(number)

    @precondition(lambda self: self.disk.error is None)
    @rule(before=st.integers(1, 30))
    def trims(self, before: int) -> None:
        self.disk_turns()
        flushed = self.journal.flushed_seq
        self.journal.trim(before)
        self.trimmed = max(self.trimmed, min(before, flushed))

    @rule(tear=st.booleans())
    def takes_a_snapshot(self, tear: bool) -> None:
        folder = SnapshotFolder(self.home / "snapshots")
        path = folder.save(take(self.bus, [self.counter]))
        if tear:
            path.write_bytes(path.read_bytes()[: -1 - self.time % 7])
            self.snapshots = [seq for seq in self.snapshots if seq != self.bus.seq]
        elif self.bus.seq not in self.snapshots:
            self.snapshots.append(self.bus.seq)
        names = sorted(self.home.glob("snapshots/*"))
        self.snapshots = [s for s in self.snapshots if any(f"{s:020d}" in n.name for n in names)]
        newest = folder.newest_valid()
        law(
            (newest.seq if newest is not None else None) == max(self.snapshots, default=None),
            "the newest whole snapshot is found",
        )

    @rule(lost=st.integers(0, 40))
    def power_is_cut(self, lost: int) -> None:
        """The files as they lie there; what was not synced may be torn anywhere."""
        self.lives += 1
        folder = self.home / f"life-{self.lives}"
        folder.mkdir()
        size = self.size_of_wal()
        for name in FILES:
            if (self.folder / name).exists():
                shutil.copy(self.folder / name, folder / name)
        self.ends()
        wal = folder / FILES[1]
        if wal.exists():
            with wal.open("r+b") as file:
                file.truncate(max(self.synced, size - lost * 97))
        self.begins(folder)
        held = list(self.journal.read())
        law(self.journal.last_seq >= self.confirmed, "what a barrier let through survives")
        self.said[:] = [each for each in self.said if each.seq <= self.journal.last_seq]
        # A trim that was not synced is undone by the cut: what it forgot is there again.
        self.trimmed = min([self.trimmed, *(each.seq for each in held)])
        law(held == self.kept(), "what survives is as it was said")
        self.synced = 0
        self.merges()

    @rule()
    def ends_well(self) -> None:
        """A stop with a sound disk writes all that waits."""
        self.disk.error = None
        self.ends()
        self.confirmed = max(self.confirmed, self.bus.seq)
        self.begins(self.folder)
        law(self.journal.last_seq >= self.bus.seq, "a stop writes what waits")
        self.merges()

    def merges(self) -> None:
        """What the spool kept is heard once by the new life, and gone from the spool after it."""
        records = self.spool.records
        law([each.seq for each in records] == self.spooled, "what was spooled is found, once")
        law(self.spool.clear(len(records)), "the spool empties")
        self.spooled = []

    def ends(self) -> None:
        self.disk.gate.set()
        try:
            self.journal.close()
        except JournalFailed:
            law(self.disk.error is not None, "a journal fails with the disk only")
        self.spool.close()

    def size_of_wal(self) -> int:
        wal = self.folder / FILES[1]
        return wal.stat().st_size if wal.exists() else 0

    def kept(self) -> list[Envelope]:
        return [each for each in self.said if each.seq >= self.trimmed]

    @invariant()
    def the_durable_is_a_prefix(self) -> None:
        flushed = self.journal.flushed_seq
        law(flushed >= self.confirmed, "what is durable stays so")
        held = [each for each in self.journal.read() if each.seq <= flushed]
        wanted = [each for each in self.kept() if each.seq <= flushed]
        law(held == wanted, "what is durable is what was said, without a hole")

    @invariant()
    def another_process_sees_it_too(self) -> None:
        other = sqlite3.connect(self.folder / FILES[0])
        (last,) = other.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()
        other.close()
        law(last >= self.confirmed, "what a barrier let through is in the file")

    def teardown(self) -> None:
        self.ends()
        self.loop.close()
        shutil.rmtree(self.home, ignore_errors=True)


TestJournalLife = JournalLife.TestCase
TestJournalLife.settings = LOAD


class OpensItsBarriers(Told):
    """Lets a barrier through as soon as an event was appended."""

    async def barrier(self, seq: int) -> None:
        return


class LosesTheLast(Told):
    """Writes all of a batch but its last event, and calls it durable."""

    def write_next(self) -> float | None:
        with self.lock:
            batch = self._waiting[:BATCH_MAX]
        if len(batch) > 1:
            with suppress(sqlite3.Error):
                self._file.write(batch[:-1])
                self._reached(batch)
                return 0.0
        return super().write_next()


class TrimsTooFar(Told):
    """Forgets one event more than it was told."""

    def trim(self, before: int) -> None:
        super().trim(before + 1)


class SpoolsInMemory(EmergencySpool):
    """Keeps a record without putting it on the disk."""

    def write(self, spooled: Spooled) -> None:
        self._records.append(spooled)


class ForgetsToClear(EmergencySpool):
    """Says that it is empty, and gives the same records to the next life."""

    def clear(self, merged: int) -> bool:
        return True


@pytest.mark.parametrize(
    ("seam", "canary"),
    [
        ("journal_of", OpensItsBarriers),
        ("journal_of", LosesTheLast),
        ("journal_of", TrimsTooFar),
        ("spool_of", SpoolsInMemory),
        ("spool_of", ForgetsToClear),
    ],
)
def test_canary_a_planted_bug_is_found(seam: str, canary: type) -> None:
    law_broken_by(type(canary.__name__, (JournalLife,), {seam: canary}), LOAD)


def test_a_snapshot_without_its_seal_is_no_snapshot(tmp_path: Path) -> None:
    bus = Bus([], SqliteJournal(tmp_path / "journal.sqlite"))
    path = SnapshotFolder(tmp_path / "snapshots").save(take(bus, []))
    assert isinstance(from_bytes(path.read_bytes()), ProcessSnapshot)
    path.write_bytes(path.read_bytes()[:-1])
    assert SnapshotFolder(tmp_path / "snapshots").newest_valid() is None
