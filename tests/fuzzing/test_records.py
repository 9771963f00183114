"""What was written down, bent: records are read as they were written, or are named as damaged."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import xxhash

from quantum_os.events.base import stream_of
from quantum_os.events.units import Side
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import JournalDamaged, MemoryJournal
from quantum_os.kernel.snapshots import (
    CHECKSUM_BYTES,
    DamagedSnapshot,
    ProcessSnapshot,
    from_bytes,
    take,
    to_bytes,
)
from quantum_os.storage.emergency_spool import EmergencySpool, Spooled
from quantum_os.storage.frames import FrameRead, frame_at, frame_of, framed, read_frames
from quantum_os.storage.journal_file import JournalFile
from quantum_os.storage.journal_reading import DamagedRecord, verified
from tests.fuzzing.campaign import CASES, SEED, Tally, broken_by, campaign
from tests.fuzzing.dice import Dice
from tests.fuzzing.mutations import Bytes
from tests.kernel.fakes import alert, mark
from tests.portfolio.book import BTC, Book

SPOOL_BYTES = 2_048
WRITTEN_CASES = CASES // 5
"""Of what writes a file of its own for each case."""


def envelopes() -> list[Envelope]:
    journal = MemoryJournal()
    bus = Bus([], journal)
    for number in range(6):
        bus.process(number, mark(number) if number % 2 else alert(f"k{number}"), "tape")
    return list(journal.read())


ENVELOPES = envelopes()
FRAMES = b"".join(map(framed, ENVELOPES))

Read = Callable[[Path], list[FrameRead]]


def frames(folder: Path, read: Read) -> Tally:
    """Run folders: no error at all, what lies before the first bent byte is kept, what is not
    damaged was written."""
    path = folder / "inputs.bin"
    ends = [0]
    for each in ENVELOPES:
        ends.append(ends[-1] + len(framed(each)))

    def parse(data: bytes) -> list[FrameRead]:
        path.write_bytes(data)
        return read(path)

    def lost(data: bytes, reads: list[FrameRead]) -> str:
        pairs = enumerate(zip(data, FRAMES, strict=False))
        same = next((n for n, (a, b) in pairs if a != b), min(len(data), len(FRAMES)))
        whole = sum(end <= same for end in ends[1:])
        kept = [each.frame for each in reads if not each.damage][:whole]
        if kept != [frame_of(each) for each in ENVELOPES[:whole]]:
            return f"{whole} whole frames lie before the damage"
        alone = [frame_at(data, each.offset) for each in reads]
        odd = [a for a, b in zip(alone, reads, strict=True) if a.frame != b.frame]
        said = [frame_of(each) for each in ENVELOPES]
        if any(each.frame not in said for each in reads if not each.damage):
            return "a damaged frame was taken for whole"
        return "a frame alone is read otherwise" if odd else ""

    cases = Bytes([FRAMES], Dice(SEED, "frames"))
    return campaign(cases, parse, sane=lost)


def test_frames_of_a_run_folder(tmp_path: Path) -> None:
    assert frames(tmp_path, lambda path: list(read_frames(path))).read == CASES


def trusts_the_length(path: Path) -> list[FrameRead]:
    """A canary: reads each frame without a look at its checksum."""
    reads = list(read_frames(path))
    return [FrameRead(each.index, each.frame, "", each.offset) for each in reads]


def gives_up_whole(path: Path) -> list[FrameRead]:
    """A canary: a damaged file has no frames at all."""
    reads = list(read_frames(path))
    return [] if any(each.damage for each in reads) else reads


@pytest.mark.parametrize("canary", [gives_up_whole, trusts_the_length])
def test_canary_a_bad_reader_of_frames_is_found(tmp_path: Path, canary: Read) -> None:
    broken_by(lambda: frames(tmp_path, canary))


def snapshot() -> bytes:
    book = Book()
    book.fill(Side.BUY, "2", "100", fee="0.1")
    book.funding("0.4", BTC)
    return to_bytes(take(book.bus, [book.ledger], "b"))


SNAPSHOT = snapshot()


def resealed(cases: Bytes) -> Iterator[bytes]:
    """Half of the snapshots have a checksum that fits what became of them: another build's."""
    for place, data in enumerate(cases):
        body = data[CHECKSUM_BYTES:]
        yield xxhash.xxh3_128_digest(body) + body if place % 2 else data


def snapshots(read: Callable[[bytes], ProcessSnapshot]) -> Tally:
    def altered(data: bytes, found: ProcessSnapshot) -> str:
        seal = xxhash.xxh3_128_digest(data[CHECKSUM_BYTES:])
        return "" if data[:CHECKSUM_BYTES] == seal else "an altered snapshot was taken for whole"

    cases = resealed(Bytes([SNAPSHOT], Dice(SEED, "snapshots")))
    return campaign(cases, read, DamagedSnapshot, sane=altered)


def test_a_snapshot() -> None:
    tally = snapshots(from_bytes)
    assert tally.refused > CASES // 3


def skips_the_checksum(data: bytes) -> ProcessSnapshot:
    """A canary: believes a body whatever its seal says."""
    body = data[CHECKSUM_BYTES:]
    return from_bytes(xxhash.xxh3_128_digest(body) + body)


def test_canary_a_bad_reader_of_snapshots_is_found() -> None:
    broken_by(lambda: snapshots(skips_the_checksum))


SPOOLED = [Spooled(n, n * 10, "fill", bytes([n]) * (10 + n)) for n in range(5)]

Open = Callable[[Path], tuple[Spooled, ...]]


