"""Where each recorded event lies: one row per event by number, and the rows of each stream."""

import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from mmap import mmap
from typing import BinaryIO

import msgspec
import xxhash

_ROW = struct.Struct("<QqQIHBx")
_PLACE = struct.Struct("<I")
_TAIL = struct.Struct("<QQ8s")
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


class _Foot(msgspec.Struct, frozen=True, array_like=True):
    """How many rows there are, and how many of them each stream has, in the order of its number."""

    rows: int
    streams: tuple[tuple[str, int], ...]


class IndexWriter:
    """Takes the rows as they come, in the order of their numbers; `close` adds what sorts them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = xxhash.xxh3_64()
        self._waiting = bytearray()
        self._numbers: dict[str, int] = {}
        self._places: list[array[int]] = []
        self._rows = 0

    def add(self, *, seq: int, ts: int, cause: int, stream: str, file: int, offset: int) -> None:
        number = self._numbers.get(stream)
        if number is None:
            number = self._numbers[stream] = len(self._places)
            self._places.append(array("I"))
        self._places[number].append(self._rows)
        self._rows += 1
        back = seq - cause if cause else 0
        self._waiting += _ROW.pack(seq, ts, offset, back, number, file)
        if len(self._waiting) >= _SPILLED_BYTES:
            self._spill()

    def close(self) -> None:
        for places in self._places:
            self._waiting += struct.pack(f"<{len(places)}I", *places)
        self._spill()
        counts = tuple((name, len(self._places[at])) for name, at in self._numbers.items())
        foot = msgspec.msgpack.encode(_Foot(self._rows, counts))
        self._hash.update(foot)
        self._file.write(foot + _TAIL.pack(len(foot), self._hash.intdigest(), _MAGIC))

    def _spill(self) -> None:
        self._hash.update(self._waiting)
        self._file.write(self._waiting)
        self._waiting.clear()


class RunIndex:
    """Finds rows by number, by stream and by time; each look-up is a binary search.

    Times never fall as numbers rise: the driver of a run sees to that. Raises IndexDamaged.
    """

    def __init__(self, data: bytes | mmap) -> None:
        self._data = data
        foot, end = _foot_of(data)
        self._rows = foot.rows
        self._names = [name for name, _ in foot.streams]
        self._starts: dict[str, tuple[int, int]] = {}
        at = foot.rows * _ROW.size
        for name, count in foot.streams:
            self._starts[name] = (at, count)
            at += count * _PLACE.size
        if at != end:
            raise IndexDamaged("the index has another length than it says")

    def __len__(self) -> int:
        return self._rows

    @property
    def streams(self) -> tuple[str, ...]:
        return tuple(self._names)

    def row(self, place: int) -> IndexRow:
        """Gives the row at a place, counted from 0 in the order of the numbers."""
        seq, ts, offset, back, number, file = _ROW.unpack_from(self._data, place * _ROW.size)
        return IndexRow(seq, ts, seq - back if back else 0, self._names[number], file, offset)

    def place_of(self, seq: int) -> int:
        """Gives the place of the first row with this number or a higher one."""
        return bisect_left(range(self._rows), seq, key=lambda place: self._field(place, 0))

    def place_at(self, ts: int) -> int:
        """Gives the place of the first row at this time or later."""
        return bisect_left(range(self._rows), ts, key=lambda place: self._field(place, 1))

    def places(self, stream: str, start_ts: int | None, end_ts: int | None) -> Iterator[int]:
        """Gives the places of one stream's rows between two times, both included."""
        at, count = self._starts.get(stream, (0, 0))

        def time_of(which: int) -> int:
            return self._field(self._place(at, which), 1)

        first = 0 if start_ts is None else bisect_left(range(count), start_ts, key=time_of)
        last = count if end_ts is None else bisect_right(range(count), end_ts, key=time_of)
        return (self._place(at, which) for which in range(first, last))

    def _place(self, at: int, which: int) -> int:
        place: int = _PLACE.unpack_from(self._data, at + which * _PLACE.size)[0]
        return place

    def _field(self, place: int, field: int) -> int:
        value: int = _ROW.unpack_from(self._data, place * _ROW.size)[field]
        return value


def _foot_of(data: bytes | mmap) -> tuple[_Foot, int]:
    """Gives the foot and where it begins; raises IndexDamaged."""
    if len(data) < _TAIL.size:
        raise IndexDamaged("the index is cut")
    length, checksum, magic = _TAIL.unpack_from(data, len(data) - _TAIL.size)
    body = len(data) - _TAIL.size
    if magic != _MAGIC or length > body:
        raise IndexDamaged("this is no index, or one of another release")
    if xxhash.xxh3_64_intdigest(memoryview(data)[:body]) != checksum:
        raise IndexDamaged("the checksum of the index does not match")
    return msgspec.msgpack.decode(data[body - length : body], type=_Foot), body - length
