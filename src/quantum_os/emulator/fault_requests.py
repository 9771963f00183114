"""EDGE. What becomes of a request that a fault strikes, down to the bytes of its answer."""

import asyncio
import math
import socket
import struct
from collections.abc import Callable

from aiohttp import web

from quantum_os.emulator.fault_rules import (
    FOR_EVER_S,
    REQUESTS,
    Kind,
    Rule,
    RuleBook,
    strikes_request,
)
from quantum_os.emulator.gateway import Gateway, Reply, Request
from quantum_os.emulator.refusals import Refused
from quantum_os.emulator.server import written
from quantum_os.events.units import NS_PER_S

LOOK_S = 0.02
"""Wall seconds between two looks at whether a client still waits."""

UNKNOWN_503 = "Unknown error, please check your request or try again later."
UNAVAILABLE_503 = "Service Unavailable."
PAGE = "<html><head><title>{status}</title></head><body><center>{status}</center></body></html>"

_REFUSING = frozenset({Kind.ERROR, Kind.UNAVAILABLE_503, Kind.WAF})
"""What carries nothing out unless it is told to."""

_MODIFIERS = frozenset({Kind.SLOW, Kind.HIDE, Kind.PAGE})


class RequestFaults:
    """Carries replies to clients, or what the rules want instead."""

    def __init__(self, rules: RuleBook, gateway: Gateway) -> None:
        self._rules = rules
        self._gateway = gateway

    async def __call__(
        self, http: web.Request, request: Request, carry_out: Callable[[], Reply]
    ) -> web.StreamResponse:
        if not self._rules.waits_for(REQUESTS):
            return written(carry_out())
        params = request.params
        struck = self._rules.strikes(REQUESTS, lambda rule: strikes_request(rule, request, params))
        rules = [one.rule for one in struck]
        for rule in rules:
            if rule.kind is Kind.PAGE:
                carry_out = self._paged(request, rule.size or 1)
        carry_out = self._hidden(request, carry_out, rules)
        last = next((rule for rule in rules if rule.kind not in _MODIFIERS), None)
        wait_s = sum(rule.seconds or 0.0 for rule in rules if rule.kind is Kind.SLOW)
        if last is None:
            reply = carry_out()
            await asyncio.sleep(wait_s)
            return written(reply)
        await asyncio.sleep(wait_s)
        return await self._spoilt(http, last, carry_out)

    async def _spoilt(
        self, http: web.Request, rule: Rule, carry_out: Callable[[], Reply]
    ) -> web.StreamResponse:
        kind = rule.kind
        if kind in (Kind.LIMIT, Kind.BAN):
            return self._shut(rule, carry_out)
        if kind in (Kind.HANG_BEFORE, Kind.RESET_BEFORE):
            return await _left(http, rule, None)
        habit = kind not in _REFUSING
        accepted = habit if rule.accepted is None else rule.accepted
        reply = carry_out() if accepted else Reply(200, b"{}")
        if kind in (Kind.HANG_AFTER, Kind.RESET_AFTER, Kind.HALF_BODY, Kind.HALF_CHUNKED):
            return await _left(http, rule, reply)
        return self._instead(rule)

    def _instead(self, rule: Rule) -> web.Response:
        """Another answer than the right one."""
        if rule.kind is Kind.GARBAGE:
            text = "{}" if rule.text is None else rule.text
            return _page(int(rule.status or 200), text, "application/json")
        if rule.kind in (Kind.HTML, Kind.WAF):
            status = int(rule.status or (403 if rule.kind is Kind.WAF else 502))
            page = _page(status, rule.text or PAGE.replace("{status}", str(status)), "text/html")
            if rule.seconds is not None:
                page.headers["Retry-After"] = str(math.ceil(rule.seconds))
            return page
        refused = Refused(
            rule.code or -1000, text=rule.text, status=int(rule.status) if rule.status else None
        )
        if rule.kind is Kind.UNKNOWN_503:
            refused = Refused(rule.code or -1000, text=rule.text or UNKNOWN_503, status=503)
        elif rule.kind is Kind.UNAVAILABLE_503:
            refused = Refused(rule.code or -1008, text=rule.text or UNAVAILABLE_503, status=503)
        return written(self._gateway.refusal(refused))

    def _shut(self, rule: Rule, carry_out: Callable[[], Reply]) -> web.Response:
        """Shuts the door for everybody; the request that did it is not counted as a knock."""
        door = self._gateway.door
        door.shut(rule.seconds or 60.0, 418 if rule.kind is Kind.BAN else 429)
        reply = carry_out()
        door.knocks -= 1
        door.knocks_total -= 1
        return written(reply)

    def _paged(self, request: Request, size: int) -> Callable[[], Reply]:
        return lambda: self._gateway.answer(request, page_max=size)

    def _hidden(
        self, request: Request, carry_out: Callable[[], Reply], rules: list[Rule]
    ) -> Callable[[], Reply]:
        """Keeps what a request places out of every listing for a while."""
        seconds = max((r.seconds or 5.0 for r in rules if r.kind is Kind.HIDE), default=0.0)
        account = self._gateway.exchange.accounts.get(request.key)
        if not seconds or account is None:
            return carry_out

        def hiding() -> Reply:
            orders, algos = set(account.orders), set(account.algos)
            reply = carry_out()
            shown_from = self._gateway.clock.wall_now() + round(seconds * NS_PER_S)
            for number in account.orders.keys() - orders:
                account.orders[number].shown_from = shown_from
            for number in account.algos.keys() - algos:
                account.algos[number].shown_from = shown_from
            return reply

        return hiding


async def _left(http: web.Request, rule: Rule, reply: Reply | None) -> web.StreamResponse:
    """Leaves the client without an answer: in silence, or with a part of it."""
    transport = http.transport
    if rule.kind in (Kind.HANG_BEFORE, Kind.HANG_AFTER):
        loop = asyncio.get_running_loop()
        until = loop.time() + (FOR_EVER_S if rule.seconds is None else rule.seconds)
        while http.transport is not None and loop.time() < until:  # noqa: ASYNC110  it has no event
            await asyncio.sleep(LOOK_S)
        if http.transport is not None:
            http.transport.abort()
    elif (
        transport is not None
        and reply is not None
        and rule.kind
        in (
            Kind.HALF_BODY,
            Kind.HALF_CHUNKED,
        )
    ):
        transport.write(_half(reply.body, chunked=rule.kind is Kind.HALF_CHUNKED))
        transport.close()
    elif transport is not None:
        _reset(transport)
    return web.Response()


def _half(body: bytes, *, chunked: bool) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    part = body[: max(1, len(body) // 2)]
    if chunked:
        size = f"{len(body):x}\r\n".encode()
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + size + part
    return head + f"Content-Length: {len(body)}\r\n\r\n".encode() + part


def _reset(transport: asyncio.Transport) -> None:
    """Ends the connection with RST instead of FIN."""
    found = transport.get_extra_info("socket")
    if found is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _page(status: int, text: str, content_type: str) -> web.Response:
    return web.Response(status=status, text=text, content_type=content_type)
