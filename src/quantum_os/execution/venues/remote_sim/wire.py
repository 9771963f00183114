"""EDGE. How a frame looks on the socket, and which bytes are none."""

import asyncio
from collections import deque
from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import TypeVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.units import Mode, Usd
from quantum_os.kernel.envelope import decode_event
from quantum_os.kernel.unreadable import UNREADABLE

VERSION = 2

FRAME_MAX_BYTES = 1 << 20
"""Bytes of one frame without its length; a listing of 5,000 orders is about half of it."""

READ_BYTES = 1 << 16
"""Bytes asked of the socket at a time."""

_LENGTH_BYTES = 4

T = TypeVar("T")


class WireError(ConnectionError):
    """The other side said something that is no frame, or not the frame that belongs there."""


class Kind(StrEnum):
    """What a frame is for; the client's kinds first."""

    HELLO = "hello"
    COMMAND = "command"
    LIST = "list"
    QUERY = "query"
    ACK = "ack"
    WELCOME = "welcome"
    REFUSED = "refused"
    FACT = "fact"
    LIVE = "live"
    MARKET = "market"
    MARK = "mark"
    LISTING = "listing"
    ANSWER = "answer"
    END = "end"


class Frame(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One message. `seq` numbers facts and counts acknowledged frames; `ts` in ns UTC."""

    kind: Kind
    seq: int = 0
    ts: int = 0
    stream: str = ""
    payload: bytes = b""


class Hello(msgspec.Struct, frozen=True):
    """What a client begins with; `since` is the last fact it has, `trades` False only looks.

    `epoch` numbers the lives of the instance: a newer one takes over, an older one is refused.
    """

    version: int
    since: int = 0
    trades: bool = True
    epoch: int = 0


class MarketCard(msgspec.Struct, frozen=True):
    """What a server plays, enough to plan a run without its data; times in ns UTC.

    `listed` and `paying` hold by venue the symbols that have bars and those that have funding.
    """

    venues: tuple[str, ...]
    timeframe: str
    step_ns: int
    start: int
    bars: int
    data_hash: str
    assumptions: tuple[str, ...]
    listed: dict[str, tuple[str, ...]]
    paying: dict[str, tuple[str, ...]]
    is_synthetic: bool = False

    def symbols(self, venue: str) -> tuple[str, ...]:
        return self.listed.get(venue, ())

    def funded(self, venue: str) -> tuple[str, ...]:
        return self.paying.get(venue, ())

    def frames(self) -> Iterator[tuple[int, int, Event | None]]:
        """Nothing: what the server plays comes over the socket."""
        return iter(())


class Welcome(msgspec.Struct, frozen=True):
    """Who the server is and where it stands: its time (ns) and the first and last fact it keeps."""

    version: int
    venue: str
    mode: Mode
    time: int
    first: int
    last: int
    lockstep: bool
    deposit: Usd
    market: MarketCard


class Query(msgspec.Struct, frozen=True):
    """Asks what became of one order."""

    client_id: str
    symbol: str


class RefusalCode(StrEnum):
    """Why a client is turned away; only `busy` may pass by waiting."""

    BUSY = "busy"
    EPOCH = "epoch"
    VERSION = "version"
    SINCE = "since"
    PROTOCOL = "protocol"


class Refused(msgspec.Struct, frozen=True):
    """The last frame of a connection that does not come about, or goes no further."""

    code: RefusalCode
    reason: str


_encode = msgspec.msgpack.Encoder().encode
_frame = msgspec.msgpack.Decoder(Frame)


def pack(frame: Frame) -> bytes:
    """Gives a frame's bytes with their length in front; raises WireError when it is too long."""
    body = _encode(frame)
    if len(body) > FRAME_MAX_BYTES:
        raise WireError(f"a {frame.kind} frame of {len(body)} bytes: at most {FRAME_MAX_BYTES}")
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


def framed(kind: Kind, content: msgspec.Struct) -> Frame:
    """Wraps a struct of this file into a frame of its kind."""
    return Frame(kind, payload=_encode(content))


def content_of(frame: Frame, kind: type[T]) -> T:
    """Reads a frame's payload as a struct; raises WireError when it is none."""
    try:
        return msgspec.msgpack.decode(frame.payload, type=kind)
    except (*UNREADABLE, ValueError) as error:
        raise WireError(f"a {frame.kind} frame that cannot be read: {error}") from error


def event_of(frame: Frame, allowed: Collection[str]) -> Event:
    """Reads a frame's event; raises WireError when it is none, or of a stream not allowed."""
    if frame.stream not in allowed:
        raise WireError(f"a {frame.kind} frame may not carry {frame.stream[:60]!r}")
    try:
        return decode_event(frame.stream, frame.payload)
    except (*UNREADABLE, ValueError, ArithmeticError) as error:
        raise WireError(f"{frame.stream} that cannot be read: {error}") from error


class Unpacker:
    """Cuts a stream of bytes into frames; never holds more than one frame and one read."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Gives the frames that are complete now; raises WireError on bytes that are none."""
        buffer = self._buffer
        buffer += data
        found: list[Frame] = []
        start = 0
        while len(buffer) - start >= _LENGTH_BYTES:
            length = int.from_bytes(buffer[start : start + _LENGTH_BYTES], "big")
            if length > FRAME_MAX_BYTES:
                raise WireError(f"a frame of {length} bytes: at most {FRAME_MAX_BYTES}")
            end = start + _LENGTH_BYTES + length
            if len(buffer) < end:
                break
            found.append(_decoded(bytes(buffer[start + _LENGTH_BYTES : end])))
            start = end
        del buffer[:start]
        return found


class FrameReader:
    """Reads frames from a socket, one at a time."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._unpacker = Unpacker()
        self._ready: deque[Frame] = deque()

    async def next(self) -> Frame | None:
        """Gives the next frame, None at the end; raises WireError, or OSError when it is cut."""
        while not self._ready:
            data = await self._reader.read(READ_BYTES)
            if not data:
                return None
            self._ready.extend(self._unpacker.feed(data))
        return self._ready.popleft()


def _decoded(body: bytes) -> Frame:
    try:
        return _frame.decode(body)
    except (*UNREADABLE, ValueError) as error:
        raise WireError(f"bytes that are no frame: {error}") from error
