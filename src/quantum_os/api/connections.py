"""How long a connection may dawdle: it is cut when it sends or reads too slowly, or idles."""

import asyncio
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from uvicorn.server import ServerState

HEADERS_S = 10.0
"""Wall seconds from the first byte, or from the connection, until the headers are whole."""

READING_S = 10.0
"""Wall seconds that a client may leave what was sent to it unread."""

CONNECTIONS_MAX = 512

_IDLERS: "WeakKeyDictionary[ServerState, dict[ImpatientHttp, None]]" = WeakKeyDictionary()


class ImpatientHttp(H11Protocol):
    """Cuts those who do not finish their headers, or do not read what they asked for.

    Who comes when all places are taken gets that of the connection that has idled longest: however
    many are held open, somebody who asks is answered. It is cut when none idles.
    """

    headers_s: ClassVar[float] = HEADERS_S
    reading_s: ClassVar[float] = READING_S
    places: ClassVar[int] = CONNECTIONS_MAX
    _headers_due: asyncio.TimerHandle | None = None
    _reading_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.places and not self._takes_a_place():
            transport.abort()
            return
        self._idlers[self] = None
        self._headers_due = self.loop.call_later(self.headers_s, transport.abort)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        is_idle = bool(getattr(before, "response_complete", True))
        if self._headers_due is None and is_idle:
            self._headers_due = self.loop.call_later(self.headers_s, self.transport.abort)
        super().data_received(data)
        if self.cycle is not before or self.transport.is_closing():
            self._settle_headers()
        if not getattr(self.cycle, "response_complete", True):
            self._idlers.pop(self, None)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._idlers[self] = None

    def handle_websocket_upgrade(self, event: Any) -> None:
        self._idlers.pop(self, None)
        self._settle_headers()
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading_due = self.loop.call_later(self.reading_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._settle_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._idlers.pop(self, None)
        self._settle_headers()
        self._settle_reading()
        super().connection_lost(exc)

    @property
    def _idlers(self) -> "dict[ImpatientHttp, None]":
        """The connections of this server that ask for nothing, the longest idle first."""
        return _IDLERS.setdefault(self.server_state, {})

    def _takes_a_place(self) -> bool:
        """Cuts the connection that has idled longest; False when none does."""
        longest = next(iter(self._idlers), None)
        if longest is None:
            return False
        del self._idlers[longest]
        longest.transport.abort()
        return True

    def _settle_headers(self) -> None:
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None

    def _settle_reading(self) -> None:
        if self._reading_due is not None:
            self._reading_due.cancel()
            self._reading_due = None


class ImpatientWebSocket(WSProtocol):
    """Cuts a WebSocket whose client does not read."""

    reading_s: ClassVar[float] = READING_S
    _reading_due: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading_due = self.loop.call_later(self.reading_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._settle()

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        super().connection_lost(exc)

    def _settle(self) -> None:
        if self._reading_due is not None:
            self._reading_due.cancel()
            self._reading_due = None
