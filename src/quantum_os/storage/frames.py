"""How recorded events lie in a file: each behind its length and its own checksum."""

import struct
from collections.abc import Iterator
from mmap import mmap
from pathlib import Path

import msgspec
import xxhash

from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.unreadable import UNREADABLE

_HEAD = struct.Struct("<IQ")
FRAME_MAX = 64 * 2**20
"""Bytes of one frame; a longer one is a damaged length."""


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """One recorded event; `payload` is msgpack."""

    seq: int
    ts: int
    cause: int
    trace: int
    source: str
    stream: str
    payload: bytes


class FrameRead(msgspec.Struct, frozen=True):
    """One frame as found on the disk: `frame` is None when nothing sensible could be read.

    `index` counts frames from 0, `offset` is where this one begins in bytes.
    """

    index: int
    frame: Frame | None
    damage: str = ""
    offset: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Frame).decode


def frame_of(envelope: Envelope) -> Frame:
    """Gives what is recorded of one event."""
    return Frame(
        envelope.seq,
        envelope.ts,
        envelope.cause,
        envelope.trace,
        envelope.source,
        envelope.stream,
        envelope.payload,
    )


def framed(envelope: Envelope) -> bytes:
    """Gives the bytes of one recorded event."""
    body = _encode(frame_of(envelope))
    return _HEAD.pack(len(body), xxhash.xxh3_64_intdigest(body)) + body


def read_frames(path: Path) -> Iterator[FrameRead]:
    """Gives the frames of a file; a damaged one says so, an unreadable rest ends the reading."""
    with path.open("rb") as file:
        size = path.stat().st_size
        index = offset = 0
        while head := file.read(_HEAD.size):
            if len(head) < _HEAD.size:
                yield FrameRead(index, None, "the file ends inside a frame", offset)
                return
            length, checksum = _HEAD.unpack(head)
            is_there = length <= min(FRAME_MAX, size - offset - _HEAD.size)
            body = file.read(length) if is_there else b""
            if not is_there or len(body) < length:
                why = "the frame's length is damaged or the file is cut"
                yield FrameRead(index, None, why, offset)
                return
            yield _parsed(index, body, checksum, offset)
            index += 1
            offset += _HEAD.size + length


def frame_at(data: bytes | mmap, offset: int) -> FrameRead:
    """Gives the frame that begins at an offset; `index` is not known there and 0."""
    if offset + _HEAD.size > len(data):
        return FrameRead(0, None, "the file ends before the frame", offset)
    length, checksum = _HEAD.unpack_from(data, offset)
    start = offset + _HEAD.size
    if start + length > len(data):
        # A slice would end with the file and fit the checksum of the last frame all the same.
        return FrameRead(0, None, "the frame's length is damaged or the file is cut", offset)
    return _parsed(0, data[start : start + length], checksum, offset)


def frame_end(data: bytes | mmap, offset: int) -> int:
    """Gives where the frame ends that begins at an offset."""
    length: int = _HEAD.unpack_from(data, offset)[0]
    return offset + _HEAD.size + length


def _parsed(index: int, body: bytes, checksum: int, offset: int) -> FrameRead:
    damage = "" if xxhash.xxh3_64_intdigest(body) == checksum else "checksum does not match"
    try:
        return FrameRead(index, _decode(body), damage, offset)
    except (*UNREADABLE, ValueError) as error:
        return FrameRead(index, None, damage or str(error), offset)
