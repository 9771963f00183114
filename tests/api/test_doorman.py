"""A crowd at the door is let in a few at a time, and the loop is the trading's in between."""

import asyncio
import socket
from itertools import pairwise

from quantum_os.api import doorman as door
from quantum_os.api.doorman import Doorman
from quantum_os.api.sockets import bound
from quantum_os.kernel.clock import perf_ns

WORK_NS = 1_000_000
PATIENCE_S = 10.0


class Seated(asyncio.Protocol):
    """Costs a while to seat, and says when it was."""

    def __init__(self, times: list[int]) -> None:
        self._times = times

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._times.append(perf_ns())
        while perf_ns() - self._times[-1] < WORK_NS:
            pass
        assert isinstance(transport, asyncio.Transport)
        transport.close()


def crowd(port: int, count: int) -> list[socket.socket]:
    return [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]


async def seated(listening: socket.socket, times: list[int], count: int) -> None:
    task = asyncio.create_task(Doorman(listening, lambda: Seated(times)).run())
    async with asyncio.timeout(PATIENCE_S):
        while len(times) < count:  # noqa: ASYNC110
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_few_are_let_in_together_and_then_none_for_a_multiple_of_their_time() -> None:
    listening = bound("127.0.0.1", 0, or_next=False)
    listening.listen(64)
    count, times = 3 * door.AT_ONCE, list[int]()
    clients = crowd(listening.getsockname()[1], count)
    await seated(listening, times, count)
    rests = [later - earlier for earlier, later in pairwise(times)]
    between = rests[door.AT_ONCE - 1 :: door.AT_ONCE]
    assert len(between) == 2, "there were three parties"
    assert min(between) >= door.REST * door.AT_ONCE * WORK_NS
    for each in (*clients, listening):
        each.close()


async def test_one_who_cannot_come_in_does_not_shut_the_door() -> None:
    listening = bound("127.0.0.1", 0, or_next=False)
    listening.listen(64)
    times: list[int] = []
    seats = [OSError("too many open files"), None]

    def protocol() -> asyncio.Protocol:
        trouble = seats.pop(0)
        if trouble is not None:
            raise trouble
        return Seated(times)

    clients = crowd(listening.getsockname()[1], 2)
    task = asyncio.create_task(Doorman(listening, protocol, again_s=0.0).run())
    async with asyncio.timeout(PATIENCE_S):
        while not times:  # noqa: ASYNC110
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for each in (*clients, listening):
        each.close()
