"""Requests that come together begin in turns, and who guesses is turned away before any route."""

import asyncio
from typing import Any

from quantum_os.api.armour import Armour, Message

CROWD = 20
SCOPE = {
    "type": "http",
    "method": "GET",
    "path": "/api/v1/ping",
    "raw_path": b"/api/v1/ping",
    "http_version": "1.1",
    "client": ("127.0.0.1", 1),
    "headers": [(b"host", b"localhost"), (b"authorization", b"Bearer guess")],
}


async def nothing() -> Message:
    return {"type": "http.request", "body": b""}


async def test_of_a_crowd_one_request_begins_in_each_turn_of_the_loop() -> None:
    turns: list[int] = []
    turn = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        turns.append(turn)

    async def count() -> None:
        nonlocal turn
        while len(turns) < CROWD:
            turn += 1
            await asyncio.sleep(0)

    async def send(message: Message) -> None:
        raise AssertionError("nothing is answered")

    armour = Armour(app)
    counting = asyncio.create_task(count())
    await asyncio.gather(*(armour(dict(SCOPE), nothing, send) for _ in range(CROWD)))
    await counting
    assert len(turns) == len(set(turns)) == CROWD
    assert armour.in_flight == 0


async def test_who_is_locked_out_reaches_no_route_and_is_told_when_to_come_again() -> None:
    said: list[Message] = []
    reached: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["path"])

    async def send(message: Message) -> None:
        said.append(message)

    armour = Armour(app, locked_out=lambda ip, text: 1.5 if text == "Bearer guess" else 0.0)
    await armour(dict(SCOPE), nothing, send)
    assert (said[0]["status"], reached) == (429, [])
    assert dict(said[0]["headers"])[b"retry-after"] == b"2"
    await armour({**SCOPE, "headers": [(b"host", b"localhost")]}, nothing, send)
    await armour({**SCOPE, "path": "/healthz", "raw_path": b"/healthz"}, nothing, send)
    assert reached == ["/api/v1/ping", "/healthz"]
