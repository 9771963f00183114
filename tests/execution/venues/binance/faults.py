"""What goes wrong on the wire: each fault gets the request and a way to have it done after all."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from tests.execution.venues.binance.small_binance import Fault, refusal

Done = Callable[[], web.StreamResponse]

SLOW_S = 0.2


async def hang_after_accept(request: web.Request, done: Done) -> web.StreamResponse:
    """R1: it is done and nobody is told."""
    answer = done()
    await asyncio.sleep(30)
    return answer


async def slow_after_accept(request: web.Request, done: Done) -> web.StreamResponse:
    """It is done, and said `SLOW_S` later."""
    answer = done()
    await asyncio.sleep(SLOW_S)
    return answer


async def hang_before_accept(request: web.Request, done: Done) -> web.StreamResponse:
    """R2: it is not done and nobody is told."""
    await asyncio.sleep(30)
    return refusal(-1)


async def reset_after_accept(request: web.Request, done: Done) -> web.StreamResponse:
    """R4: it is done, and the connection is cut before the headers."""
    done()
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def half_body(request: web.Request, done: Done) -> web.StreamResponse:
    """R5: it is done, and the answer ends in the middle."""
    done()
    answer = web.StreamResponse(headers={"Content-Length": "400"})
    await answer.prepare(request)
    await answer.write(b'{"orderId": 1,')
    assert request.transport is not None
    request.transport.abort()
    return answer


def garbage(body: str, status: int = 200) -> Fault:
    """R6, R9: it is done, and the answer is no answer."""

    async def fault(request: web.Request, done: Done) -> web.StreamResponse:
        done()
        return web.Response(text=body, status=status)

    return fault


def says(body: str, status: int, headers: dict[str, str] | None = None) -> Fault:
    """It is not done, and this is said."""

    async def fault(request: web.Request, done: Done) -> web.StreamResponse:
        return web.Response(text=body, status=status, headers=headers)

    return fault


def refuses(code: int, status: int = 400) -> Fault:
    """It is not done, for a reason of the venue."""

    async def fault(request: web.Request, done: Done) -> web.StreamResponse:
        return refusal(code, status)

    return fault


def accepts_and_says(code: int, status: int = 400) -> Fault:
    """It is done, and a code is said that does not tell."""

    async def fault(request: web.Request, done: Done) -> web.StreamResponse:
        done()
        return refusal(code, status)

    return fault
