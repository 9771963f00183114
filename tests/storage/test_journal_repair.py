"""What is whole before the damage is saved, what is not is counted, and the old file is kept."""

import sqlite3
from pathlib import Path

import pytest

from quantum_os.kernel.bus import Bus
from quantum_os.storage.journal_file import JournalFile
from quantum_os.storage.journal_index import identity_of
from quantum_os.storage.journal_repair import save_before
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.kernel.fakes import mark

EVENTS = 3_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "journal.sqlite"
    journal = SqliteJournal(found)
    bus = Bus([], journal)
    for time in range(EVENTS):
        bus.process(time, mark(time), "tape")
    journal.close()
    return found


def seqs(path: Path) -> list[int]:
    file = JournalFile(path)
    found = [row.seq for row in file.read(1)]
    file.close()
    return found


def test_a_whole_journal_is_saved_whole(path: Path) -> None:
    before = path.read_bytes()
    saved = save_before(path, EVENTS + 1)
    assert (saved.kept, saved.lost) == (EVENTS, 0)
    assert seqs(path) == list(range(1, EVENTS + 1))
    assert saved.old_file.read_bytes() == before


def test_what_stands_from_the_damage_on_is_left_behind(path: Path) -> None:
    assert save_before(path, 1_001).kept == 1_000
    assert seqs(path)[-1] == 1_000


def test_rows_that_were_changed_are_lost_and_counted(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("UPDATE journal SET digest = x'0000000000000000' WHERE seq IN (5, 6)")
    other.commit()
    other.close()
    saved = save_before(path, EVENTS + 1)
    assert (saved.kept, saved.lost) == (EVENTS - 2, 2)
    assert 5 not in seqs(path)


def test_pages_that_cannot_be_read_are_walked_around(path: Path) -> None:
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 8_192] = b"\xff" * 8_192
    path.write_bytes(data)
    saved = save_before(path, EVENTS + 1)
    assert 0 < saved.lost < EVENTS // 2
    assert saved.kept + saved.lost == EVENTS
    assert seqs(path)[-1] == EVENTS


def test_a_second_damage_does_not_overwrite_the_first_ones_file(path: Path) -> None:
    names = [save_before(path, EVENTS - turn).old_file.name for turn in range(2)]
    assert names == ["journal.sqlite.damaged-1", "journal.sqlite.damaged-2"]


def test_an_unfinished_repair_is_begun_anew(path: Path) -> None:
    path.with_suffix(".part").write_bytes(b"half a file")
    assert save_before(path, EVENTS + 1).kept == EVENTS
    assert not path.with_suffix(".part").exists()


def test_a_log_of_the_old_file_is_never_read_into_the_new_one(path: Path) -> None:
    log = path.with_name(path.name + "-wal")
    log.write_bytes(b"frames of another file")
    save_before(path, 101)
    assert not log.exists() or not log.stat().st_size
    assert seqs(path) == list(range(1, 101))


def test_a_repaired_journal_keeps_its_name_wherever_it_was_first_called(
    path: Path, tmp_path: Path
) -> None:
    name = identity_of(path)
    moved = path.rename(tmp_path / "moved.sqlite")
    other = sqlite3.connect(moved)
    other.execute("DELETE FROM journal WHERE seq < 100")
    other.commit()
    other.close()
    save_before(moved, EVENTS)
    assert identity_of(moved) == name


def test_a_journal_whose_name_is_lost_is_saved_all_the_same(path: Path) -> None:
    identity_of(path)
    other = sqlite3.connect(path)
    other.execute("DROP TABLE identity")
    other.commit()
    other.close()
    assert save_before(path, EVENTS + 1).kept == EVENTS
    assert identity_of(path)


def test_it_looks_no_further_than_the_last_event(path: Path) -> None:
    saved = save_before(path, 2**62)
    assert (saved.kept, saved.lost) == (EVENTS, 0)


def test_a_damaged_index_is_no_loss(path: Path) -> None:
    data = bytearray(path.read_bytes())
    other = sqlite3.connect(path)
    pages = [row[0] for row in other.execute("SELECT rootpage FROM sqlite_master WHERE rootpage")]
    other.close()
    index = max(pages)
    data[(index - 1) * 4_096 : index * 4_096] = b"\xff" * 4_096
    path.write_bytes(data)
    saved = save_before(path, 2**62)
    assert (saved.kept, saved.lost) == (EVENTS, 0)
