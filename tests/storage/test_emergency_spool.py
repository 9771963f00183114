"""What the spool says is on the disk is there in the next life, once, and nothing else is."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.storage.emergency_spool import EmergencySpool, Spooled, SpoolFull
from tests.kernel.fakes import alert, mark

SMALL = 4_096


def record(number: int, size: int = 20) -> Spooled:
    return Spooled(number, number * 10, "fill", bytes([number % 256]) * size)


def framed(spooled: Spooled) -> bytes:
    """As many bytes as a record takes in the file."""
    return bytes(12) + msgspec.msgpack.encode(spooled)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "spool"


def next_life(spool: EmergencySpool) -> EmergencySpool:
    """What another process finds; the first one is gone without a word."""
    return EmergencySpool(spool.path, SMALL)


def test_its_room_is_taken_before_it_is_needed(path: Path) -> None:
    EmergencySpool(path, SMALL).close()
    assert path.stat().st_size == SMALL
    assert path.stat().st_blocks * 512 >= SMALL


def test_what_was_written_is_found_by_the_next_life(path: Path) -> None:
    spool = EmergencySpool(path, SMALL)
    for number in range(5):
        spool.write(record(number))
    again = next_life(spool)
    assert again.records == tuple(record(number) for number in range(5))
    again.write(record(5))
    assert next_life(again).records[-1] == record(5)


async def test_an_event_is_kept_as_it_is_journaled(path: Path) -> None:
    spool = EmergencySpool(path, SMALL)
    await spool.keep(7, 99, mark(3))
    await spool.keep(8, 99, alert("k"))
    first, second = next_life(spool).records
    assert (first.seq, first.ts, first.event()) == (7, 99, mark(3))
    assert second.event() == alert("k")


@given(sizes=st.lists(st.integers(0, 60), max_size=12), cut=st.integers(0, 12))
def test_records_of_an_earlier_generation_never_come_back(
    sizes: list[int], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Records of equal length lie where the old ones lay: only their generation tells them apart"""
    spool = EmergencySpool(tmp_path_factory.mktemp("spool") / "spool", SMALL)
    for number, size in enumerate(sizes):
        spool.write(record(number, size))
    assert spool.clear(len(sizes))
    kept = [record(100 + number, size) for number, size in enumerate(sizes[:cut])]
    for each in kept:
        spool.write(each)
    assert list(next_life(spool).records) == kept


def test_what_came_after_the_merge_is_not_cleared_away(path: Path) -> None:
    spool = EmergencySpool(path, SMALL)
    spool.write(record(1))
    spool.write(record(2))
    assert not spool.clear(1)
    assert next_life(spool).records == (record(1), record(2))
    assert spool.clear(2)
    assert next_life(spool).records == ()


def test_a_torn_record_is_none_and_is_written_over(path: Path) -> None:
    spool = EmergencySpool(path, SMALL)
    spool.write(record(1))
    end = path.read_bytes().rstrip(b"\0")
    spool.write(record(2))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(end) + 15].ljust(SMALL, b"\0"))
    again = next_life(spool)
    assert (again.records, again.damage) == ((record(1),), "")
    again.write(record(3))
    assert next_life(again).records == (record(1), record(3))


def test_a_damaged_record_is_named_and_those_after_it_are_kept(path: Path) -> None:
    spool = EmergencySpool(path, SMALL)
    for number in range(3):
        spool.write(record(number))
    data = bytearray(path.read_bytes())
    data[data.index(record(1).payload)] ^= 0xFF
    path.write_bytes(data)
    again = next_life(spool)
    assert again.records == (record(0), record(2))
    assert "the record after 1 is damaged" in again.damage


def test_a_damaged_header_is_named_and_nothing_is_believed(path: Path) -> None:
    spool = EmergencySpool(path, SMALL)
    spool.write(record(1))
    data = bytearray(path.read_bytes())
    data[9] ^= 0xFF
    path.write_bytes(data)
    again = next_life(spool)
    assert again.records == ()
    assert "header is damaged" in again.damage
    again.write(record(2))
    assert next_life(again).records == (record(2),)


def test_a_full_spool_says_so_and_keeps_what_it_has(path: Path) -> None:
    spool = EmergencySpool(path, SMALL)
    one = record(99, 100)
    for _ in range((SMALL - 64) // len(framed(one))):
        spool.write(one)
    with pytest.raises(SpoolFull, match="4096 bytes are used up"):
        spool.write(one)
    found = next_life(spool).records
    assert found == spool.records
    assert len(found) > 20


def test_no_room_for_the_file_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"too large|No space|Invalid"):
        EmergencySpool(tmp_path / "spool", 2**62)


def test_records_behind_a_damaged_length_are_found(path: Path) -> None:
    """A length that is none leads nowhere: the next whole record is looked for all the same."""
    spool = EmergencySpool(path, SMALL)
    for number in range(4):
        spool.write(record(number))
    data = bytearray(path.read_bytes())
    second = 64 + len(framed(record(0)))
    data[second : second + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    again = next_life(spool)
    assert again.records == (record(0), record(2), record(3))
    assert "the record after 1 is damaged" in again.damage
    again.write(record(9))
    assert next_life(again).records == (record(0), record(2), record(3), record(9))


def test_a_record_that_ends_in_zeros_is_whole(path: Path) -> None:
    spool = EmergencySpool(path, SMALL)
    spool.write(record(256, 200))
    assert next_life(spool).records == (record(256, 200),)
