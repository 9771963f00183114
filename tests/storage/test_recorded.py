"""A run folder and a home folder are read alike: every kept event, by number, stream and time."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.catalog import EVENTS
from quantum_os.events.system import ModuleStateChanged, ProcessStarted
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.tapped_journal import TappedJournal
from quantum_os.storage.home import JOURNAL_FILE
from quantum_os.storage.recorded import Recorded, open_recorded
from quantum_os.storage.recorded_run import RecordedRun
from quantum_os.storage.run_book import RUN_FILE, RunFolderError
from quantum_os.storage.run_folder import HASHES, INDEX, ORDERS
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.events.examples import example_of
from tests.kernel.fakes import mark
from tests.storage.fund import INPUTS, fund, record

SPAN = (0, INPUTS - 1)


@pytest.fixture(scope="module")
def said() -> list[Envelope]:
    """Everything that the small fund says, as a journal in memory has it."""
    journal = MemoryJournal()
    bus = fund(journal)
    for time in range(INPUTS):
        bus.process(time, mark(time, "binance"), "tape")
    return list(journal.read())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    record(folder)
    (folder / RUN_FILE).write_text('{"result": {}}')
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    journal = SqliteJournal(folder / JOURNAL_FILE)
    bus = fund(journal)
    for time in range(INPUTS):
        bus.process(time, mark(time, "binance"), "tape")
    journal.close()
    return folder


@pytest.fixture(params=["run", "home"])
def recorded(request: pytest.FixtureRequest) -> Iterator[Recorded]:
    with open_recorded(request.getfixturevalue(request.param)) as opened:
        yield opened


def test_everything_comes_back_as_it_was_said(recorded: Recorded, said: list[Envelope]) -> None:
    assert list(recorded.events()) == said
    assert [recorded.event(envelope.seq) for envelope in said] == said
    assert recorded.event(0) is None
    assert recorded.event(said[-1].seq + 1) is None
    assert recorded.span == SPAN


@pytest.mark.parametrize(
    "streams",
    [
        ("safety.tripped",),
        ("alert.raised", "safety.cleared"),
        ("safety.cleared", "alert.raised", "safety.cleared"),
        ("fill",),
    ],
)
@pytest.mark.parametrize(
    ("start", "end"), [(None, None), (3, None), (None, 5), (3, 5), (4, 4), (5, 3), (-9, 99)]
)
def test_streams_and_times_choose(
    recorded: Recorded,
    said: list[Envelope],
    streams: tuple[str, ...],
    start: int | None,
    end: int | None,
) -> None:
    first, last = SPAN[0] if start is None else start, SPAN[1] if end is None else end
    wanted = [each for each in said if each.stream in streams and first <= each.ts <= last]
    assert list(recorded.events(*streams, start_ts=start, end_ts=end)) == wanted


@pytest.mark.parametrize("stream", ["safety.cleared", "feed.watermark", "fill"])
def test_the_latest_of_a_stream_is_found(
    recorded: Recorded, said: list[Envelope], stream: str
) -> None:
    for before in range(said[-1].seq + 2):
        earlier = [each for each in said if each.stream == stream and each.seq < before]
        assert recorded.latest(stream, before) == (earlier[-1] if earlier else None)


def test_what_followed_is_found(recorded: Recorded, said: list[Envelope]) -> None:
    for envelope in said:
        followed = [each for each in said if each.cause == envelope.seq]
        assert list(recorded.caused_by(envelope.seq)) == followed


def test_a_text_is_found_where_it_stands(recorded: Recorded, said: list[Envelope]) -> None:
    streams = ("safety.tripped", "feed.watermark")
    for text in ("mark 3", "binance", "nobody says this"):
        assert [each.seq for each in recorded.mentioning(text, *streams)] == [
            each.seq for each in said if each.stream in streams and text.encode() in each.payload
        ]


def test_a_stream_that_does_not_exist_is_a_mistake(recorded: Recorded) -> None:
    with pytest.raises(ValueError, match="market_dada"):
        recorded.events("market_dada")


def test_only_a_run_has_a_document(run: Path, home: Path) -> None:
    with open_recorded(run) as opened:
        assert opened.document == {"result": {}}
    with open_recorded(home) as opened:
        assert opened.document is None


def test_what_a_run_keeps_as_hashes_is_not_given_as_nothing(run: Path) -> None:
    with open_recorded(run) as opened, pytest.raises(RunFolderError, match="only hashes"):
        opened.events("venue.snapshot")


@pytest.mark.parametrize("make", [lambda path: path, lambda path: path / "absent"])
def test_what_is_neither_says_so_in_one_line(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    with pytest.raises(RunFolderError, match=r"no such folder|neither a run nor a home") as told:
        open_recorded(make(tmp_path))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("damage", [b"", b"not an index", b"\0" * 400])
def test_an_index_can_be_made_again(
    run: Path, tmp_path: Path, said: list[Envelope], damage: bytes
) -> None:
    folder = shutil.copytree(run, tmp_path / "copy")
    (folder / INDEX).write_bytes(damage)
    with RecordedRun(folder) as opened:
        assert list(opened.events()) == said


def test_a_missing_part_is_named(run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run, tmp_path / "copy")
    (folder / ORDERS).unlink()
    with pytest.raises(RunFolderError, match=rf"{ORDERS} is missing"):
        open_recorded(folder)


@given(data=st.data())
def test_a_damaged_run_is_never_read_as_another(
    run: Path, said: list[Envelope], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = shutil.copytree(run, tmp_path_factory.mktemp("damaged") / "copy")
    path = folder / data.draw(st.sampled_from([ORDERS, "inputs.bin", "context.bin"]))
    bent = bytearray(path.read_bytes())
    bent[data.draw(st.integers(0, len(bent) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(bent))
    with RecordedRun(folder) as opened, pytest.raises(RunFolderError, match=path.name):
        assert list(opened.events()) == said


def test_a_cut_file_of_hashes_is_named(run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run, tmp_path / "copy")
    (folder / HASHES).write_bytes(b"")
    with RecordedRun(folder) as opened, pytest.raises(RunFolderError, match=HASHES):
        list(opened.events())


def test_a_file_that_is_no_journal_is_said_so(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_FILE).write_bytes(b"not a database at all" * 100)
    with pytest.raises(RunFolderError, match=JOURNAL_FILE):
        open_recorded(tmp_path)


def _live(home: Path, *times: int, epoch: int = 0, first_seq: int = 1) -> None:
    """One life of a process: it starts at the first time and hears a mark at each."""
    journal = SqliteJournal(home / JOURNAL_FILE, first_seq=first_seq)
    bus = Bus([], TappedJournal(journal), first_seq=journal.last_seq + 1)
    for kind in (ModuleStateChanged, ModuleStateChanged):
        bus.process(times[0], example_of(kind), "kernel")
    started = example_of(ProcessStarted)
    assert isinstance(started, ProcessStarted)
    bus.process(times[0], msgspec.structs.replace(started, epoch=epoch), "kernel")
    for time in times:
        bus.process(time, mark(time), "tape")
    journal.close()


def _marks(home: Path) -> list[int]:
    with open_recorded(home) as opened:
        return [envelope.ts for envelope in opened.events("feed.watermark")]


def test_of_a_market_played_twice_the_last_time_is_read(tmp_path: Path) -> None:
    _live(tmp_path, 1, 2, 3)
    _live(tmp_path, 1, 2)
    assert _marks(tmp_path) == [1, 2]
    with open_recorded(tmp_path) as opened:
        assert [envelope.seq for envelope in opened.events()] == [7, 8, 9, 10, 11]
        assert opened.event(2) is None
        assert opened.span == (1, 2)


def test_a_life_that_goes_on_is_one_story_with_the_one_before(tmp_path: Path) -> None:
    _live(tmp_path, 9)
    _live(tmp_path, 1, 2, 3)
    _live(tmp_path, 4, 5)
    assert _marks(tmp_path) == [1, 2, 3, 4, 5]


def test_a_trimmed_journal_is_read_from_where_it_begins(tmp_path: Path) -> None:
    _live(tmp_path, 1, 2, 3, 4)
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    journal.trim(6)
    journal.close()
    assert _marks(tmp_path) == [3, 4]
    with open_recorded(tmp_path) as opened:
        assert [envelope.ts for envelope in opened.events(start_ts=4)] == [4]


def _has_beginning(home: Path) -> bool:
    with open_recorded(home) as opened:
        return opened.has_beginning


def test_a_story_begins_with_the_start_of_its_first_life(run: Path, tmp_path: Path) -> None:
    _live(tmp_path, 1, 2, first_seq=1_700_000_000_000_000)
    _live(tmp_path, 3, 4, epoch=1)
    assert _has_beginning(tmp_path)
    assert _has_beginning(run)


@pytest.mark.parametrize("before", [5, 6])
def test_a_trimmed_story_has_no_beginning(tmp_path: Path, before: int) -> None:
    _live(tmp_path, 1, 2)
    _live(tmp_path, 3, 4, epoch=2)
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    journal.trim(before)
    journal.close()
    assert not _has_beginning(tmp_path), "what is left begins with a later life, or amid one"


def test_a_market_played_again_begins_where_it_began_again(tmp_path: Path) -> None:
    _live(tmp_path, 1, 2, 3)
    _live(tmp_path, 1, 2, epoch=2)
    assert _has_beginning(tmp_path)


def test_an_empty_journal_has_no_story(tmp_path: Path) -> None:
    SqliteJournal(tmp_path / JOURNAL_FILE).close()
    with open_recorded(tmp_path) as opened:
        assert list(opened.events()) == []
        assert list(opened.events("fill", start_ts=1, end_ts=2)) == []
        assert opened.span == (0, 0)
        assert not opened.has_beginning


def test_the_process_may_go_on_writing_while_it_is_read(tmp_path: Path) -> None:
    _live(tmp_path, 1, 2)
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    with open_recorded(tmp_path) as opened:
        reading = opened.events()
        next(reading)
        bus = Bus([], journal, first_seq=journal.last_seq + 1)
        bus.process(3, mark(3), "tape")
        assert {envelope.ts for envelope in reading} == {1, 2}
    journal.close()
    assert _marks(tmp_path) == [1, 2, 3]


def test_every_stream_of_the_catalogue_may_be_asked_for(home: Path) -> None:
    with open_recorded(home) as opened:
        assert len(list(opened.events(*EVENTS))) == len(list(opened.events()))
