"""EDGE. What one WebSocket connection is sent, and what it asks to be sent."""

import asyncio
from collections import deque
from contextlib import suppress
from enum import StrEnum

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from quantum_os.kernel.clock import monotonic_ns

WAITING_MAX = 20_000
"""Frames that may wait for a slow reader; one more ends the connection."""

SUBSCRIPTIONS_MAX = 1_024
"""Streams of one connection."""

_PUBLIC = ("depth", "rpiDepth", "bookTicker", "trade")


class Section(StrEnum):
    """Which of the venue's three doors a connection came through; `legacy` leads nowhere."""

    PUBLIC = "public"
    MARKET = "market"
    PRIVATE = "private"
    LEGACY = "legacy"


class Frame(msgspec.Struct):
    """One message to send: what it is about, and its text."""

    name: str
    symbol: str
    text: str


class Socket:
    """One connection. `streams` are those it gets; one of another section is taken, and silent.

    `stalled` sends no data, `frozen` neither reads nor writes any more, `deaf` takes subscriptions
    and forgets them: the fault script's.
    """

    def __init__(
        self, ws: web.WebSocketResponse, request: web.Request, section: Section, *, combined: bool
    ) -> None:
        self.ws = ws
        self.request = request
        self.section = section
        self.combined = combined
        self.streams: set[str] = set()
        self.misrouted: set[str] = set()
        self.api_key = ""
        self.listen_key = ""
        self.opened = monotonic_ns()
        self.pinged = self.opened
        self.stalled = self.frozen = self.deaf = False
        self.lost = self.sent = 0
        self._waiting: deque[str] = deque()
        self._filled = asyncio.Event()
        self._writer = asyncio.create_task(self._write())

    @property
    def is_drained(self) -> bool:
        """Whether nothing waits, or nothing will ever be taken."""
        return not self._waiting or self.frozen or self.stalled or self.ws.closed

    def send(self, frame: Frame) -> None:
        """Queues a data frame."""
        if self.stalled or self.frozen:
            self.lost += 1
            return
        if len(self._waiting) >= WAITING_MAX:
            self.cut()
            return
        self._waiting.append(frame.text)
        self._filled.set()

    def reply(self, body: object) -> None:
        """Queues an answer to what the client asked."""
        if not self.frozen:
            self._waiting.append(msgspec.json.encode(body).decode())
            self._filled.set()

    def take(self, stream: str) -> bool:
        """Notes a subscription; gives whether it will bring anything."""
        if self.deaf or len(self.streams) >= SUBSCRIPTIONS_MAX:
            return False
        if section_of(stream) is not self.section:
            self.misrouted.add(stream)
            return False
        self.streams.add(stream)
        return True

    def freeze(self) -> None:
        """Neither reads nor writes from now on; the connection stays open."""
        self.frozen = True
        self.request.protocol.pause_reading()

    def cut(self) -> None:
        """Breaks the connection without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()

    async def close(self, code: int, text: str = "") -> None:
        """Closes as a server does."""
        with suppress(ConnectionError, asyncio.TimeoutError):
            await self.ws.close(code=code, message=text.encode())

    async def end(self) -> None:
        self._writer.cancel()
        with suppress(asyncio.CancelledError):
            await self._writer

    async def _write(self) -> None:
        with suppress(ConnectionError):
            while True:
                while not self._waiting:
                    self._filled.clear()
                    await self._filled.wait()
                if self.frozen:
                    return
                await self.ws.send_str(self._waiting[0])
                self._waiting.popleft()
                self.sent += 1


def section_of(stream: str) -> Section:
    """Where a stream is served: books, quotes and trades apart from everything else."""
    channel = stream.partition("@")[2] if not stream.startswith("!") else stream[1:]
    channel = channel.partition("@")[0]
    name = channel.rstrip("0123456789")
    if name in _PUBLIC:
        return Section.PUBLIC
    return Section.MARKET if "@" in stream or stream.startswith("!") else Section.PRIVATE


CLOSING = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)
GOING_AWAY = WSCloseCode.GOING_AWAY
