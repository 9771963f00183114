"""One connection to Redis: how it is made, what may go wrong on it, and in which words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from quantum_os.storage.redis.address import redis_url

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

ANSWER_S = 2.0
"""Wall seconds that an answer may take; a frozen server is given up after them."""

CONNECT_S = 1.0
"""Wall seconds that a connection may take."""

VERSION_MIN = (7, 0)
"""The server's first version that tells what was removed from a stream."""

Word = str | bytes | int


class Lost(ConnectionError):
    """Redis did not answer, or could not do what it was asked."""


class Refused(RuntimeError):
    """What Redis holds, or how it is set up, forbids to write there; somebody has to look."""


def load_library() -> None:
    """Loads what links need; most processes never do, and the others before their loop turns."""
    import hiredis  # noqa: F401
    import redis.asyncio  # noqa: F401


class Link:
    """Speaks with one server until something fails; then it is closed and another is made.

    Nothing is tried twice: who holds a link finds out at once that its server may have forgotten.
    """

    def __init__(self, url: str, answer_s: float = ANSWER_S) -> None:
        self._url = redis_url(url)
        self._answer_s = answer_s
        self._connection: AbstractConnection | None = None
        self._scripts: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        """Connects; raises Lost."""
        from redis.asyncio import ConnectionPool
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        # The library's own timeout would lose a task's cancellation (`asyncio.wait_for`).
        pool = ConnectionPool.from_url(
            self._url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=None,
            socket_connect_timeout=CONNECT_S,
            protocol=3,
        )
        self._connection = pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with self._in_time():
                await self._connection.connect()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def ask(self, *words: Word) -> Any:
        """Sends one command and gives its answer; raises Lost."""
        (answer,) = await self.ask_all([words])
        if isinstance(answer, Exception):
            raise Lost(str(answer)) from answer
        return answer

    async def ask_all(self, commands: Sequence[Sequence[Word]]) -> list[Any]:
        """Sends many commands at once; an answer may be the exception that it was refused with."""
        from hiredis import pack_command
        from redis.exceptions import ResponseError

        connection, answers = self._open, list[Any]()
        packed = [pack_command(tuple(words)) for words in commands]  # type: ignore[arg-type]
        async with self._in_time():
            await connection.send_packed_command(packed)
            for _ in commands:
                try:
                    answers.append(await connection.read_response())
                except ResponseError as refused:
                    answers.append(refused)
        return answers

    async def run(self, script: str, keys: Sequence[str], words: Sequence[Word]) -> Any:
        """Runs a script on the server: all of it, or nothing when it is refused; raises Lost.

        This is the way of everything in bulk: one command is packed and one answer is read.
        """
        sha = self._scripts.get(script)
        if sha is None:
            sha = self._scripts[script] = (await self.ask("SCRIPT", "LOAD", script)).decode()
        return await self.ask("EVALSHA", sha, len(keys), *keys, *words)

    async def info(self) -> Mapping[str, str]:
        """Gives what the server says of itself; raises Lost."""
        lines = (await self.ask("INFO")).decode("utf-8", "replace").splitlines()
        pairs = (line.partition(":") for line in lines if not line.startswith("#"))
        return {name: value for name, found, value in pairs if found}

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """Bounds one question and its answer; raises Lost for whatever goes wrong with it."""
        with plainly():
            async with asyncio.timeout(self._answer_s):
                yield

    async def _close(self) -> None:
        """Lets go. A link that failed may fail at that too: why it is left is what counts then."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Lost), plainly():
                await connection.disconnect(nowait=True)

    @property
    def _open(self) -> AbstractConnection:
        assert self._connection is not None, "the link is closed"
        return self._connection


def refuse_unfit(info: Mapping[str, str]) -> None:
    """Raises Refused when a server cannot be trusted with a mirror: too old, evicting, a copy."""
    version = info.get("redis_version", "0")
    if tuple(int(part) for part in version.split(".")[:2]) < VERSION_MIN:
        raise Refused(f"Redis {version} is too old: 7.0 or Valkey is needed")
    if info.get("role") not in (None, "master"):
        raise Refused(f"this Redis is a {info.get('role')}: give the address of the master")
    policy = info.get("maxmemory_policy")
    if policy != "noeviction":
        raise Refused(f"maxmemory-policy is {policy}: events would vanish; set it to noeviction")


def doubts(info: Mapping[str, str]) -> tuple[str, ...]:
    """Says what a server may lose, in words for a person; empty when it keeps what it is given."""
    found = []
    if info.get("aof_enabled") != "1":
        found.append("appendonly is off: what Redis held since its last dump is lost at a crash")
    if info.get("maxmemory", "0") == "0":
        found.append("maxmemory is not set: nothing but the machine's memory bounds Redis")
    return tuple(found)


@contextmanager
def plainly() -> Iterator[None]:
    """Turns whatever the library raises into Lost, in one line."""
    from redis.exceptions import RedisError

    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        said = str(error).splitlines()
        raise Lost(said[0] if said and said[0] else type(error).__name__) from error
