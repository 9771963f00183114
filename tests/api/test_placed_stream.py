"""An answer that follows begins with a place of its own, and gives it back however it ends."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from litestar.exceptions import ServiceUnavailableException
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import Receive, Scope, Send

from quantum_os.api import hub as hubs
from quantum_os.api.hub import Hub
from quantum_os.api.placed_stream import PlacedAnswer
from tests.api.served import Served

CROWD = 500


class Client:
    """One who asks to follow, and hangs up when told to."""

    def __init__(self, hub: Hub, *, breaks: bool = False, late: bool = False) -> None:
        self.begun: list[int] = []
        self.gone = asyncio.Event()
        self._breaks = breaks
        self._answer: ASGIStreamingResponse = PlacedAnswer(
            hub, "ada", self._lines(), status_code=200
        )
        if late:
            lines = self._placed_late(hub)
            self._answer = ASGIStreamingResponse(iterator=lines, status_code=200)

    async def follow(self) -> None:
        scope = cast(Scope, {"type": "http", "method": "GET", "state": {}})
        await self._answer(scope, cast(Receive, self._receive), cast(Send, self._send))

    async def _lines(self) -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    async def _placed_late(self, hub: Hub) -> AsyncIterator[bytes]:
        with hub.place("ada"):
            async for line in self._lines():
                yield line

    async def _receive(self) -> dict[str, str]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if self._breaks:
            raise ConnectionResetError
        if message["type"] == "http.response.start":
            self.begun.append(message["status"])


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_of_a_crowd_each_has_a_place_or_is_refused_before_the_answer() -> None:
    hub = Hub()
    crowd = [Client(hub) for _ in range(CROWD)]
    tasks = [asyncio.create_task(each.follow()) for each in crowd]
    await turns()
    let_in = [each for each in crowd if each.begun == [200]]
    refused = [task.exception() for task in tasks if task.done()]
    assert len(let_in) == hub.clients == hubs.CLIENTS_PER_TOKEN_MAX
    assert len(let_in) + len(refused) == CROWD
    for error in refused:
        assert isinstance(error, ServiceUnavailableException)
        assert error.headers == {"Retry-After": "5"}
    for each in crowd:
        each.gone.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert hub.clients == 0


async def test_planted_a_place_taken_within_the_answer_lets_the_whole_crowd_in() -> None:
    """The count above would see it: every one of them gets status 200, place or none."""
    hub = Hub()
    crowd = [Client(hub, late=True) for _ in range(CROWD)]
    tasks = [asyncio.create_task(each.follow()) for each in crowd]
    await turns()
    assert [each.begun for each in crowd] == [[200]] * CROWD
    assert hub.clients == hubs.CLIENTS_PER_TOKEN_MAX
    for each in crowd:
        each.gone.set()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_is_gone_before_the_first_byte_leaves_no_place_taken() -> None:
    hub = Hub()
    client = Client(hub)
    client.gone.set()
    await client.follow()
    assert hub.clients == 0


async def test_an_error_gives_the_place_back() -> None:
    hub = Hub()
    with pytest.raises(ConnectionResetError):
        await Client(hub, breaks=True).follow()
    assert hub.clients == 0


async def test_a_cancelled_answer_gives_the_place_back() -> None:
    hub = Hub()
    task = asyncio.create_task(Client(hub).follow())
    await turns()
    assert hub.clients == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert hub.clients == 0


def test_who_has_no_place_is_told_so_by_the_status(own_fund: Served) -> None:
    hub = own_fund.fund.hub
    for number in range(hubs.CLIENTS_MAX):
        hub.enter(f"another-{number % 2}")
    answer = own_fund.get("/api/v1/events")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert hub.clients == hubs.CLIENTS_MAX
