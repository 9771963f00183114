"""What goes wrong at Bybit: each fault gets the request and a way to have it done after all."""

from aiohttp import web

from tests.execution.venues.binance.faults import Done
from tests.execution.venues.binance.small_binance import Fault
from tests.execution.venues.bybit.small_bybit import refusal


def refuses(code: int) -> Fault:
    """It is not done, for a reason of the venue."""

    async def fault(request: web.Request, done: Done) -> web.StreamResponse:
        return refusal(code)

    return fault


def accepts_and_says(code: int) -> Fault:
    """It is done, and a code is said that does not tell."""

    async def fault(request: web.Request, done: Done) -> web.StreamResponse:
        done()
        return refusal(code)

    return fault


async def accepts_only(request: web.Request, done: Done) -> web.StreamResponse:
    """It is accepted, as far as the answer says, and never carried out."""
    sent = await request.json()
    result = {"orderId": "0", "orderLinkId": sent["orderLinkId"]}
    return web.json_response({"retCode": 0, "retMsg": "OK", "result": result})
