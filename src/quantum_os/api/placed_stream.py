"""Whether an answer that follows the bus may begin: only with a place, held to its end."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request
from litestar.exceptions import ServiceUnavailableException
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import Receive, Scope, Send

from quantum_os.api.hub import Hub, TooManyClients

EVENT_STREAM = "text/event-stream"
NOT_SAVED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
RETRY_AFTER_S = 5


class PlacedAnswer(ASGIStreamingResponse):
    """Takes the place before the first byte: who finds none is answered 503, not 200 and an end."""

    def __init__(self, hub: Hub, who: str, lines: AsyncIterator[bytes], **more: Any) -> None:
        super().__init__(iterator=lines, **more)
        self._hub = hub
        self._who = who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers while the place is held; raises ServiceUnavailableException without one."""
        try:
            with self._hub.place(self._who):
                await super().__call__(scope, receive, send)
        except TooManyClients as error:
            raise ServiceUnavailableException(
                f"as many follow as may: {error}", headers={"Retry-After": str(RETRY_AFTER_S)}
            ) from error


class PlacedStream(Stream):
    """Server-sent events to a client that holds a place at the hub."""

    def __init__(self, hub: Hub, who: str, lines: AsyncIterator[bytes]) -> None:
        super().__init__(lines, media_type=EVENT_STREAM, headers=NOT_SAVED)
        self._hub = hub
        self._who = who
        self._lines = lines

    def to_asgi_response(
        self, app: Any, request: Request[Any, Any, Any], **more: Any
    ) -> ASGIResponse:
        """Gives the answer that takes the place when it is sent."""
        more["headers"] = {**(more.get("headers") or {}), **self.headers}
        more["media_type"] = EVENT_STREAM
        more["status_code"] = self.status_code or more.get("status_code")
        more.pop("type_encoders", None)
        return PlacedAnswer(self._hub, self._who, self._lines, **more)
