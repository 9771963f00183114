"""Floods of one port of this machine, bounded in count and time; each counts what it is told.

python -m bench.attacks NAME TOKEN,TOKEN,TOKEN PORT SECONDS
"""

import asyncio
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

ATTACKS = {
    "idle": "2,000 connections that idle or dribble",
    "guesses": "100,000 guesses at tokens",
    "bodies": "bodies too large, too deep, broken",
    "followers": "500 who follow all events",
}

IDLERS, GUESSES, GUESSERS, SENDERS, FOLLOWERS = 2_000, 100_000, 24, 16, 500
FILES_KEPT = 64

HEAD = "HTTP/1.1\r\nHost: 127.0.0.1\r\n"


class Flood:
    """One flood: where it goes, until when, and what came back."""

    def __init__(self, port: int, tokens: list[str], seconds: float) -> None:
        self.port, self.tokens = port, tokens
        self.until = time.perf_counter() + seconds
        self.told: Counter[str] = Counter()

    @property
    def is_over(self) -> bool:
        return time.perf_counter() >= self.until

    async def opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


async def status_of(reader: asyncio.StreamReader) -> str:
    """Reads one answer whole; gives its status, or `cut`."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = head.partition("content-length: ")[2].partition("\r\n")[0]
        await reader.readexactly(int(length or 0))
        return head.split(" ")[1]
    except (asyncio.IncompleteReadError, OSError, IndexError):
        return "cut"


async def idle(flood: Flood, number: int) -> None:
    """Opens a connection, says nothing or a byte a second, and comes again when it is cut."""
    while not flood.is_over:
        try:
            reader, writer = await flood.opened()
        except OSError:
            flood.told["not let in"] += 1
            await asyncio.sleep(0.5)
            continue
        flood.told["opened"] += 1
        with suppress(OSError, TimeoutError):
            writer.write(b"GET /api/v1/status HTTP/1.1\r\nX-Slow: " if number % 2 else b"")
            while not flood.is_over:
                async with asyncio.timeout(1.0):
                    with suppress(TimeoutError):
                        if not await reader.read(1):
                            break
                writer.write(b"x" if number % 2 else b"")
        flood.told["cut"] += not flood.is_over
        writer.transport.abort()
        await asyncio.sleep(0.2)


async def guess(flood: Flood, number: int) -> None:
    reader, writer = await flood.opened()
    for turn in range(GUESSES // GUESSERS):
        if flood.is_over:
            break
        token = f"qos_{number:04x}{turn:04x}_{turn:064x}"
        writer.write(f"GET /api/v1/status {HEAD}Authorization: Bearer {token}\r\n\r\n".encode())
        status = await status_of(reader)
        flood.told[status] += 1
        if status == "cut":
            reader, writer = await flood.opened()
    writer.transport.abort()


BODIES = (
    b'{"reason":"' + b"x" * 200_000 + b'"}',
    b'{"reason":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    b'{"reason":NaN}',
    b'{"reason":"a","reason":"b"}',
    b'{"reason":' + b"9" * 60_000 + b"}",
    b"\x00\xff" * 1_000,
)


async def send(flood: Flood, number: int) -> None:
    """Sends what is no body of ours, and requests that can be read in two ways."""
    turn = number
    while not flood.is_over:
        turn += 1
        body = BODIES[turn % len(BODIES)]
        bearer = f"Authorization: Bearer {flood.tokens[turn % len(flood.tokens)]}\r\n"
        framing = "Transfer-Encoding: chunked\r\n" if turn % 7 == 0 else ""
        head = f"POST /api/v1/pause {HEAD}{bearer}{framing}Content-Type: application/json\r\n"
        with suppress(OSError):
            reader, writer = await flood.opened()
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            with suppress(TimeoutError):
                async with asyncio.timeout(15):
                    flood.told[await status_of(reader)] += 1
            writer.transport.abort()


async def follow(flood: Flood, number: int) -> None:
    token = flood.tokens[number % len(flood.tokens)]
    head = f"GET /api/v1/events?streams=* {HEAD}Authorization: Bearer {token}\r\n\r\n"
    while not flood.is_over:
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            reader, writer = await flood.opened()
            writer.write(head.encode())
            line = await reader.readline()
            status = line.split(b" ")[1].decode() if line else "cut"
            flood.told[status] += 1
            while status == "200" and not flood.is_over:
                async with asyncio.timeout(max(0.1, flood.until - time.perf_counter())):
                    part = await reader.read(65_536)
                if not part:
                    break
                flood.told["bytes"] += len(part)
            writer.transport.abort()
        await asyncio.sleep(1.0)


async def attack(name: str, flood: Flood) -> None:
    deed: Callable[[Flood, int], Awaitable[None]]
    deed, count = {
        "idle": (idle, IDLERS),
        "guesses": (guess, GUESSERS),
        "bodies": (send, SENDERS),
        "followers": (follow, FOLLOWERS),
    }[name]
    await asyncio.gather(*(deed(flood, number) for number in range(count)))


def main() -> None:
    name, tokens, port, seconds = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    assert hard == resource.RLIM_INFINITY or hard > IDLERS + FILES_KEPT, "too few open files"
    flood = Flood(int(port), tokens.split(","), float(seconds))
    asyncio.run(attack(name, flood))
    sys.stdout.write(json.dumps(dict(sorted(flood.told.items()))))


if __name__ == "__main__":
    main()
