"""What a recorded run leaves behind: its inputs, its orders, and a hash of every event."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.frames import FrameRead, framed, read_frames

INPUTS = "inputs.bin"
ORDERS = "orders.bin"
HASHES = "hashes.bin"

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
"""Streams kept whole in `orders.bin`: the life of every order, from decision to closed trade."""

_BUFFERED = 1 << 20
HASH_BYTES = 8


class RunRecorder:
    """The journal of a run: inputs and order path whole, everything else as 8-byte hashes.

    A recorded run begins with number 1, whatever the numbers were in the journal it ran beside.
    """

    def __init__(self, folder: Path) -> None:
        self._inputs = (folder / INPUTS).open("wb", buffering=_BUFFERED)
        self._orders = (folder / ORDERS).open("wb", buffering=_BUFFERED)
        self._hashes = (folder / HASHES).open("wb", buffering=_BUFFERED)
        self._seq = 0
        self._before: int | None = None

    def append(self, envelope: Envelope) -> None:
        self._seq = envelope.seq
        if self._before is None:
            self._before = envelope.seq - 1
        if self._before:
            envelope = _renumbered(envelope, self._before)
        self._hashes.write(envelope.digest.to_bytes(HASH_BYTES, "little"))
        if envelope.cause == 0:
            self._inputs.write(framed(envelope))
        elif envelope.stream in ORDER_PATH:
            self._orders.write(framed(envelope))

    @property
    def flushed_seq(self) -> int:
        return self._seq

    async def barrier(self, seq: int) -> None:
        """A backtest sends nothing to anyone: what is appended may be relied on."""

    def read(self, start: int = 1) -> Iterator[Envelope]:
        raise NotImplementedError("a run folder is read by `read_inputs` and `read_orders`")

    def trim(self, before: int) -> None:
        raise NotImplementedError("a recorded run is kept whole")

    def close(self) -> None:
        for file in (self._inputs, self._orders, self._hashes):
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


def read_hashes(folder: Path) -> bytes:
    """Gives the 8-byte hashes of all events, by sequence number from 1."""
    return (folder / HASHES).read_bytes()


def recorded_digest(hashes: bytes, seq: int) -> int | None:
    """Gives the recorded hash of one event; None past the end."""
    start = (seq - 1) * HASH_BYTES
    piece = hashes[start : start + HASH_BYTES]
    return int.from_bytes(piece, "little") if len(piece) == HASH_BYTES else None
