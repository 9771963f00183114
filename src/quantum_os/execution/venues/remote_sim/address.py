"""EDGE. Where a venue server listens: a port of this machine, or a unix socket."""

import asyncio
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

LOOPBACK = "127.0.0.1"
PORT_MAX = 65_535
BUFFER_BYTES = 1 << 18
"""Bytes that may wait for the other side before the writer waits."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Address(msgspec.Struct, frozen=True):
    """A unix socket when `path` is set, else host and port; port 0 lets the system choose."""

    host: str = LOOPBACK
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"


def parse(text: str) -> Address:
    """Reads HOST:PORT, or a path (it holds a slash); raises ValueError."""
    if "/" in text:
        return Address(path=text)
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= PORT_MAX:
        raise ValueError(f"{text!r} is neither HOST:PORT nor the path of a socket")
    return Address(host, int(port))


async def connect(address: Address) -> Streams:
    """Opens a connection; raises OSError."""
    if address.path:
        return await asyncio.open_unix_connection(address.path)
    return await asyncio.open_connection(address.host, address.port)


async def listen(address: Address, handler: Handler) -> tuple[asyncio.Server, Address]:
    """Listens, and gives the address with the port that was chosen; raises OSError.

    A socket file that nobody answers on is taken over; one that somebody does is not.
    """
    if address.path:
        await _refuse_living(address.path)
        server = await asyncio.start_unix_server(handler, address.path)
        _only_for_the_owner(address.path)
        return server, address
    server = await asyncio.start_server(handler, address.host, address.port)
    port: int = server.sockets[0].getsockname()[1]
    return server, Address(address.host, port)


def tune(writer: asyncio.StreamWriter) -> None:
    """Sends small frames at once and bounds what waits for a slow reader."""
    writer.transport.set_write_buffer_limits(high=BUFFER_BYTES, low=0)
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.family != socket.AF_UNIX:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _only_for_the_owner(path: str) -> None:
    Path(path).chmod(stat.S_IRUSR | stat.S_IWUSR)


async def _refuse_living(path: str) -> None:
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return
    writer.close()
    raise OSError(f"{path}: another venue listens there")
