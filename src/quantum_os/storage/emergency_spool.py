"""What must not be lost while the journal fails: records in a file that was allocated in time."""

import asyncio
import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import xxhash

from quantum_os.events.base import Event, stream_of
from quantum_os.kernel.envelope import decode_event, encode_event
from quantum_os.kernel.unreadable import UNREADABLE

SPOOL_BYTES = 1 << 20
"""Room for some 2,500 orders, taken from the disk when the file is made."""

_MAGIC = b"QOSPOOL1"
_HEADER = struct.Struct("<8sQQ")
_HEAD = struct.Struct("<IQ")
_ZEROS_MAX = 4_096
_FIRST = 64
"""Where the first record lies; the header before it is written in one sector."""


class Spooled(msgspec.Struct, frozen=True, array_like=True):
    """One event as it was spooled: its number on the bus of that life, its time, its content."""

    seq: int
    ts: int
    stream: str
    payload: bytes

    def event(self) -> Event:
        """Decodes the content; raises msgspec.ValidationError when it is not a valid event."""
        return decode_event(self.stream, self.payload)


class SpoolFull(OSError):
    """The room that was allocated is used up."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Spooled).decode


class SpoolFile:
    """A file whose room is taken from the disk when it is opened; raises OSError."""

    def __init__(self, path: Path, size: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(self._file, 0, size)
        except OSError:
            os.close(self._file)
            raise

    def read(self, size: int, place: int) -> bytes:
        return os.pread(self._file, size, place)

    def put(self, data: bytes, place: int) -> None:
        """Returns once all of it is on the disk."""
        written = 0
        while written < len(data):
            written += os.pwrite(self._file, data[written:], place + written)
        os.fdatasync(self._file)

    def close(self) -> None:
        os.close(self._file)


class EmergencySpool:
    """A fixed file of checksummed records; what `write` returns from is on the disk.

    `clear` begins a new generation: checksums are seeded with its number, so that records of an
    earlier one are never taken for new. Raises OSError when the file cannot be made or opened.
    """

    def __init__(
        self,
        path: Path,
        size: int = SPOOL_BYTES,
        open_file: Callable[[Path, int], SpoolFile] = SpoolFile,
    ) -> None:
        self.path = path
        self._size = size
        self._lock = threading.Lock()
        self.damage = ""
        self._file = open_file(path, size)
        try:
            self._generation = self._read_generation()
        except OSError:
            self._file.close()
            raise
        self._end, self._records = self._read()

    @property
    def records(self) -> tuple[Spooled, ...]:
        """What waits to be merged into the journal, oldest first."""
        return tuple(self._records)

    async def keep(self, seq: int, ts: int, event: Event) -> None:
        """Writes one event in a thread of its own; raises OSError, SpoolFull among them."""
        spooled = Spooled(seq, ts, stream_of(type(event)), encode_event(event))
        await asyncio.to_thread(self.write, spooled)

    def write(self, spooled: Spooled) -> None:
        """Puts one record on the disk; raises OSError, SpoolFull among them."""
        body = _encode(spooled)
        data = _HEAD.pack(len(body), xxhash.xxh3_64_intdigest(body, self._generation)) + body
        with self._lock:
            if self._end + len(data) > self._size:
                raise SpoolFull(f"{self.path}: {self._size} bytes are used up")
            self._file.put(data, self._end)
            self._end += len(data)
            self._records.append(spooled)

    def clear(self, merged: int) -> bool:
        """Empties the spool if it holds no more than the `merged` records; False if it does."""
        with self._lock:
            if len(self._records) > merged:
                return False
            if self._records or self.damage:
                self._begin(self._generation + 1)
                self._end, self._records, self.damage = _FIRST, [], ""
            return True

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()

    def _read_generation(self) -> int:
        header = self._file.read(_HEADER.size, 0)
        magic, generation, checksum = _HEADER.unpack(header)
        if magic == _MAGIC and checksum == _sealed(generation):
            return int(generation)
        if any(header):
            self.damage = f"{self.path}: the header is damaged, what it held cannot be read"
            self._file.put(bytes(self._size - _FIRST), _FIRST)
        return self._begin(1)

    def _begin(self, generation: int) -> int:
        self._file.put(_HEADER.pack(_MAGIC, generation, _sealed(generation)), 0)
        self._generation = generation
        return generation

    def _read(self) -> tuple[int, list[Spooled]]:
        """Finds the records of this generation, and where the next one goes.

        The last one may be torn: its bytes never left, since `write` never returned. One that is
        damaged before a whole one is named in `damage`: where its length is damaged too, the next
        one is looked for byte by byte.
        """
        data = self._file.read(self._size, 0).rstrip(b"\0")
        # What is whole may end in zeros; at most a record's worth of them is looked at again.
        data += bytes(min(self._size - len(data), _ZEROS_MAX))
        found: list[Spooled] = []
        place = end = _FIRST
        while place + _HEAD.size <= len(data):
            spooled, following = self._record(data, place)
            if spooled is None:
                place += 1
                continue
            if place != end:
                self.damage = f"{self.path}: the record after {len(found)} is damaged"
            found.append(spooled)
            place = end = following
        return end, found

    def _record(self, data: bytes, place: int) -> tuple[Spooled | None, int]:
        """The record of this generation that begins at a place, and where the next may begin."""
        length, checksum = _HEAD.unpack_from(data, place)
        following = place + _HEAD.size + length
        if not 0 < length <= len(data) - place - _HEAD.size:
            return None, place
        body = data[place + _HEAD.size : following]
        if xxhash.xxh3_64_intdigest(body, self._generation) != checksum:
            return None, place
        try:
            return _decode(body), following
        except (*UNREADABLE, ValueError):
            self.damage = f"{self.path}: a record is of another shape than this build writes"
            return None, place


def _sealed(generation: int) -> int:
    return xxhash.xxh3_64_intdigest(_MAGIC, generation)
