"""Routes that follow the bus: server-sent events, and the same over a WebSocket."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from litestar import WebSocket, get, websocket
from litestar.exceptions import (
    ClientException,
    WebSocketDisconnect,
    WebSocketException,
)
from litestar.params import HeaderParameter, Parameter
from litestar.response import Stream
from litestar.router import Router

from quantum_os.api.clearance import Role, needs
from quantum_os.api.following import (
    Alive,
    Dropped,
    Gap,
    Sent,
    UnknownStream,
    followed,
    streams_of,
)
from quantum_os.api.fund import Fund
from quantum_os.api.gatekeeper import offered_by
from quantum_os.api.given import Asked, FundOf
from quantum_os.api.hub import TooManyClients
from quantum_os.api.pages import Page
from quantum_os.api.paging import SEQ_MAX
from quantum_os.api.placed_stream import EVENT_STREAM, PlacedStream
from quantum_os.api.told import told
from quantum_os.kernel.envelope import Envelope

Following = WebSocket[Any, Any, Any]

POLICY, TRY_LATER = 1008, 1013
"""Codes with which a WebSocket is closed."""

Streams = Annotated[
    str,
    Parameter(
        max_length=2_000,
        description="Streams by name, with commas; empty means the notable ones, `*` all.",
    ),
]
After = Annotated[
    int | None,
    Parameter(ge=0, le=SEQ_MAX, description="Send first what came after this number."),
]
LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID", max_length=20, description="What a browser sends by itself."
    ),
]


@get("/events", opt=needs(Role.VIEWER), summary="Follow events", media_type=EVENT_STREAM)
async def events(
    request: Asked,
    fund: FundOf,
    streams: Streams = "",
    after: After = None,
    last_event_id: LastEventId = None,
) -> Stream:
    """Sends each event as it is journaled: `id` its number, `event` its stream, `data` JSON.

    With Last-Event-ID (or `after`) what was missed comes first, from memory or the journal; `gap`
    says what is gone for good. Who reads too slowly gets `dropped` and may come back.
    """
    wanted, start, who = _wanted(streams), _start(after, last_event_id), request.user.token_id
    return PlacedStream(fund.hub, who, _written(fund, start, wanted))


@websocket("/ws", opt=needs(Role.VIEWER))
async def socket(
    socket: Following, fund: FundOf, streams: Streams = "", after: After = None
) -> None:
    """Sends the same as /events, one JSON document per message; what is sent here is not read."""
    try:
        wanted = _wanted(streams)
    except ClientException as error:
        raise WebSocketException(detail=error.detail, code=4400) from error
    await socket.accept(subprotocols=offered_by(socket) or None)
    leaving = asyncio.create_task(_left(socket))
    sending = asyncio.create_task(_send(socket, fund, wanted, after))
    try:
        await asyncio.wait({leaving, sending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (leaving, sending):
            task.cancel()
        await asyncio.gather(leaving, sending, return_exceptions=True)


async def _send(socket: Following, fund: Fund, wanted: frozenset[str], after: int | None) -> None:
    who = socket.scope["user"].token_id
    code = 1001
    try:
        with fund.hub.place(who):
            async for handful in followed(fund, after, wanted):
                for sent in handful.of(wanted) if isinstance(handful, Page) else handful:
                    await socket.send_text(_text(sent).decode())
                    code = TRY_LATER if isinstance(sent, Dropped) else code
    except TooManyClients:
        code = TRY_LATER
    with suppress(WebSocketException, RuntimeError):
        await socket.close(code=code)


async def _left(socket: Following) -> None:
    """Returns when the client goes, or says anything: nobody is asked anything here."""
    with suppress(WebSocketDisconnect, WebSocketException):
        await socket.receive_data(mode="text")
        await socket.close(code=POLICY)


async def _written(fund: Fund, after: int | None, wanted: frozenset[str]) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    async for handful in followed(fund, after, wanted):
        if isinstance(handful, Page):
            yield handful.written(wanted, _lines)
        else:
            yield _lines(handful)


def _lines(handful: Sequence[Sent]) -> bytes:
    return b"".join(map(_line, handful))


def _line(sent: Sent) -> bytes:
    """Writes one message of the stream of server-sent events."""
    if isinstance(sent, Alive):
        return b": alive\n\n"
    data = _text(sent)
    if isinstance(sent, Envelope):
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (sent.seq, sent.stream.encode(), data)
    return b"event: %s\ndata: %s\n\n" % (b"gap" if isinstance(sent, Gap) else b"dropped", data)


def _text(sent: Sent) -> bytes:
    if isinstance(sent, Envelope):
        return msgspec.json.encode(told(sent))
    kind = type(sent).__name__.lower()
    return msgspec.json.encode({"stream": kind, "event": msgspec.to_builtins(sent)})


def _wanted(streams: str) -> frozenset[str]:
    try:
        return streams_of(streams)
    except UnknownStream as error:
        raise ClientException(str(error)) from error


def _start(after: int | None, last_event_id: str | None) -> int | None:
    if last_event_id is None or not last_event_id.isascii() or not last_event_id.isdigit():
        return after
    return min(int(last_event_id), SEQ_MAX)


FOLLOWING = Router(path="/api/v1", route_handlers=[events, socket], tags=["events"])
