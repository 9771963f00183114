"""A process goes on from a snapshot as if it had never stopped, and trusts none that is damaged."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.snapshots import (
    KEPT,
    DamagedSnapshot,
    ProcessSnapshot,
    SnapshotFolder,
    from_bytes,
    restore,
    take,
    to_bytes,
)
from tests.kernel.fakes import Counter, Fake, Listener, mark


class Process:
    """A counter, a listener and a bus between them."""

    def __init__(self) -> None:
        self.modules = (Counter(), Listener(), Fake("kernel.edge", {}))
        self.bus = Bus(self.modules, MemoryJournal())

    def play(self, first: int, last: int) -> None:
        for time in range(first, last):
            self.bus.process(time, mark(time), "tape")

    def taken(self) -> ProcessSnapshot:
        return take(self.bus, self.modules)

    def go_on_from(self, snapshot: ProcessSnapshot) -> None:
        restore(snapshot, self.bus, self.modules)


def _played(inputs: int) -> Process:
    process = Process()
    process.play(0, inputs)
    return process


@given(st.integers(0, 12), st.integers(0, 12))
def test_cut_anywhere_restored_and_continued_is_the_same_as_uncut(cut: int, rest: int) -> None:
    other = Process()
    other.go_on_from(from_bytes(to_bytes(_played(cut).taken())))
    other.play(cut, cut + rest)
    assert to_bytes(other.taken()) == to_bytes(_played(cut + rest).taken())


def test_a_snapshot_does_not_move_with_its_process() -> None:
    process = _played(3)
    snapshot = process.taken()
    before = to_bytes(snapshot)
    process.play(3, 9)
    assert to_bytes(snapshot) == before


def test_two_processes_can_go_on_from_one_snapshot() -> None:
    snapshot = _played(3).taken()
    before = to_bytes(snapshot)
    for _ in range(2):
        process = Process()
        process.go_on_from(snapshot)
        process.play(3, 9)
    assert to_bytes(snapshot) == before


def test_a_snapshot_that_lacks_a_module_is_refused() -> None:
    snapshot = take(_played(2).bus, [Counter()])
    with pytest.raises(DamagedSnapshot, match=r"does not know kernel\.listener"):
        Process().go_on_from(snapshot)


@given(st.data())
def test_one_changed_byte_is_noticed(data: st.DataObject) -> None:
    whole = to_bytes(_played(4).taken())
    place = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.integers(1, 255))
    damaged = whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :]
    with pytest.raises(DamagedSnapshot):
        from_bytes(damaged)


@pytest.mark.parametrize("kept", [0, 5, 16, -1])
def test_a_cut_file_is_noticed(kept: int) -> None:
    with pytest.raises(DamagedSnapshot):
        from_bytes(to_bytes(_played(4).taken())[:kept])


def test_the_newest_whole_snapshot_is_found(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path / "snapshots")
    assert folder.newest_valid() is None
    paths = [folder.save(_played(inputs).taken()) for inputs in (2, 20, 6)]
    newest = folder.newest_valid()
    assert newest is not None
    assert newest.seq == _played(20).bus.seq
    paths[1].write_bytes(paths[1].read_bytes()[:-1])
    older = folder.newest_valid()
    assert older is not None
    assert older.seq == _played(6).bus.seq


def test_an_unfinished_file_is_no_snapshot(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path)
    (tmp_path / "00000000000000000009.part").write_bytes(to_bytes(_played(3).taken()))
    assert folder.newest_valid() is None


def test_no_more_than_the_newest_few_are_kept(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path)
    process = Process()
    seqs = []
    for turn in range(KEPT + 3):
        process.play(turn, turn + 1)
        folder.save(process.taken())
        seqs.append(process.bus.seq)
    assert sorted(int(path.stem) for path in tmp_path.iterdir()) == seqs[-KEPT:]
