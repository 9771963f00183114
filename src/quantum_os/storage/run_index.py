"""Where each recorded event lies: one row per event by number, and the rows of each stream."""

import heapq
import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from mmap import mmap
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

import msgspec
import xxhash

_ROW = struct.Struct("<QqQIHxx")
_SEQ, _TS, _OFFSET = range(3)
_PLACE = struct.Struct("<I")
_LENGTH = struct.Struct("<Q")
_TAIL = struct.Struct("<Q8s")
_MAGIC = b"qosindx1"
_SPILLED_BYTES = 1 << 20
ROWS_MAX = 2**32 - 1
"""Events of one index: a place is four bytes."""


class IndexDamaged(ValueError):
    """An index whose bytes are not those that were written."""


class IndexRow(msgspec.Struct, frozen=True):
    """One event: number, time, cause (0: an input), stream, and where in which file it lies."""

    seq: int
    ts: int
    cause: int
    stream: str
    file: int
    offset: int


class Section(msgspec.Struct, frozen=True, array_like=True):
    """The rows of one stream in one file: how many there are."""

    stream: str
    file: int
    rows: int


class _Foot(msgspec.Struct, frozen=True, array_like=True):
    """How many rows there are, and the sections in the order of their numbers."""

    rows: int
    sections: tuple[Section, ...]


class IndexWriter:
    """Takes the rows as they come, in the order of their numbers; `close` adds what sorts them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = xxhash.xxh3_64()
        self._waiting = bytearray()
        self._numbers: dict[tuple[str, int], int] = {}
        self._places: list[array[int]] = []
        self._rows = 0

    def add(self, *, seq: int, ts: int, cause: int, stream: str, file: int, offset: int) -> None:
        number = self._numbers.get((stream, file))
        if number is None:
            number = self._numbers[stream, file] = len(self._places)
            self._places.append(array("I"))
        self._places[number].append(self._rows)
        self._rows += 1
        back = seq - cause if cause else 0
        self._waiting += _ROW.pack(seq, ts, offset, back, number)
        if len(self._waiting) >= _SPILLED_BYTES:
            self.spill()

    def close(self) -> None:
        for places in self._places:
            self._waiting += struct.pack(f"<{len(places)}I", *places)
        self.spill()
        counts = [len(places) for places in self._places]
        sections = tuple(
            Section(stream, file, count)
            for (stream, file), count in zip(self._numbers, counts, strict=True)
        )
        foot = msgspec.msgpack.encode(_Foot(self._rows, sections))
        self._waiting += foot + _LENGTH.pack(len(foot))
        self.spill()
        self._file.write(_TAIL.pack(self._hash.intdigest(), _MAGIC))

    def spill(self) -> None:
        """Writes the rows that wait."""
        self._hash.update(self._waiting)
        self._file.write(self._waiting)
        self._waiting.clear()


def span_so_far(path: Path) -> tuple[int, int] | None:
    """Gives the times (UTC ns) of the first and last row of an index that is still written."""
    with path.open("rb") as file:
        rows = file.seek(0, SEEK_END) // _ROW.size
        if not rows:
            return None
        times: list[int] = []
        for place in (0, rows - 1):
            file.seek(place * _ROW.size)
            times.append(_ROW.unpack(file.read(_ROW.size))[_TS])
    return times[0], times[1]


class RunIndex:
    """Finds rows by number, by stream and by time; each look-up is a binary search.

    Times never fall as numbers rise: the driver of a run sees to that. Raises IndexDamaged.
    """

    def __init__(self, data: bytes | mmap) -> None:
        self._data = data
        foot, end = _foot_of(data)
        self._rows = foot.rows
        self._sections = foot.sections
        self._starts: list[int] = []
        at = foot.rows * _ROW.size
        for section in foot.sections:
            self._starts.append(at)
            at += section.rows * _PLACE.size
        if at != end:
            raise IndexDamaged("the index has another length than it says")

    def __len__(self) -> int:
        return self._rows

    @property
    def streams(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(section.stream for section in self._sections))

    def files_of(self, streams: Collection[str]) -> tuple[int, ...]:
        """Gives the numbers of the files that hold any of these streams."""
        return tuple(sorted({each.file for each in self._sections if each.stream in streams}))

    def row(self, place: int) -> IndexRow:
        """Gives the row at a place, counted from 0 in the order of the numbers."""
        seq, ts, offset, back, number = _ROW.unpack_from(self._data, place * _ROW.size)
        of = self._sections[number]
        return IndexRow(seq, ts, seq - back if back else 0, of.stream, of.file, offset)

    def place_of(self, seq: int) -> int:
        """Gives the place of the first row with this number or a higher one."""
        return bisect_left(range(self._rows), seq, key=lambda place: self._field(place, _SEQ))

    def places(self, stream: str, start_ts: int | None, end_ts: int | None) -> Iterator[int]:
        """Gives the places of one stream's rows between two times, both included."""
        each = [
            self._between(number, start_ts, end_ts)
            for number, section in enumerate(self._sections)
            if section.stream == stream
        ]
        return each[0] if len(each) == 1 else heapq.merge(*each)

    def last_before(self, stream: str, seq: int) -> int | None:
        """Gives the place of the last row of a stream with a lower number."""
        found = [
            self._last_until(number, seq - 1, _SEQ)
            for number, section in enumerate(self._sections)
            if section.stream == stream
        ]
        return max((place for place in found if place is not None), default=None)

    def covering(self, streams: Collection[str], file: int, offset: int) -> int | None:
        """Gives the place of the last row of these streams that begins in a file by this offset."""
        found = [
            self._last_until(number, offset, _OFFSET)
            for number, section in enumerate(self._sections)
            if section.file == file and section.stream in streams
        ]
        return max((place for place in found if place is not None), default=None)

    def _last_until(self, number: int, value: int, field: int) -> int | None:
        count = self._count_until(number, value, field)
        return self._place(number, count - 1) if count else None

    def _between(self, number: int, start_ts: int | None, end_ts: int | None) -> Iterator[int]:
        first = 0 if start_ts is None else self._count_until(number, start_ts - 1, _TS)
        last = self._sections[number].rows
        if end_ts is not None:
            last = self._count_until(number, end_ts, _TS)
        return (self._place(number, which) for which in range(first, last))

    def _count_until(self, number: int, value: int, field: int) -> int:
        """Counts the rows of a section whose field is at most a value; fields rise with places."""

        def field_of(which: int) -> int:
            return self._field(self._place(number, which), field)

        return bisect_right(range(self._sections[number].rows), value, key=field_of)

    def _place(self, number: int, which: int) -> int:
        place: int = _PLACE.unpack_from(self._data, self._starts[number] + which * _PLACE.size)[0]
        return place

    def _field(self, place: int, field: int) -> int:
        value: int = _ROW.unpack_from(self._data, place * _ROW.size)[field]
        return value


def _foot_of(data: bytes | mmap) -> tuple[_Foot, int]:
    """Gives the foot and where it begins; raises IndexDamaged."""
    body = len(data) - _TAIL.size
    if body < _LENGTH.size:
        raise IndexDamaged("the index is cut")
    checksum, magic = _TAIL.unpack_from(data, body)
    if magic != _MAGIC:
        raise IndexDamaged("this is no index, or one of another release")
    if xxhash.xxh3_64_intdigest(memoryview(data)[:body]) != checksum:
        raise IndexDamaged("the checksum of the index does not match")
    end = body - _LENGTH.size
    start = end - _LENGTH.unpack_from(data, end)[0]
    return msgspec.msgpack.decode(data[start:end], type=_Foot), start
