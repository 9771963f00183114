"""Each snapshot of a home becomes one row, with the life that took it, and stays written down."""

from pathlib import Path

import msgspec
import pytest

from quantum_os.events.execution import OrderRequested
from quantum_os.kernel.digest import RunDigest
from quantum_os.kernel.snapshots import ProcessSnapshot, SnapshotFolder, from_bytes
from quantum_os.storage.database.address import Address
from quantum_os.storage.database.engines import open_async
from quantum_os.storage.projecting import Projecting
from quantum_os.storage.snapshot_index import SnapshotIndex
from quantum_os.storage.store import Store
from tests.events.examples import example_of
from tests.storage.journals import journal_of
from tests.storage.projections.telling import START, envelopes
from tests.storage.reading import rows

NEXT_LIFE = msgspec.structs.replace(START, epoch=START.epoch + 1)
STORY = (START, example_of(OrderRequested), NEXT_LIFE, example_of(OrderRequested))
"""Two lives: the first has the events 1 and 2, the second 3 and 4."""


def snapshot(seq: int) -> ProcessSnapshot:
    return ProcessSnapshot(seq, seq * 1_000, RunDigest(), {}, {}, build="b1")


class Index(SnapshotIndex):
    """One that need not wait for its second."""

    async def turn(self) -> int:
        self._due_at = 0
        return await super().turn()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "snapshots"


async def told(address: Address, folder: Path, *, upto: int, turns: int = 1) -> list[int]:
    """Lets a store hear so many events, and gives what each turn of the index wrote."""
    store = Store(open_async(address))
    projecting = Projecting(journal_of(envelopes(STORY[:upto])), store)
    await projecting.open()
    await projecting.finish()
    index = Index(store, folder)
    written = [await index.turn() for _ in range(turns)]
    await store.close()
    return written


async def test_each_file_is_written_down_once(ready: Address, folder: Path) -> None:
    kept = SnapshotFolder(folder)
    paths = [kept.save(snapshot(seq)) for seq in (2, 4)]
    assert await told(ready, folder, upto=4, turns=2) == [2, 0]
    assert await told(ready, folder, upto=4) == [2]  # a next process says the same again
    found = rows(ready, "snapshots")
    assert [(row["seq"], row["epoch"], row["at"]) for row in found] == [
        (2, START.epoch, 2_000),
        (4, NEXT_LIFE.epoch, 4_000),
    ]
    for row, path in zip(found, paths, strict=True):
        data = path.read_bytes()
        assert (row["file"], row["bytes"], row["build"]) == (path.name, len(data), "b1")
        assert data.startswith(bytes.fromhex(row["checksum"]))
        assert from_bytes(data).seq == row["seq"]


async def test_one_that_reaches_further_than_the_store_waits(ready: Address, folder: Path) -> None:
    """Else it would be taken for one of the life before."""
    SnapshotFolder(folder).save(snapshot(4))
    assert await told(ready, folder, upto=2) == [0]
    assert rows(ready, "snapshots") == []
    assert await told(ready, folder, upto=4) == [1]
    assert [row["epoch"] for row in rows(ready, "snapshots")] == [NEXT_LIFE.epoch]


async def test_a_damaged_file_leaves_no_row_and_a_deleted_one_keeps_its_own(
    ready: Address, folder: Path
) -> None:
    kept = SnapshotFolder(folder)
    path = kept.save(snapshot(2))
    assert await told(ready, folder, upto=4) == [1]
    path.unlink()
    kept.save(snapshot(4)).write_bytes(b"torn")
    assert await told(ready, folder, upto=4) == [0]
    assert [row["seq"] for row in rows(ready, "snapshots")] == [2]
