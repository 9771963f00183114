"""What a request under way is for, and when its bytes have left: where the wire's kill points are.

An errand is named by who sends it and known to whatever is called inside, down to the socket.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace

import aiohttp
from aiohttp import hdrs

from quantum_os.kernel.kill_points import kill_point

_errand: ContextVar[str] = ContextVar("errand", default="")


@contextmanager
def on_errand(name: str) -> Iterator[None]:
    """Names what the requests inside are for; "" is nothing in particular."""
    token = _errand.set(name)
    try:
        yield
    finally:
        _errand.reset(token)


def leaves() -> None:
    """Called when a request is about to be written."""
    kill_point("wire.before_write", _errand.get())


def answered() -> None:
    """Called when an answer was read to its end."""
    kill_point("wire.after_answer", _errand.get())


def telling_of_writes() -> aiohttp.TraceConfig:
    """Makes what has a session tell that a request was written.

    aiohttp tells just before it writes headers and body in one go, so one turn of the loop later
    the bytes are with the kernel. A request with a body is told of when the body comes.
    """
    told = aiohttp.TraceConfig()
    told.on_request_headers_sent.append(_headers)
    told.on_request_chunk_sent.append(_body)
    return told


async def _headers(
    session: aiohttp.ClientSession,
    context: SimpleNamespace,
    sent: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    if not int(sent.headers.get(hdrs.CONTENT_LENGTH, 0)):
        asyncio.get_running_loop().call_soon(_written)


async def _body(
    session: aiohttp.ClientSession,
    context: SimpleNamespace,
    sent: aiohttp.TraceRequestChunkSentParams,
) -> None:
    asyncio.get_running_loop().call_soon(_written)


def _written() -> None:
    kill_point("wire.after_write", _errand.get())