def spools(folder: Path, opened: Open) -> Tally:
    """A spool: every record that was not touched is found, or the damage is named."""
    path = folder / "spool"
    spool = EmergencySpool(path, SPOOL_BYTES)
    ends = [64]
    for each in SPOOLED:
        spool.write(each)
        ends.append(ends[-1] + 12 + len(msgspec.msgpack.encode(each)))
    spool.close()
    whole = path.read_bytes()

    def parse(data: bytes) -> tuple[Spooled, ...]:
        path.write_bytes(data[:SPOOL_BYTES].ljust(SPOOL_BYTES, b"\0"))
        return opened(path)

    def lost(data: bytes, found: tuple[Spooled, ...]) -> str:
        if not set(found) <= set(SPOOLED):
            return "a record that was never written"
        data = data[:SPOOL_BYTES].ljust(SPOOL_BYTES, b"\0")
        if data[:24] != whole[:24]:
            return ""
        spans = zip(ends, ends[1:], SPOOLED, strict=False)
        untouched = [each for a, b, each in spans if data[a:b] == whole[a:b]]
        missing = [each.seq for each in untouched if each not in found]
        return f"records {missing} were whole and are lost" if missing else ""

    cases = Bytes([whole[: ends[-1] + 40]], Dice(SEED, "spools"))
    return campaign(cases, parse, sane=lost, number=WRITTEN_CASES)


def open_spool(path: Path) -> tuple[Spooled, ...]:
    spool = EmergencySpool(path, SPOOL_BYTES)
    spool.close()
    return spool.records


def test_an_emergency_spool(tmp_path: Path) -> None:
    assert spools(tmp_path, open_spool).read == WRITTEN_CASES


def test_canary_a_spool_that_ends_at_the_first_damage_is_found(tmp_path: Path) -> None:
    def until_the_first(path: Path) -> tuple[Spooled, ...]:
        spool = EmergencySpool(path, SPOOL_BYTES)
        spool.close()
        return spool.records if not spool.damage else spool.records[:1]

    broken_by(lambda: spools(tmp_path, until_the_first))


ROW = "(?, ?, ?, ?, ?, ?, ?, ?)"


class Rows:
    """Journals of which one row was bent."""

    def __init__(self, kept: list[Envelope]) -> None:
        self.kept = kept

    def read(self, start: int = 1) -> Iterator[Envelope]:
        return (each for each in self.kept if each.seq >= start)


def rows(read: Callable[[Rows], list[Envelope]]) -> Tally:
    """What is not as it was said is named, and everything before it was given."""
    dice = Dice(SEED, "rows")
    payloads = Bytes([each.payload for each in ENVELOPES], dice)

    def bent() -> Iterator[Rows]:
        while True:
            kept, place = list(ENVELOPES), dice.below(len(ENVELOPES))
            changed: dict[str, object] = dice.pick(
                (
                    {"payload": payloads.one()},
                    {"seq": dice.below(10)},
                    {"stream": dice.pick(("fill", "timer.fired", "", "no.such", "alert.resolved"))},
                    {"digest": dice.below(2**62)},
                )
            )
            kept[place] = msgspec.structs.replace(kept[place], **changed)
            yield Rows(kept)

    def altered(case: Rows, found: list[Envelope]) -> str:
        said = [(e.seq, e.stream, e.payload) for e in ENVELOPES]
        same = [(e.seq, e.stream, e.payload) for e in found] == said[: len(found)]
        return "" if same else "an altered row was given"

    return campaign(bent(), read, DamagedRecord, sane=altered)


def test_rows_of_a_journal() -> None:
    assert rows(lambda journal: list(verified(journal, 1))).refused > CASES // 2


def test_canary_a_reader_that_holds_no_row_to_its_hash_is_found() -> None:
    broken_by(lambda: rows(lambda journal: list(journal.read())))


FILE_CASES = CASES // 20


def files(folder: Path, read: Callable[[Path], list[Envelope]]) -> Tally:
    """A whole journal file, bent: SQLite's own error on opening, ours on reading, or true rows."""
    path = folder / "journal.sqlite"
    journal = JournalFile(path)
    journal.write(ENVELOPES)
    journal.close()
    whole = path.read_bytes()

    def parse(data: bytes) -> list[Envelope]:
        for end in ("", "-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        path.write_bytes(data)
        return read(path)

    def altered(data: bytes, found: list[Envelope]) -> str:
        said = [(e.seq, e.stream, e.payload) for e in ENVELOPES]
        told = [(e.seq, e.stream, e.payload) for e in found]
        return "" if told == said[: len(told)] else "an altered row was given"

    cases = Bytes([whole], Dice(SEED, "files"))
    named = (JournalDamaged, DamagedRecord, sqlite3.DatabaseError)
    return campaign(cases, parse, *named, sane=altered, number=FILE_CASES)


def read_file(path: Path) -> list[Envelope]:
    journal = JournalFile(path)
    try:
        return list(verified(journal, 1))
    finally:
        journal.close()


def test_a_journal_file(tmp_path: Path) -> None:
    tally = files(tmp_path, read_file)
    assert tally.read + tally.refused == FILE_CASES
    assert stream_of(type(mark(1))) in {each.stream for each in ENVELOPES}


def test_canary_a_reader_that_believes_the_file_is_found(tmp_path: Path) -> None:
    def believing(path: Path) -> list[Envelope]:
        journal = JournalFile(path)
        try:
            return list(journal.read())
        finally:
            journal.close()

    broken_by(lambda: files(tmp_path, believing))
