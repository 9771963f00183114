"""Snapshots come in time, never ahead of the journal, and a disk that fails takes none away."""

import asyncio
from pathlib import Path

import pytest

from quantum_os.kernel.bus import Bus
from quantum_os.kernel.checkpoints import Checkpoints
from quantum_os.kernel.snapshots import ProcessSnapshot, SnapshotFolder
from tests.kernel.fakes import Counter, mark
from tests.kernel.journals import ToldJournal
from tests.waiting import until

EVERY = 10


class Scene:
    """A counter on a bus whose journal is durable when told."""

    def __init__(self, folder: SnapshotFolder, every_s: float = 3_600.0) -> None:
        self.journal = ToldJournal()
        self.modules = (Counter(),)
        self.bus = Bus(self.modules, self.journal)
        self.folder = folder
        self.checkpoints = Checkpoints(
            folder, self.journal, "b", every_s=every_s, every_events=EVERY
        )

    def hears(self, marks: int) -> None:
        for time in range(marks):
            self.bus.process(time, mark(time), "tape")
            self.checkpoints.consider(self.bus, self.modules)

    def saved(self) -> list[int]:
        return [found.seq for _, found in self.folder.newest_first() if found is not None]

    async def settles(self) -> None:
        await until(lambda: self.checkpoints._saving is None)


class FullDisk(SnapshotFolder):
    """A folder on a disk without room."""

    def save(self, snapshot: ProcessSnapshot) -> Path:
        raise OSError("no space left")


async def test_a_snapshot_is_due_after_so_many_events(tmp_path: Path) -> None:
    scene = Scene(SnapshotFolder(tmp_path))
    scene.journal.durable = 10_000
    scene.hears(EVERY * 2)
    await scene.settles()
    assert len(scene.saved()) == 1, "one at a time"
    scene.hears(EVERY)
    await scene.settles()
    assert len(scene.saved()) == 2
    assert scene.checkpoints.saved_seq == scene.saved()[0]


async def test_a_snapshot_is_due_after_so_long(tmp_path: Path) -> None:
    scene = Scene(SnapshotFolder(tmp_path), every_s=0.0)
    scene.journal.durable = 10_000
    scene.hears(1)
    await scene.settles()
    assert scene.saved() == [1]
    scene.checkpoints.consider(scene.bus, scene.modules)
    assert scene.checkpoints._saving is None, "nothing has happened since"


async def test_none_is_saved_ahead_of_the_journal(tmp_path: Path) -> None:
    scene = Scene(SnapshotFolder(tmp_path))
    scene.hears(EVERY)
    for _ in range(10):
        await asyncio.sleep(0)
    assert scene.saved() == []
    scene.journal.flush(scene.bus.seq)
    await scene.settles()
    (seq,) = scene.saved()
    assert seq <= scene.bus.seq


@pytest.mark.parametrize("fails", ["journal", "disk"])
async def test_one_that_cannot_be_saved_is_given_up_and_said(fails: str, tmp_path: Path) -> None:
    scene = Scene(FullDisk(tmp_path) if fails == "disk" else SnapshotFolder(tmp_path))
    if fails == "journal":
        scene.journal.fail()
    else:
        scene.journal.durable = 10_000
    scene.hears(EVERY)
    await scene.settles()
    assert scene.checkpoints.failure
    assert scene.saved() == []
    scene.hears(EVERY)
    assert scene.checkpoints._saving is not None, "it is tried again in time"
    await scene.settles()


async def test_the_end_of_a_life_is_saved_whatever_is_due(tmp_path: Path) -> None:
    scene = Scene(SnapshotFolder(tmp_path))
    scene.journal.durable = 10_000
    scene.hears(3)
    await scene.checkpoints.finish(scene.bus, scene.modules)
    assert scene.saved() == [scene.bus.seq]


async def test_a_broken_bus_leaves_no_snapshot(tmp_path: Path) -> None:
    scene = Scene(SnapshotFolder(tmp_path))
    scene.journal.durable = 10_000
    scene.bus.broken = "cut in its middle"
    await scene.checkpoints.finish(scene.bus, scene.modules)
    assert scene.saved() == []
