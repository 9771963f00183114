"""How long a connection may dawdle: it is cut when it sends or reads too slowly."""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

HEADERS_S = 10.0
"""Wall seconds from the first byte, or from the connection, until the headers are whole."""

READING_S = 10.0
"""Wall seconds that a client may leave what was sent to it unread."""

CONNECTIONS_MAX = 512


class ImpatientHttp(H11Protocol):
    """Cuts those who do not finish their headers, do not read, or find all places taken."""

    headers_s: ClassVar[float] = HEADERS_S
    reading_s: ClassVar[float] = READING_S
    places: ClassVar[int] = CONNECTIONS_MAX
    _headers_due: asyncio.TimerHandle | None = None
    _reading_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.places:
            transport.abort()
            return
        self._headers_due = self.loop.call_later(self.headers_s, transport.abort)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        is_idle = bool(getattr(before, "response_complete", True))
        if self._headers_due is None and is_idle:
            self._headers_due = self.loop.call_later(self.headers_s, self.transport.abort)
        super().data_received(data)
        if self.cycle is not before or self.transport.is_closing():
            self._settle_headers()

    def handle_websocket_upgrade(self, event: Any) -> None:
        self._settle_headers()
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading_due = self.loop.call_later(self.reading_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._settle_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle_headers()
        self._settle_reading()
        super().connection_lost(exc)

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
