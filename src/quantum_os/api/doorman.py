"""How fast connections are taken: a few, and then none until the trading has had its time."""

import asyncio
import socket
from collections.abc import Callable

import structlog

from quantum_os.kernel.clock import perf_ns

AT_ONCE = 4
"""Connections taken together."""

REST = 4.0
"""Times as long as they took to be taken, none is: a crowd costs a fifth of the loop at most."""

REST_MAX_S = 0.1
AGAIN_S = 1.0
"""Seconds until the next try where none can be taken: no further file may be opened, say."""

WAITING_MAX = 4_096
"""Connections that may wait at the door: one that finds no room there tries again a second later,
and in a crowd it would have to be lucky."""

_log = structlog.get_logger("quantum_os.api")


class Doorman:
    """Takes the connections of one listening socket, and gives each a protocol of its own."""

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[], asyncio.BaseProtocol],
        again_s: float = AGAIN_S,
    ) -> None:
        self._listening = listening
        self._protocol = protocol
        self._again_s = again_s

    async def run(self) -> None:
        """Takes whoever comes, until it is cancelled."""
        self._listening.setblocking(False)
        self._listening.listen(WAITING_MAX)
        while True:
            try:
                await self._knock()
                began = perf_ns()
                await self._let_in()
            except Exception as error:  # noqa: BLE001  one who cannot come in never shuts the door
                _log.error("no connection can be taken", error=repr(error))
                await asyncio.sleep(self._again_s)
                continue
            await asyncio.sleep(min(REST_MAX_S, (perf_ns() - began) * REST / 1e9))

    async def _knock(self) -> None:
        """Returns when somebody waits."""
        loop = asyncio.get_running_loop()
        knocked = loop.create_future()
        loop.add_reader(self._listening, _settle, knocked)
        try:
            await knocked
        finally:
            loop.remove_reader(self._listening)

    async def _let_in(self) -> None:
        taken: list[socket.socket] = []
        try:
            for _ in range(AT_ONCE):
                taken.append(self._listening.accept()[0])
        except (BlockingIOError, ConnectionAbortedError):
            pass  # nobody waits any more, or it has gone already
        finally:
            await asyncio.gather(*(self._seat(each) for each in taken))

    async def _seat(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(self._protocol, connection)
        except OSError:
            connection.close()  # gone before it was seated


def _settle(knocked: "asyncio.Future[None]") -> None:
    if not knocked.done():
        knocked.set_result(None)
