"""Who is let in: the token that was shown, the role that the route asks for, and how often."""

import math
from collections.abc import Iterator
from typing import Any

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.exceptions import (
    HTTPException,
    NotAuthorizedException,
    PermissionDeniedException,
    TooManyRequestsException,
)
from litestar.handlers.base import BaseRouteHandler
from litestar.routes import HTTPRoute

from quantum_os.api.acts import Caller
from quantum_os.api.clearance import ROLE, Open, Role
from quantum_os.api.limits import Locks, Rate, RateLimiter
from quantum_os.api.tokens import Token, TokenFile, TokensError, split

RATE_OF_IP = Rate(per_s=50.0, burst=200.0)
RATE_OF_TOKEN = Rate(per_s=25.0, burst=100.0)
BURST_S = 4.0
ACTS_SHARE = 5
"""Acts have a rate of their own, a fifth of it: whoever reads a lot can still stop the fund."""

BEARER = "bearer "
SUBPROTOCOL = "quantum-os.bearer."
"""How a browser's WebSocket shows its token: it cannot send a header."""

LOOPBACKS = frozenset({"127.0.0.1", "::1"})

Connection = ASGIConnection[Any, Any, Any, Any]


class Unguarded(RuntimeError):
    """A route that declares no role: the process does not start with it."""


class Gatekeeper:
    """The one guard of every route; a route without a declared role lets nobody in."""

    def __init__(
        self,
        tokens: TokenFile,
        rate_of_ip: Rate = RATE_OF_IP,
        rate_of_token: Rate = RATE_OF_TOKEN,
    ) -> None:
        self.tokens = tokens
        self._ips = RateLimiter(rate_of_ip)
        self._probes = RateLimiter(rate_of_ip)
        self._callers = RateLimiter(rate_of_token)
        self._acts = RateLimiter(_share(rate_of_token))
        self.locks = Locks()
        self.refused = {"401": 0, "403": 0, "429": 0}

    def pace(self, per_s: float) -> None:
        """Lets each token ask so often from now on; a burst is four seconds of it."""
        rate = Rate(per_s, per_s * BURST_S)
        self._callers.rate, self._acts.rate = rate, _share(rate)

    def locked_out_s(self, ip: str, authorization: str) -> float:
        """Seconds for which whoever shows this is not let in, known without a look at the route."""
        text = bearer_of(authorization)
        wait_s = self.locks.wait_s(self._guesser(ip, text)) if text else 0.0
        self.refused["429"] += wait_s > 0
        return wait_s

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        try:
            self._admit(connection, handler.opt.get(ROLE))
        except HTTPException as error:
            key = str(error.status_code)
            self.refused[key] = self.refused.get(key, 0) + 1
            raise

    def _admit(self, connection: Connection, needed: Role | Open | None) -> None:
        ip = connection.client.host if connection.client is not None else "unknown"
        if needed is Open.ANYBODY or (needed is Open.LOOPBACK and ip in LOOPBACKS):
            self._slow_down(self._probes, ip)
            return
        token = self._proved(ip, shown_by(connection))
        acts = connection.scope.get("method", "GET") not in ("GET", "HEAD")
        self._slow_down(self._acts if acts else self._callers, token.id)
        wanted = Role.VIEWER if needed is Open.LOOPBACK else needed
        if not isinstance(wanted, Role) or not token.role.covers(wanted):
            raise PermissionDeniedException(f"this needs the role {wanted}, not {token.role}")
        connection.scope["user"] = Caller(token.id, token.name, token.role)

    def _proved(self, ip: str, text: str) -> Token:
        """Gives the token; the same refusal for one that is unknown, wrong, old or revoked.

        An address has a rate only for who proves nothing: behind a proxy, or on one machine, all
        share it. Failures count by address and, where the id is known, by that id: somebody who
        guesses from this machine does not lock its operator out.
        """
        key = self._guesser(ip, text)
        wait_s = self.locks.wait_s(key)
        if wait_s > 0:
            raise _too_many("too many wrong tokens", wait_s)
        try:
            token = self.tokens.holder(text)
        except TokensError:
            token = None
        if token is None:
            self._slow_down(self._ips, ip)
            if text:  # who shows none guesses nothing
                self.locks.failed(key)
            raise NotAuthorizedException(
                "a bearer token is needed", headers={"WWW-Authenticate": "Bearer"}
            )
        self.locks.succeeded(key)
        return token

    def _guesser(self, ip: str, text: str) -> str:
        token_id, _ = split(text)
        return f"{ip} {token_id if self.tokens.knows(token_id) else ''}"

    @staticmethod
    def _slow_down(limiter: RateLimiter, key: str) -> None:
        wait_s = limiter.wait_s(key)
        if wait_s > 0:
            raise _too_many("too many requests", wait_s)


def _share(rate: Rate) -> Rate:
    return Rate(rate.per_s / ACTS_SHARE, max(1.0, rate.burst / ACTS_SHARE))


def shown_by(connection: Connection) -> str:
    """Gives the token that a request shows; empty when it shows none."""
    text = bearer_of(connection.headers.get("authorization", ""))
    return text or offered_by(connection).removeprefix(SUBPROTOCOL)


def bearer_of(header: str) -> str:
    return header[len(BEARER) :].strip() if header.lower().startswith(BEARER) else ""


def offered_by(connection: Connection) -> str:
    """Gives the WebSocket's subprotocol that carries a token; empty without one."""
    offered: list[str] = connection.scope.get("subprotocols", [])  # type: ignore[assignment]
    return next((each for each in offered if each.startswith(SUBPROTOCOL)), "")


def guarded(app: Litestar) -> Iterator[tuple[str, str, Role | Open]]:
    """Gives every method, path and role; raises Unguarded for a route that declares none."""
    for route in app.routes:
        handlers = route.route_handlers if isinstance(route, HTTPRoute) else [route.route_handler]
        for handler in handlers:
            methods = sorted(getattr(handler, "http_methods", {"WEBSOCKET"}))
            role = handler.opt.get(ROLE)
            if methods == ["OPTIONS"]:
                continue
            if not isinstance(role, Role | Open):
                raise Unguarded(f"{' '.join(methods)} {route.path} declares no role")
            for method in methods:
                yield str(method), route.path, role


def _too_many(what: str, wait_s: float) -> TooManyRequestsException:
    seconds = str(max(1, math.ceil(wait_s)))
    return TooManyRequestsException(what, headers={"Retry-After": seconds})
