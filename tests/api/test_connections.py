"""Who sends or reads too slowly, or comes when all places are taken, is cut; others are served."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import uvicorn

from quantum_os.api.armour import Receive, Scope, Send
from quantum_os.api.connections import ImpatientHttp
from quantum_os.api.server import QuietServer
from quantum_os.api.sockets import bound

CHUNK = b"x" * 65_536
PATIENCE_S = 5.0


class Quick(ImpatientHttp):
    headers_s = 0.05
    reading_s = 0.05
    places = 3


class Patient(Quick):
    headers_s = 60.0


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    """Says something for ever on `/flood`, nothing more on `/wait`, a word anywhere else."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    gone = asyncio.create_task(_gone(receive))
    while scope["path"] == "/flood" and not gone.done():
        await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
    if scope["path"] == "/wait":
        await send({"type": "http.response.body", "body": b"so", "more_body": True})
        await gone
    gone.cancel()
    await send({"type": "http.response.body", "body": b"hello"})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


@asynccontextmanager
async def serving(
    held: list[QuietServer] | None = None, *, patient: bool = False
) -> AsyncIterator[int]:
    listening = bound("127.0.0.1", 0, or_next=False)
    server = QuietServer(
        uvicorn.Config(
            endless,
            http=Patient if patient else Quick,
            lifespan="off",
            loop="none",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))
    await server.up.wait()
    if held is not None:
        held.append(server)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def until_cut(reader: asyncio.StreamReader) -> bytes:
    said = b""
    with suppress(ConnectionResetError):
        async with asyncio.timeout(PATIENCE_S):
            while part := await reader.read(1_024):
                said += part
    return said


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def test_headers_that_do_not_end_are_cut() -> None:
    async with serving() as port, connected(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        assert await until_cut(reader) == b""


async def test_a_connection_that_says_nothing_is_cut() -> None:
    async with serving() as port, connected(port) as (reader, _):
        assert await until_cut(reader) == b""


async def test_whoever_does_not_read_is_cut() -> None:
    held: list[QuietServer] = []
    async with serving(held) as port:
        loop = asyncio.get_running_loop()
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.setblocking(False)
            await loop.sock_connect(client, ("127.0.0.1", port))
            await loop.sock_sendall(client, b"GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n")
            for wanted in (True, False):  # it is let in, and then let go without being read from
                async with asyncio.timeout(PATIENCE_S):
                    while bool(held[0].server_state.connections) is not wanted:  # noqa: ASYNC110
                        await asyncio.sleep(0)


async def test_a_quick_client_is_served_again_and_again() -> None:
    async with serving() as port:
        for _ in range(3):
            async with connected(port) as (reader, writer):
                writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                assert b"hello" in await until_cut(reader)


async def test_whoever_asks_gets_the_place_of_the_one_that_idled_longest() -> None:
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(patient=True))
        idle = [await stack.enter_async_context(connected(port)) for _ in range(Quick.places)]
        reader, writer = await stack.enter_async_context(connected(port))
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        assert await until_cut(idle[0][0]) == b"", "it came first, and said nothing"
        idle[1][1].write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await idle[1][0].readline() == b"HTTP/1.1 200 OK\r\n"
        _, late = await stack.enter_async_context(connected(port))
        late.write(b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await until_cut(idle[2][0]) == b"", "the others asked since"


async def test_a_crowd_that_idles_keeps_nobody_out() -> None:
    """Thirty hold on to three places, and come again when they are cut; one who asks is heard."""
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(patient=True))
        for _ in range(10):
            for _ in range(3):
                await stack.enter_async_context(connected(port))
            async with connected(port) as (reader, writer):
                writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"


async def test_when_all_places_are_busy_the_next_one_is_cut_at_once() -> None:
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving())
        for _ in range(Quick.places):
            reader, writer = await stack.enter_async_context(connected(port))
            writer.write(b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        reader, writer = await stack.enter_async_context(connected(port))
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await until_cut(reader) == b""
