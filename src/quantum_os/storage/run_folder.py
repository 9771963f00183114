"""What a recorded run leaves behind: its events, where each lies, and a hash of every one."""

import heapq
from collections.abc import Iterator
from io import BytesIO
from mmap import mmap
from pathlib import Path
from typing import BinaryIO

import msgspec

from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.frames import Frame, FrameRead, framed, read_frames
from quantum_os.storage.run_index import IndexWriter

INPUTS = "inputs.bin"
ORDERS = "orders.bin"
CONTEXT = "context.bin"
INDEX = "index.bin"
HASHES = "hashes.bin"

PARTS = (INPUTS, ORDERS, CONTEXT)
"""The files of frames, in the order of their numbers in the index."""

_INPUTS, _ORDERS, _CONTEXT = range(len(PARTS))

ORDER_PATH = frozenset(
    {
        "ai.decision.made",
        "candidate.refused",
        "exit.stop_proposed",
        "sizing.decided",
        "exitbrain.adaptive_levels",
        "trade.intent",
        "risk.permit",
        "risk.refusal",
        "leverage.requested",
        "leverage.confirmed",
        "order.requested",
        "order.cancel_requested",
        "order.submitted",
        "order.updated",
        "fill",
        "funding.paid",
        "exit.intent",
        "stop.requested",
        "execution.result",
        "position.updated",
        "trade.closed",
        "safety.tripped",
        "safety.cleared",
        "safety.fault",
    }
)
"""Streams kept in `orders.bin`: the life of every order, from decision to closed trade."""

HASHED_ONLY = frozenset({"venue.snapshot"})
"""Derived streams of which only the hash is kept: a listing per bar of what fills and positions
already say, and more bytes than all else together."""

_BUFFERED = 1 << 20
HASH_BYTES = 8


def part_of(stream: str, *, is_input: bool) -> int | None:
    """Gives the number of the file that an event is kept in; None when only its hash is kept."""
    if is_input:
        return _INPUTS
    if stream in ORDER_PATH:
        return _ORDERS
    return None if stream in HASHED_ONLY else _CONTEXT


class RunRecorder:
    """The journal of a run: events whole in three files, an index, and a hash of each event.

    Inputs, the order path, and the context that orders came from lie apart, so that a replay reads
    only inputs and a table of trades only orders. A recorded run begins with number 1, whatever the
    numbers were in the journal it ran beside.
    """

    def __init__(self, folder: Path) -> None:
        self._parts = [_opened(folder / name) for name in PARTS]
        self._hashes = _opened(folder / HASHES)
        self._index_file = _opened(folder / INDEX)
        self._index = IndexWriter(self._index_file)
        self._ends = [0] * len(PARTS)
        self._seq = 0
        self._before: int | None = None

    def append(self, envelope: Envelope) -> None:
        self._seq = envelope.seq
        if self._before is None:
            self._before = envelope.seq - 1
        if self._before:
            envelope = _renumbered(envelope, self._before)
        self._hashes.write(envelope.digest.to_bytes(HASH_BYTES, "little"))
        part = part_of(envelope.stream, is_input=envelope.cause == 0)
        if part is not None:
            self._index.add(
                seq=envelope.seq,
                ts=envelope.ts,
                cause=envelope.cause,
                stream=envelope.stream,
                file=part,
                offset=self._ends[part],
            )
            self._ends[part] += self._parts[part].write(framed(envelope))

    @property
    def flushed_seq(self) -> int:
        return self._seq

    async def barrier(self, seq: int) -> None:
        """A backtest sends nothing to anyone: what is appended may be relied on."""

    def read(self, start: int = 1) -> Iterator[Envelope]:
        raise NotImplementedError("a run folder is read by `open_recorded`")

    def trim(self, before: int) -> None:
        raise NotImplementedError("a recorded run is kept whole")

    @property
    def size(self) -> int:
        """Bytes of the events that were kept."""
        return sum(self._ends)

    def flush(self) -> None:
        """Hands what was recorded to the system: a process that dies has left it behind."""
        self._index.spill()
        for file in (self._hashes, *self._parts, self._index_file):
            file.flush()

    def close(self) -> None:
        self._index.close()
        for file in (*self._parts, self._hashes, self._index_file):
            file.close()


def _renumbered(envelope: Envelope, before: int) -> Envelope:
    return msgspec.structs.replace(
        envelope,
        seq=envelope.seq - before,
        cause=max(0, envelope.cause - before),
        trace=envelope.trace - before,
    )


def read_inputs(folder: Path) -> Iterator[FrameRead]:
    """Gives the recorded inputs in order, each with what is wrong with it, if anything."""
    return read_frames(folder / INPUTS)


def read_orders(folder: Path) -> Iterator[FrameRead]:
    """Gives the recorded derived events of the order path, in order."""
    return read_frames(folder / ORDERS)


def read_context(folder: Path) -> Iterator[FrameRead]:
    """Gives the other derived events that were kept, in order."""
    return read_frames(folder / CONTEXT)


def index_of(folder: Path) -> bytes:
    """Makes the index of a run anew from its frames.

    A frame that cannot be read is left out, and so is one whose hash was not written any more.
    """
    hashed = (folder / HASHES).stat().st_size // HASH_BYTES
    made = BytesIO()
    index = IndexWriter(made)
    parts = [_numbered(folder, number) for number in range(len(PARTS))]
    for frame, number, offset in heapq.merge(*parts, key=lambda part: part[0].seq):
        if frame.seq > hashed:
            break
        index.add(
            seq=frame.seq,
            ts=frame.ts,
            cause=frame.cause,
            stream=frame.stream,
            file=number,
            offset=offset,
        )
    index.close()
    return made.getvalue()


def read_hashes(folder: Path) -> bytes:
    """Gives the 8-byte hashes of all events, by sequence number from 1."""
    return (folder / HASHES).read_bytes()


def recorded_digest(hashes: bytes | mmap, seq: int) -> int | None:
    """Gives the recorded hash of one event; None past the end."""
    start = (seq - 1) * HASH_BYTES
    piece = hashes[start : start + HASH_BYTES]
    return int.from_bytes(piece, "little") if len(piece) == HASH_BYTES else None


def _opened(path: Path) -> BinaryIO:
    return path.open("wb", buffering=_BUFFERED)


def _numbered(folder: Path, number: int) -> Iterator[tuple[Frame, int, int]]:
    for read in read_frames(folder / PARTS[number]):
        if read.frame is not None:
            yield read.frame, number, read.offset
