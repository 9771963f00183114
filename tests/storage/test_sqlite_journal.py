"""What the journal calls durable is in the file; what it cannot write it says out loud."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.events.risk import SafetyCleared, SafetyTripped
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import JournalFailed
from quantum_os.storage.journal_index import seq_at
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.kernel.fakes import bus_of, mark
from tests.storage.fund import tripped


class IdleJournal(SqliteJournal):
    """A journal whose writer never comes to write."""

    def _write_behind(self) -> None:
        return


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(path)
    yield opened
    if opened.failure is None:
        opened.close()


def _fill(journal: SqliteJournal, events: int) -> Bus:
    bus = Bus([], journal, first_seq=journal.last_seq + 1)
    for time in range(events):
        bus.process(time, mark(time), "tape")
    return bus


def _seqs(path: Path) -> list[int]:
    """Reads the file as another process would."""
    other = sqlite3.connect(path)
    seqs = [row[0] for row in other.execute("SELECT seq FROM journal ORDER BY seq")]
    other.close()
    return seqs


def _break_table(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("DROP TABLE journal")
    other.commit()
    other.close()


async def test_what_a_barrier_lets_through_is_in_the_file(
    path: Path, journal: SqliteJournal
) -> None:
    _fill(journal, 1_000)
    await journal.barrier(700)
    assert journal.flushed_seq >= 700
    assert _seqs(path)[:700] == list(range(1, 701))


async def test_many_barriers_at_once_all_open(journal: SqliteJournal) -> None:
    _fill(journal, 50)
    await asyncio.gather(*(journal.barrier(seq) for seq in range(1, 51)))
    assert journal.flushed_seq == 50


async def test_a_barrier_for_what_was_never_appended_is_refused(journal: SqliteJournal) -> None:
    _fill(journal, 2)
    with pytest.raises(JournalFailed, match="seq 3 was never appended"):
        await journal.barrier(3)


async def test_events_come_back_as_they_were(journal: SqliteJournal) -> None:
    bus, memory = bus_of()
    written = list[Envelope]()
    for time in range(5):
        bus.process(time, mark(time), "tape")
    for envelope in memory.read():
        journal.append(envelope)
        written.append(envelope)
    await journal.barrier(5)
    assert list(journal.read()) == written
    assert list(journal.read(4)) == written[3:]


@pytest.mark.parametrize("seq", [3, 5, 2, 0])
def test_a_hole_in_the_numbers_is_refused(journal: SqliteJournal, seq: int) -> None:
    _fill(journal, 3)
    with pytest.raises(JournalFailed, match=f"seq {seq} after 3"):
        journal.append(Envelope(seq, 0, 0, seq, "tape", "fill", b"", 0))


def test_closing_writes_what_waits_and_the_next_life_goes_on(path: Path) -> None:
    first = SqliteJournal(path)
    _fill(first, 10)
    first.close()
    assert _seqs(path) == list(range(1, 11))
    second = SqliteJournal(path)
    assert second.last_seq == second.flushed_seq == 10
    _fill(second, 2)
    second.close()
    assert _seqs(path)[-2:] == [11, 12]


def test_a_new_journal_begins_where_it_is_told_and_an_old_one_goes_on(path: Path) -> None:
    first = SqliteJournal(path, first_seq=seq_at(1_700_000_000_123_456_789))
    assert first.last_seq == first.flushed_seq == 1_700_000_000_122
    _fill(first, 2)
    first.close()
    assert _seqs(path) == [1_700_000_000_123, 1_700_000_000_124]
    second = SqliteJournal(path, first_seq=1_800_000_000_000)
    assert second.last_seq == 1_700_000_000_124
    second.close()


async def test_trimming_forgets_the_old_but_keeps_the_number_line(path: Path) -> None:
    first = SqliteJournal(path)
    _fill(first, 10)
    await first.barrier(10)
    first.trim(4)
    assert [envelope.seq for envelope in first.read()] == list(range(4, 11))
    first.trim(1_000)
    first.close()
    second = SqliteJournal(path)
    assert second.last_seq == 10
    second.close()


async def test_a_failed_write_opens_no_barrier(path: Path, journal: SqliteJournal) -> None:
    _fill(journal, 1)
    await journal.barrier(1)
    _break_table(path)
    bus = _fill(journal, 1)
    with pytest.raises(JournalFailed, match="no such table"):
        await journal.barrier(2)
    with pytest.raises(JournalFailed, match="no such table"):
        await journal.barrier(2)
    assert journal.flushed_seq == 1
    bus.process(3, mark(), "tape")
    assert journal.last_seq == 3
    with pytest.raises(JournalFailed, match="no such table"):
        journal.close()


def test_a_full_journal_refuses(path: Path) -> None:
    journal = IdleJournal(path, unflushed_max=3)
    with pytest.raises(JournalFailed, match="3 events wait"):
        _fill(journal, 4)
    journal.close()


def test_a_waiter_whose_loop_has_gone_does_not_stop_the_writer(path: Path) -> None:
    journal = SqliteJournal(path)

    async def impatient() -> None:
        _fill(journal, 1)
        waiting = asyncio.ensure_future(journal.barrier(1))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(impatient())
    _fill(journal, 5)
    journal.close()
    assert _seqs(path) == list(range(1, 7))


def test_f84_tripped_latches_are_found_again_by_the_next_life(path: Path) -> None:
    first = SqliteJournal(path)
    bus = Bus([], first)
    bus.process(1, mark(), "tape")
    bus.process(2, tripped("daily loss"), "risk.safety")
    bus.process(3, tripped("drawdown"), "risk.safety")
    bus.process(4, SafetyCleared("daily loss", "operator", "new day"), "risk.safety")
    first.close()
    second = SqliteJournal(path)
    closed: dict[str, SafetyTripped] = {}
    for envelope in second.read_streams("safety.tripped", "safety.cleared"):
        event = envelope.event()
        if isinstance(event, SafetyTripped):
            closed[event.cause] = event
        elif isinstance(event, SafetyCleared):
            del closed[event.cause]
    second.close()
    assert closed == {"drawdown": tripped("drawdown")}
