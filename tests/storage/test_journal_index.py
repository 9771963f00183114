"""A journal that is written elsewhere can be asked by stream, by place, and who it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.kernel.bus import Bus
from quantum_os.storage.journal_index import JournalIndex, identity_of, seq_at
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.kernel.fakes import mark
from tests.storage.fund import tripped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "journal.sqlite"


@pytest.fixture
def index(path: Path) -> Iterator[JournalIndex]:
    """Three marks and a latch, from 7 on."""
    journal = SqliteJournal(path, first_seq=7)
    bus = Bus([], journal, first_seq=7)
    for time in range(3):
        bus.process(time, mark(time), "tape")
    bus.process(3, tripped("drawdown"), "risk.safety")
    journal.close()
    with JournalIndex(path) as opened:
        yield opened


def test_a_number_for_a_time() -> None:
    assert seq_at(1_700_000_000_123_456_789) == 1_700_000_000_123


def test_each_streams_last_event_is_known(index: JournalIndex) -> None:
    assert index.last_seqs(100) == {"feed.watermark": 9, "safety.tripped": 10}
    assert index.last_seqs(8) == {"feed.watermark": 8}
    assert index.last_seqs(6) == {}


def test_events_are_found_by_number_and_by_stream(index: JournalIndex) -> None:
    assert index.first_seq() == 7
    assert [each.seq for each in index.read(9)] == [9, 10]
    assert [each.seq for each in index.read_stream("feed.watermark", 8)] == [8, 9]
    found = index.at(10)
    assert found is not None
    assert (found.stream, found.event()) == ("safety.tripped", tripped("drawdown"))
    assert index.at(11) is index.at(6) is None


def test_an_empty_journal_has_nothing_to_give(path: Path) -> None:
    SqliteJournal(path).close()
    with JournalIndex(path) as index:
        assert index.first_seq() is None
        assert index.last_seqs(100) == {}


def test_a_journal_is_itself_for_ever_and_no_other(path: Path, tmp_path: Path) -> None:
    first, other = SqliteJournal(path), SqliteJournal(tmp_path / "other.sqlite")
    before = identity_of(path)
    bus = Bus([], first)
    bus.process(1, mark(), "tape")
    first.close()
    second = SqliteJournal(path)
    assert identity_of(path) == before != identity_of(other.path)
    second.close()
    other.close()
