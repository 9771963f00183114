"""What every request must be like before a route sees it, and every answer before it leaves."""

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from quantum_os.api.etags import tagging
from quantum_os.api.problems import MEDIA_TYPE, problem
from quantum_os.api.turns import Turns

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_S = 10.0
"""Wall seconds in which a body must have come."""

PATH_MAX = 2_048
HEADERS_MAX, HEADER_BYTES_MAX = 64, 16 * 1024
"""Headers of a request, and their bytes together."""

IN_FLIGHT_MAX = 64
"""Requests worked on at once, those that follow events apart."""

SECURITY_HEADERS = (
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
CLOSE = (b"connection", b"close")
GUARDED = "/api/"
"""Where tokens are asked for."""

NO_STORE = (b"cache-control", b"no-store")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
VERSIONS = frozenset({"1.0", "1.1"})
FRAMINGS = frozenset({b"content-length", b"transfer-encoding"})
"""Two words on where a body ends: whoever believes the other one reads another request."""

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


LockedOut = Callable[[str, str], float]
"""Seconds for which an address that shows this text as its token is not let in."""


class Armour:
    """Wraps the application: hosts, origins, sizes and headers are one matter for all routes.

    `follows` begin the paths whose answers last; they are not counted as in flight. Requests begin
    one by one, and then the loop is the others' for a while: a crowd cannot hold up the trading.
    """

    def __init__(
        self,
        app: Asgi,
        hosts: Iterable[str] = (),
        follows: tuple[str, ...] = (),
        locked_out: LockedOut = lambda ip, text: 0.0,
    ) -> None:
        self._app = app
        self._locked_out = locked_out
        self._turns = Turns()
        self._always = LOCAL_NAMES | frozenset(hosts)
        self._hosts = self._always
        self._follows = follows
        self.in_flight = 0
        self.answers: Counter[int] = Counter()

    def rename(self, hosts: Iterable[str]) -> None:
        """Lets these further names in, beside those that it was made with."""
        self._hosts = self._always | frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        dressed = self._dressed(send)
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(scope, receive, dressed, *refusal, CLOSE)
            return
        wait_s = self._wait_s(scope)
        if wait_s > 0:
            later = (b"retry-after", str(math.ceil(wait_s)).encode())
            await _refuse(scope, receive, dressed, 429, "too many wrong tokens", later)
            return
        if scope["type"] == "websocket" or scope["path"].startswith(self._follows):
            await self._turns.turn()
            await self._app(scope, receive, dressed)
            return
        if scope["method"] == "GET":
            dressed = tagging(dressed, _headers(scope).get(b"if-none-match", []))
        self.in_flight += 1
        try:
            await self._turns.turn()
            await self._app(scope, _in_time(receive), dressed)
        except TimeoutError:
            await _refuse(scope, receive, dressed, 408, "the body did not come in time", CLOSE)
        finally:
            self.in_flight -= 1

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Why this request is not even looked at: its status and the words; None when it is."""
        headers = _headers(scope)
        if scope["type"] == "http" and self.in_flight >= IN_FLIGHT_MAX:
            return 503, "too many requests at once"
        if len(scope["headers"]) > HEADERS_MAX or _size(scope) > HEADER_BYTES_MAX:
            return 431, "the headers are too many or too long"
        if scope["http_version"] not in VERSIONS or headers.keys() >= FRAMINGS:
            return 400, "the request can be read in two ways"
        raw = scope.get("raw_path") or b""
        if len(raw) > PATH_MAX or _is_crooked(raw):
            return 400, "the path is not one of ours"
        hosts = headers.get(b"host", [])
        if len(hosts) != 1 or _host(hosts[0]) not in self._hosts:
            return 400, "the Host header names another machine"
        origins = headers.get(b"origin", [])
        acts = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        if acts and any(not _is_same(origin, hosts[0]) for origin in origins):
            return 403, "the request comes from another site"
        if acts and headers.get(b"sec-fetch-site", [b"none"])[0] == b"cross-site":
            return 403, "the request comes from another site"
        return None

    def _wait_s(self, scope: Scope) -> float:
        """How long whoever guesses has to wait: said at once, no route is looked for."""
        shown = _headers(scope).get(b"authorization")
        client = scope.get("client")
        if shown is None or client is None or not scope["path"].startswith(GUARDED):
            return 0.0
        return self._locked_out(client[0], shown[0].decode("latin-1"))

    def _dressed(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                self.answers[message["status"]] += 1
                given = list(message.get("headers", []))
                names = {name.lower() for name, _ in given}
                # A route's own word stands: two policies at once would both hold.
                wanted = (*SECURITY_HEADERS, NO_STORE)
                extra = [each for each in wanted if each[0] not in names]
                message = {**message, "headers": [*given, *extra]}
            await send(message)

        return sent


def _in_time(receive: Receive) -> Receive:
    """A body comes in time, or the request is given up."""
    is_whole = False

    async def received() -> Message:
        nonlocal is_whole
        if is_whole:
            return await receive()
        async with asyncio.timeout(BODY_S):
            message = await receive()
        is_whole = not message.get("more_body", False)
        return message

    return received


async def _refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    detail: str,
    header: tuple[bytes, bytes],
) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": detail})
        return
    body = msgspec.json.encode(problem(status, detail, scope["path"]))
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        header,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _headers(scope: Scope) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.lower(), []).append(value)
    return found


def _size(scope: Scope) -> int:
    return sum(len(name) + len(value) for name, value in scope["headers"])


def _host(value: bytes) -> str:
    """Gives the name in a Host header, without its port; empty for what is no name."""
    try:
        return urlsplit(f"//{value.decode('ascii')}").hostname or ""
    except ValueError:
        return ""


def _is_same(origin: bytes, host: bytes) -> bool:
    try:
        return urlsplit(origin.decode("ascii")).netloc.lower() == host.decode("ascii").lower()
    except ValueError:
        return False


def _is_crooked(raw: bytes) -> bool:
    """Paths that mean to leave: dots, encoded slashes, backslashes, control characters."""
    lowered = raw.partition(b"?")[0].lower()
    parts = lowered.replace(b"%2e", b".").split(b"/")
    odd = (b"%2f", b"%5c", b"%00", b"\\", b"//", b"%0a", b"%0d", b"%25")
    return b".." in parts or b"." in parts or any(each in lowered for each in odd)
