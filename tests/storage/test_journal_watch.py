"""Trouble with the journal is said once and soon, its end once it is over; latches are not lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quantum_os.events.base import Event
from quantum_os.events.risk import SafetyCleared
from quantum_os.events.system import Keeper, StorageState
from quantum_os.events.units import Ns
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.edge import EdgeContext
from quantum_os.kernel.journal import JournalFailed
from quantum_os.kernel.lanes import Lanes
from quantum_os.risk.latches import Cause, trip
from quantum_os.storage.emergency_spool import EmergencySpool
from quantum_os.storage.journal_watch import Disk, JournalDead, JournalWatch, disk_of
from tests.kernel.journals import ToldJournal
from tests.waiting import until

LOOK_S = 0.002
ROOMY = Disk(free=50, total=100)
GIB = 2**30


class Watched(ToldJournal):
    """A journal that stalls and dies as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.is_dead = False
        self.stalled = 0.0

    @property
    def lag(self) -> int:
        return self.last_seq - self.durable

    def stalled_s(self) -> float:
        return self.stalled


class Scene:
    """The watch at work over a told journal and a real spool."""

    def __init__(self, folder: Path) -> None:
        self.journal = Watched()
        self.spool = EmergencySpool(folder / "spool", 8_192)
        self.disk: Disk | OSError = ROOMY
        self.lanes = Lanes()
        self.watch = JournalWatch(
            self.journal, self.spool, self._disk, look_s=LOOK_S, well_s=5 * LOOK_S
        )
        self.bus = Bus([self.watch], self.journal)
        context = EdgeContext(ReplayClock(9), self.lanes, self.journal, self.spool)
        self.task = asyncio.create_task(self.watch.run(context))

    def _disk(self) -> Disk:
        if isinstance(self.disk, OSError):
            raise self.disk
        return self.disk

    async def says(self) -> StorageState:
        while (offered := self.lanes.take()) is None:
            await self.lanes.wait()
        assert isinstance(offered.event, StorageState)
        return offered.event

    async def looks(self, times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(LOOK_S * 2)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.task.cancel()
    await asyncio.gather(made.task, return_exceptions=True)


async def test_a_healthy_journal_is_not_talked_about(scene: Scene) -> None:
    await scene.looks(5)
    assert scene.lanes.take() is None


async def test_p6_a_failing_journal_is_said_once_and_its_end_too(scene: Scene) -> None:
    scene.journal.failure = JournalFailed("attempt to write a readonly database")
    state = await scene.says()
    assert (state.keeper, state.ok, state.since) == (Keeper.JOURNAL, False, 9)
    assert state.reason == "attempt to write a readonly database"
    await scene.looks(3)
    assert scene.lanes.take() is None
    scene.journal.failure = None
    state = await scene.says()
    assert (state.ok, state.reason) == (True, "")


async def test_one_that_writes_nothing_for_long_is_failing(scene: Scene) -> None:
    scene.journal.stalled = 1.6
    assert (await scene.says()).reason == "nothing was written for 1.6 s"


async def test_it_must_keep_up_for_a_while_to_be_well_again(scene: Scene) -> None:
    """Commits of two seconds each would otherwise open and close the latch all day long."""
    scene.journal.stalled = 2.0
    assert not (await scene.says()).ok
    for _ in range(4):
        scene.journal.stalled = 0.0
        await asyncio.sleep(LOOK_S)
        scene.journal.stalled = 2.0
        await asyncio.sleep(LOOK_S * 2)
    assert scene.lanes.take() is None
    scene.journal.stalled = 0.0
    assert (await scene.says()).ok


@pytest.mark.parametrize(
    ("disk", "is_short"),
    [
        (Disk(4 * GIB, 50 * GIB), True),
        (Disk(6 * GIB, 70 * GIB), False),
        (Disk(4 * GIB, 30 * GIB), False),
        (Disk(0, 100), True),
        (Disk(11, 100), False),
    ],
)
async def test_f86_p5_a_disk_that_runs_full_stops_entries_before_it_is(
    disk: Disk, is_short: bool, scene: Scene
) -> None:
    assert disk.is_short is is_short
    scene.disk = disk
    if is_short:
        assert "the disk has" in (await scene.says()).reason
        scene.disk = ROOMY
        assert (await scene.says()).ok
    else:
        await scene.looks(3)
        assert scene.lanes.take() is None


async def test_a_disk_that_does_not_answer_is_trouble(scene: Scene) -> None:
    scene.disk = OSError("stale handle")
    assert (await scene.says()).reason == "the disk does not answer: stale handle"


def test_the_disk_is_the_one_of_the_folder(tmp_path: Path) -> None:
    disk = disk_of(tmp_path)
    assert 0 <= disk.free <= disk.total
    assert disk.total > 0


async def test_p6_a_dead_journal_ends_the_process_after_it_was_said(scene: Scene) -> None:
    scene.journal.failure = JournalFailed("fsync failed")
    scene.journal.is_dead = True
    with pytest.raises(JournalDead, match="fsync failed"):
        await scene.task
    assert not (await scene.says()).ok


def hears(scene: Scene, event: Event) -> None:
    scene.bus.process(1, event, "test")


async def test_f84_a_latch_is_spooled_while_the_journal_fails(scene: Scene) -> None:
    scene.journal.fail()
    kill = trip(Cause.OPERATOR_KILL, Ns(1))
    cleared = SafetyCleared(Cause.OPERATOR_KILL, "ann", "over", Ns(0))
    hears(scene, kill)
    hears(scene, cleared)
    await until(lambda: len(scene.spool.records) == 2)
    assert [record.event() for record in scene.spool.records] == [kill, cleared]
    await scene.looks(3)
    assert len(scene.spool.records) == 2, "nothing is let go before the journal holds it"


async def test_a_latch_that_is_durable_in_time_is_not_spooled(scene: Scene) -> None:
    hears(scene, trip(Cause.OPERATOR_PAUSE, Ns(1)))
    scene.journal.flush(1)
    await scene.looks(3)
    assert scene.spool.records == ()


async def test_the_spool_is_emptied_once_the_journal_holds_everything(scene: Scene) -> None:
    scene.journal.fail()
    hears(scene, trip(Cause.OPERATOR_KILL, Ns(1)))
    await until(lambda: scene.spool.records)
    scene.journal.failure = None
    await scene.looks(2)
    assert scene.spool.records
    scene.journal.flush(1)
    await until(lambda: not scene.spool.records)


async def test_what_came_while_it_was_emptied_stays(scene: Scene) -> None:
    scene.journal.fail()
    hears(scene, trip(Cause.OPERATOR_KILL, Ns(1)))
    await until(lambda: scene.spool.records)
    assert not scene.spool.clear(0)
    assert len(scene.spool.records) == 1


async def test_a_latch_that_nothing_can_hold_is_trouble_until_the_journal_does(
    tmp_path: Path,
) -> None:
    class NoRoom(EmergencySpool):
        async def keep(self, seq: int, ts: int, event: Event) -> None:
            raise OSError("no room")

    scene = Scene(tmp_path)
    scene.spool = NoRoom(tmp_path / "other", 8_192)
    scene.watch._spool = scene.spool
    scene.journal.fail()
    hears(scene, trip(Cause.OPERATOR_KILL, Ns(1)))
    assert not (await scene.says()).ok
    await until(lambda: scene.watch._unrecorded)
    scene.journal.failure = None
    await scene.looks(8)
    assert scene.lanes.take() is None
    scene.journal.flush(1)
    assert (await scene.says()).ok
    scene.task.cancel()
