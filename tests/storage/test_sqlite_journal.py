"""What the journal calls durable is in the file; what it cannot write it says out loud."""

import asyncio
import resource
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from quantum_os.events.risk import SafetyCleared, SafetyTripped
from quantum_os.events.units import Ns
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import JournalDamaged, JournalFailed
from quantum_os.storage.journal_file import JournalFile
from quantum_os.storage.journal_index import seq_at
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.kernel.fakes import bus_of, mark
from tests.storage.fund import tripped
from tests.waiting import until


class BadDisk(JournalFile):
    """A file whose writes fail as long as they are told to."""

    def __init__(self, path: Path, error: sqlite3.Error | None) -> None:
        super().__init__(path)
        self.error = error
        self.tries = 0

    def write(self, envelopes: Sequence[Envelope]) -> None:
        self.tries += 1
        if self.error is not None:
            raise self.error
        super().write(envelopes)


def error(name: str) -> sqlite3.OperationalError:
    """An error as SQLite would raise it."""
    made = sqlite3.OperationalError(name)
    made.sqlite_errorname = name
    return made


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


async def failing(journal: SqliteJournal, seq: int, match: str) -> None:
    """Returns once the journal says that it fails."""
    with pytest.raises(JournalFailed, match=match):
        await journal.barrier(seq)


async def test_a_failed_write_opens_no_barrier(path: Path, journal: SqliteJournal) -> None:
    _fill(journal, 1)
    await journal.barrier(1)
    _break_table(path)
    bus = _fill(journal, 1)
    await failing(journal, 2, "no such table")
    await failing(journal, 2, "no such table")
    assert journal.flushed_seq == 1
    bus.process(3, mark(), "tape")
    assert (journal.last_seq, journal.lag) == (3, 2)
    with pytest.raises(JournalFailed, match="no such table"):
        journal.close()


async def test_it_heals_by_itself_and_nothing_is_lost(path: Path) -> None:
    disk = BadDisk(path, error("SQLITE_FULL"))
    journal = SqliteJournal(path, open_file=lambda _: disk, retry_s=0.001)
    bus = _fill(journal, 5)
    await failing(journal, 5, "SQLITE_FULL")
    assert journal.stalled_s() > 0
    for time in range(5):
        bus.process(time, mark(time), "tape")
    disk.error = None
    await until(lambda: journal.failure is None)
    await journal.barrier(10)
    assert _seqs(path) == list(range(1, 11))
    assert (journal.failure, journal.is_dead, journal.stalled_s()) == (None, False, 0.0)
    journal.close()


@pytest.mark.parametrize(
    "name",
    ["SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC", "SQLITE_CORRUPT_INDEX", "SQLITE_NOTADB"],
)
async def test_a_failed_fsync_is_for_good(path: Path, name: str) -> None:
    """What the kernel dropped and calls clean would be believed by the next write that succeeds."""
    disk = BadDisk(path, error(name))
    journal = SqliteJournal(path, open_file=lambda _: disk, retry_s=0.001)
    _fill(journal, 3)
    await failing(journal, 3, name)
    disk.error = None
    assert journal.is_dead
    assert disk.tries == 1
    with pytest.raises(JournalFailed, match=name):
        journal.close()
    assert _seqs(path) == []


@pytest.mark.parametrize(
    "name", ["SQLITE_FULL", "SQLITE_BUSY", "SQLITE_READONLY", "SQLITE_IOERR_WRITE"]
)
async def test_a_failed_write_is_tried_again(path: Path, name: str) -> None:
    disk = BadDisk(path, error(name))
    journal = SqliteJournal(path, open_file=lambda _: disk, retry_s=0.001)
    _fill(journal, 1)
    await failing(journal, 1, name)
    assert not journal.is_dead
    disk.error = None
    journal.close()
    assert _seqs(path) == [1]


async def test_what_does_not_fit_is_numbered_and_not_kept(path: Path) -> None:
    disk = BadDisk(path, error("SQLITE_FULL"))
    journal = SqliteJournal(path, 3, open_file=lambda _: disk, retry_s=0.001)
    _fill(journal, 7)
    assert journal.is_dead
    assert journal.last_seq == 7
    disk.error = None
    with pytest.raises(JournalFailed, match="3 events wait"):
        journal.close()
    assert _seqs(path) == [1, 2, 3], "what was kept is the beginning of what happened"


def test_f86_a_full_disk_stops_the_journal_and_room_heals_it(path: Path) -> None:
    """A real one: the system lets no file of this process grow past a limit."""
    journal = SqliteJournal(path, retry_s=0.001)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))
    try:
        _fill(journal, 5_000)
        while journal.failure is None:
            pass
        assert journal.flushed_seq < 5_000
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    journal.close()
    assert _seqs(path) == list(range(1, 5_001))


def test_a_hole_is_left_where_events_were_lost(path: Path) -> None:
    journal = SqliteJournal(path)
    _fill(journal, 3)
    journal.skip_to(9)
    assert (journal.last_seq, journal.flushed_seq) == (9, 9)
    _fill(journal, 1)
    journal.close()
    assert _seqs(path) == [1, 2, 3, 10]


def test_single_streams_and_contents_are_found(journal: SqliteJournal) -> None:
    bus = _fill(journal, 2)
    bus.process(3, tripped("drawdown"), "risk.safety")
    asyncio.run(journal.barrier(3))
    first = journal.first_of("feed.watermark")
    assert first is not None
    assert (first.seq, first.event()) == (1, mark(0))
    assert journal.first_of("fill") is None
    assert journal.has("feed.watermark", first.payload)
    assert not journal.has("safety.tripped", first.payload)


def test_a_page_that_cannot_be_read_says_where(path: Path) -> None:
    first = SqliteJournal(path)
    _fill(first, 3_000)
    first.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20_000] = b"\xff" * 20_000
    path.write_bytes(data)
    second = SqliteJournal(path)
    with pytest.raises(JournalDamaged, match="malformed") as caught:
        list(second.read())
    second.close()
    assert 1 < caught.value.seq < 3_000


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
    bus.process(4, SafetyCleared("daily loss", "operator", "new day", Ns(0)), "risk.safety")
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


def test_a_schema_that_is_no_text_is_a_database_error(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    JournalFile(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"journal_stream", b"journal_str\xff\xffm", 1))
    with pytest.raises(sqlite3.DatabaseError):
        list(JournalFile(path).read())
