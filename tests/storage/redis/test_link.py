"""A link fails in plain words, in time, and never holds up who wants to end."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from quantum_os.storage.redis.link import Link, Lost, Refused, doubts, refuse_unfit
from tests.servers.redis import OwnServer

GOOD = {
    "redis_version": "7.0.15",
    "role": "master",
    "maxmemory_policy": "noeviction",
    "maxmemory": "1",
    "aof_enabled": "1",
}
DEEDS: dict[str, Callable[[Link], Awaitable[object]]] = {
    "ask": lambda link: link.ask("PING"),
    "ask all": lambda link: link.ask_all([("PING",)] * 3),
    "info": lambda link: link.info(),
    "run": lambda link: link.run("#!lua\nreturn {1}", (), ()),
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_who_is_cancelled_ends_wherever_that_finds_it(url: str, deed: str) -> None:
    """A cancellation that is lost would leave the edge running when the process wants to stop."""

    async def work() -> None:
        async with Link(url) as link:
            await DEEDS[deed](link)
        await asyncio.Event().wait()

    for turns in range(1, 60):
        task = asyncio.create_task(work())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait({task})
        assert task.cancelled()


async def test_nobody_there_is_said_plainly() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        with pytest.raises(Lost, match="Connect"):
            async with Link(f"redis://127.0.0.1:{port}"):
                pass


async def test_a_frozen_server_is_given_up_in_time(server: OwnServer) -> None:
    async with Link(server.url, answer_s=0.05) as link:
        server.freeze()
        with pytest.raises(Lost):
            await link.ask("PING")
        server.thaw()


async def test_a_command_that_fails_is_lost_and_one_of_many_is_its_answer(url: str) -> None:
    async with Link(url) as link:
        with pytest.raises(Lost, match="unknown command"):
            await link.ask("NONSENSE")
        answers = await link.ask_all([("PING",), ("NONSENSE",), ("PING",)])
        assert isinstance(answers[1], Exception)
        assert answers[0] == answers[2]
        with pytest.raises(Lost, match="spoilt"):
            await link.run("#!lua\nreturn redis.error_reply('spoilt')", (), ())
        assert await link.run("#!lua\nreturn {'done', ARGV[1]}", (), ("x",)) == [b"done", b"x"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("redis_version", "6.2.9", "too old"),
        ("role", "slave", "address of the master"),
        ("maxmemory_policy", "allkeys-lru", "noeviction"),
    ],
)
def test_an_unfit_server_is_refused(name: str, value: str, said: str) -> None:
    refuse_unfit(GOOD)
    with pytest.raises(Refused, match=said):
        refuse_unfit(GOOD | {name: value})


def test_what_a_server_may_lose_is_said() -> None:
    assert doubts(GOOD) == ()
    assert "appendonly" in doubts(GOOD | {"aof_enabled": "0"})[0]
    assert "maxmemory" in doubts(GOOD | {"maxmemory": "0"})[0]
