"""EDGE. The emulator as a server: REST and WebSocket over TLS on one port, and what keeps it up."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

from aiohttp import web

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.clock import VenueClock
from quantum_os.emulator.exchange import Exchange
from quantum_os.emulator.gateway import Gateway, Reply, Request
from quantum_os.emulator.hub import Hub
from quantum_os.emulator.limits import Door
from quantum_os.emulator.orders import Json
from quantum_os.emulator.player import Player
from quantum_os.emulator.recorded_publisher import publisher_of
from quantum_os.emulator.sockets import Section
from quantum_os.emulator.user_events import key_expired

LOOPBACK = "127.0.0.1"
BODY_BYTES_MAX = 1024 * 1024
TEND_S = 1.0
DRAIN_S = 5.0
"""Wall seconds that a step of the market waits for slow readers."""

SHUTDOWN_S = 2.0

SECTIONS = {
    "/public": Section.PUBLIC,
    "/market": Section.MARKET,
    "/private": Section.PRIVATE,
    "": Section.LEGACY,
}
"""The doors of the streams; the one without a name was closed in 2026 and brings nothing."""

Doorkeeper = Callable[[web.Request, Section], web.Response | None]
Wire = Callable[[web.Request, Request, Callable[[], Reply]], Awaitable[web.StreamResponse]]


class EmulatorServer:
    """The venue on the wire. `wire` carries a reply to the client, or what a fault makes of it.

    Everything that changes the venue happens in one event loop, one thing after the other. `said`
    is what the capture that is played has, and what it lacks.
    """

    def __init__(
        self, exchange: Exchange, clock: VenueClock, player: Player, *, enforce_limits: bool = True
    ) -> None:
        self.exchange = exchange
        self.clock = clock
        self.player = player
        self.door = Door(clock.wall_now, clock.now, enforced=enforce_limits)
        self.gateway = Gateway(exchange, clock, self.door)
        self.hub = Hub(self.gateway.listen_keys)
        self.publisher = publisher_of(exchange.market, self.hub)
        self.wire: Wire = plain_wire
        self.refuse_socket: Doorkeeper = lambda http, section: None
        self.port = 0
        self.said: tuple[str, ...] = ()
        self._stack = AsyncExitStack()
        self._playing: asyncio.Task[None] | None = None
        exchange.say = self._tell
        exchange.on_liquidation.append(self.publisher.liquidation)
        self.gateway.listen_keys.on_expiry = self._expired
        player.settle = self.drained

    async def start(self, context: ssl.SSLContext, port: int) -> int:
        """Listens on the loopback and lets time run; gives the port."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        for prefix, section in SECTIONS.items():
            handler = self._socket_handler(section)
            for kind in ("ws", "stream"):
                app.router.add_get(f"{prefix}/{kind}", handler)
                app.router.add_get(f"{prefix}/{kind}/{{tail:.*}}", handler)
        app.router.add_route("*", "/{path:.*}", self._rest)
        self.port = await self.listen(app, port, context)
        self._playing = asyncio.create_task(self._live())
        return self.port

    async def listen(
        self, app: web.Application, port: int, context: ssl.SSLContext | None = None
    ) -> int:
        """Serves an application on the loopback until `stop`; gives the port."""
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, LOOPBACK, port, ssl_context=context)
        await site.start()
        address: tuple[str, int] = runner.addresses[0]
        return address[1]

    async def run(self) -> None:
        """Waits until the market breaks, and raises what broke it; ends when cancelled."""
        assert self._playing is not None, "started first"
        await asyncio.shield(self._playing)

    async def stop(self) -> None:
        """Closes every connection and stops the market."""
        if self._playing is not None:
            self._playing.cancel()
            with suppress(asyncio.CancelledError):
                await self._playing
        await self.hub.close()
        await self._stack.aclose()

    async def drained(self) -> None:
        """Waits until what was published has been handed to the readers, as far as they read."""
        deadline = asyncio.get_running_loop().time() + DRAIN_S
        while asyncio.get_running_loop().time() < deadline:
            if all(socket.is_drained for socket in self.hub.sockets):
                return
            await asyncio.sleep(0.001)

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.player.run())
            group.create_task(self._tend())

    async def _tend(self) -> None:
        while True:
            await self.hub.tend()
            self.publisher.stand_still()
            self.gateway.listen_keys.expire_due()
            self.exchange.count_down()
            await asyncio.sleep(TEND_S)

    async def _rest(self, http: web.Request) -> web.StreamResponse:
        body = await http.text() if http.can_read_body else ""
        request = Request(
            method=http.method,
            path=http.path,
            query=http.raw_path.partition("?")[2],
            body=body,
            key=http.headers.get("X-MBX-APIKEY", ""),
        )
        self.gateway.arrives(request)
        return await self.wire(http, request, lambda: self.gateway.answer(request))

    def _socket_handler(
        self, section: Section
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(http: web.Request) -> web.StreamResponse:
            if http.headers.get("Upgrade", "").lower() != "websocket":
                return await self._rest(http)
            refused = self.refuse_socket(http, section)
            return await self.hub.serve(http, section) if refused is None else refused

        return handle

    def _tell(self, account: TradingAccount, name: str, body: Json) -> None:
        self.hub.tell(account.key, name, _symbol_of(body), body)

    def _expired(self, api_key: str, listen_key: str) -> None:
        body = key_expired(listen_key, self.clock.now())
        self.hub.tell(api_key, "listenKeyExpired", "", body)
        self.hub.forget_key(listen_key)


async def plain_wire(
    http: web.Request, request: Request, carry_out: Callable[[], Reply]
) -> web.StreamResponse:
    """Answers as a venue does that has nothing to hide."""
    return written(carry_out())


def written(reply: Reply) -> web.Response:
    """A reply as HTTP has it."""
    return web.Response(
        status=reply.status,
        body=reply.body,
        headers=reply.headers,
        content_type="application/json",
        charset="utf-8",
    )


def _symbol_of(body: Json) -> str:
    """The wire name of the symbol that an event of the user stream is about, or nothing."""
    order = body.get("o")
    found = order.get("s") if isinstance(order, dict) else body.get("s")
    return str(found or "")
