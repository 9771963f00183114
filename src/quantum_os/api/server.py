"""The server in the process: a task beside the trading, which it can neither stop nor start."""

import asyncio
import logging
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import cast

import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from quantum_os.api.app import Parts, build_app
from quantum_os.api.armour import Armour, Asgi
from quantum_os.api.connections import ImpatientWebSocket
from quantum_os.api.doorman import Doorman
from quantum_os.api.fund import Fund
from quantum_os.api.gatekeeper import Gatekeeper
from quantum_os.api.places import placed

START_S, STOP_S = 10.0, 3.0
"""Wall seconds in which the server must listen, and in which it must be gone."""

AGAIN_S = 1.0
"""Wall seconds between the end of a server that broke and the next one."""

HEADERS_MAX = 16 * 1024
"""Bytes of a request's headers."""

MESSAGE_MAX = 1_024
"""Bytes of what a WebSocket may send; none is read."""

FOLLOWS = ("/api/v1/events", "/api/v1/ws")

_log = structlog.get_logger("quantum_os.api")


class NotListening(RuntimeError):
    """The server did not come up."""


class QuietServer(uvicorn.Server):
    """Leaves the process's signals alone: they end the fund, and the fund ends the server.

    A doorman takes the connections in the server's place, which would take all that come.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self._doormen: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        for each in sockets or ():
            doorman = Doorman(each, self._protocol)
            self._doormen.append(asyncio.create_task(doorman.run(), name="api.doorman"))
        self.up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for doorman in self._doormen:
            doorman.cancel()
        await asyncio.gather(*self._doormen, return_exceptions=True)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        make = cast("type[H11Protocol]", self.config.http_protocol_class)
        return make(self.config, self.server_state, self.lifespan.state)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ApiServer:
    """Serves one fund on one socket, from `start` to `stop`; a server that breaks is replaced."""

    def __init__(
        self,
        fund: Fund,
        gatekeeper: Gatekeeper,
        listening: socket.socket,
        hosts: Iterable[str] = (),
    ) -> None:
        self._fund = fund
        self._listening = listening
        self.parts = Parts(fund, gatekeeper)
        self.app = build_app(self.parts)
        self.armour = Armour(cast("Asgi", self.app), hosts, FOLLOWS, gatekeeper.locked_out_s)
        self._server = self._made()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Returns once requests are answered; raises NotListening."""
        quieten()
        self._tasks = [
            asyncio.create_task(self._serve(), name="api"),
            asyncio.create_task(self.parts.pulse.run(), name="api.pulse"),
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                await self._server.up.wait()
        if not self._server.up.is_set():
            await self.stop()
            raise NotListening("the API's server did not come up")

    async def stop(self) -> None:
        """Lets the followers go, answers what is in flight, and gives the socket up."""
        self._fund.hub.close()
        self._server.should_exit = True
        if self._tasks:
            await asyncio.wait(self._tasks[:1], timeout=STOP_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._listening.close()

    async def _serve(self) -> None:
        while True:
            try:
                await self._server.serve(sockets=[self._listening.dup()])
            except Exception as error:  # noqa: BLE001  the API's fault never ends the trading
                _log.error("the API broke; it starts again", error=repr(error))
            if self._server.should_exit:
                return
            await asyncio.sleep(AGAIN_S)
            self._server = self._made()

    def _made(self) -> QuietServer:
        return QuietServer(
            uvicorn.Config(
                self.armour,
                http=placed(),
                ws=ImpatientWebSocket,
                lifespan="off",
                loop="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=1,
                h11_max_incomplete_event_size=HEADERS_MAX,
                ws_max_size=MESSAGE_MAX,
                ws_per_message_deflate=False,
            )
        )


class _Forwarded(logging.Handler):
    """Hands the server's errors to our own log."""

    def emit(self, record: logging.LogRecord) -> None:
        trouble = record.exc_info[1] if record.exc_info else None
        _log.error(record.getMessage().strip(), error=repr(trouble) if trouble else "")


def quieten() -> None:
    """What clients do wrong is counted, not logged; what breaks here is logged as ours is."""
    for name in ("uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.ERROR)
        logger.propagate = False
        if not any(isinstance(each, _Forwarded) for each in logger.handlers):
            logger.addHandler(_Forwarded())
