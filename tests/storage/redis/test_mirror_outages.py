"""Redis dies, freezes, fills up, forgets: every event is in it once when it is back."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from quantum_os.events.system import AlertRaised, AlertResolved
from quantum_os.kernel.backlog import Backlog, backlogs_of
from quantum_os.storage.journal_index import JournalIndex
from quantum_os.storage.journal_reading import MissingEvents, verified
from quantum_os.storage.redis.layout import META
from quantum_os.storage.redis.link import Link
from quantum_os.storage.redis.reader import RedisReader
from quantum_os.storage.redis.survey import Survey
from quantum_os.storage.redis.writer import Owner, Writer
from tests.servers.redis import AOF, OwnServer, own_server
from tests.storage.redis.fund import (
    Speaker,
    following,
    mirror_of,
    mirrored,
    read_back,
)

CUT_BYTES = 37
ROOMY = ("--maxmemory", "512mb")


def once(server: OwnServer, speaker: Speaker) -> bool:
    """Whether Redis holds exactly what the journal does."""
    return read_back(server.url) == speaker.all()


async def test_d1_a_redis_that_is_down_at_the_start_is_said_and_caught_up(home: Path) -> None:
    speaker = Speaker(home)
    speaker.tick(250)
    with own_server(*AOF) as server:
        server.start()
        server.kill()
        async with following(mirror_of(speaker, server.url), speaker) as mirror:
            await speaker.durable()
            assert (await mirror.is_down()).lag == 250
            assert backlogs_of([mirror.mirror]) == (Backlog("storage.redis.mirror", events=250),)
            server.start()
            await mirror.is_up()
            await mirror.reached(speaker.bus.seq)
        assert once(server, speaker)
    speaker.close()


async def test_d2_killed_in_the_middle_of_writing(server: OwnServer, home: Path) -> None:
    speaker = Speaker(home)
    async with following(mirror_of(speaker, server.url), speaker) as mirror:
        speaker.tick(5_000)
        await mirror.until(lambda: mirror.mirror.mirrored > speaker.bus.seq - 4_500)
        server.kill()
        await mirror.is_down()
        speaker.every_kind()
        server.start()
        await mirror.reached(await speaker.durable())
        await mirror.is_up()
    assert once(server, speaker)
    speaker.close()


@pytest.mark.parametrize("cut", [CUT_BYTES, 5_000])
async def test_f17_d4_a_truncated_append_only_file(server: OwnServer, home: Path, cut: int) -> None:
    speaker = Speaker(home)
    async with following(mirror_of(speaker, server.url), speaker) as mirror:
        speaker.every_kind()
        speaker.tick(300)
        await mirror.reached(await speaker.durable())
        server.kill()
        tail = server.tail()
        with tail.open("r+b") as file:
            file.truncate(tail.stat().st_size - cut)
        server.start()
        assert not once(server, speaker)
        speaker.every_kind()
        await mirror.reached(await speaker.durable())
    assert once(server, speaker)
    speaker.close()


class Trusting(Writer):
    """Goes on where it believes to have been, and looks at nothing."""

    def __init__(self, *words: Any, memory: int) -> None:
        super().__init__(*words)
        self.memory = memory

    async def begin(self) -> Survey:
        instance, epoch, _ = self.fence
        await self._link.ask(
            *("HSET", META, "instance", instance, "epoch", epoch, "mirrored", self.memory)
        )
        self.mirrored = self.read_until = self.memory
        return Survey({}, (), ())


async def test_canary_a_writer_that_trusts_its_memory_is_found_out(
    server: OwnServer, home: Path
) -> None:
    speaker = Speaker(home)
    speaker.tick(300)
    await mirrored(speaker, server.url)
    memory = speaker.bus.seq
    server.kill()
    with server.tail().open("r+b") as file:
        file.truncate(server.tail().stat().st_size - 5_000)
    server.start()
    speaker.tick(10)
    await speaker.durable()
    with JournalIndex(speaker.journal.path) as index:
        async with Link(server.url) as link:
            owner = Owner(index.identity(), 0)
            writer = Trusting(link, speaker.journal, index, owner, memory=memory)
            await writer.begin()
            while await writer.advance():
                pass
    assert not once(server, speaker)
    with RedisReader(server.url) as reader, pytest.raises(MissingEvents):
        list(verified(reader))
    speaker.close()


async def test_d3_an_older_dump(server: OwnServer, home: Path, tmp_path: Path) -> None:
    speaker = Speaker(home)
    files = server.folder / "appendonlydir"
    async with following(mirror_of(speaker, server.url), speaker) as mirror:
        speaker.every_kind()
        await mirror.reached(await speaker.durable())
        shutil.copytree(files, tmp_path / "older")
        speaker.tick(400)
        await mirror.reached(await speaker.durable())
        server.kill()
        shutil.rmtree(files)
        shutil.copytree(tmp_path / "older", files)
        server.start()
        speaker.every_kind()
        await mirror.reached(await speaker.durable())
    assert once(server, speaker)
    speaker.close()


async def test_d8_a_failover_to_a_replica_that_lacks_the_last_writes(
    server: OwnServer, home: Path
) -> None:
    """A replica is made the master too early; the old one answers on, dies, and is followed."""
    speaker = Speaker(home)
    with own_server(*AOF) as replica:
        async with following(mirror_of(speaker, server.url), speaker) as mirror:
            speaker.every_kind()
            await mirror.reached(await speaker.durable())
            replica.start("--replicaof", "127.0.0.1", str(server.port))
            await mirror.until(lambda: read_back(replica.url) == speaker.all())
            replica.say("REPLICAOF", "NO", "ONE")
            speaker.tick(300)
            await mirror.reached(await speaker.durable())
            assert once(server, speaker), "the master has answered for all of it"
            server.kill()
            await mirror.is_down()
            assert read_back(replica.url) != speaker.all(), "the last writes are lost"
            replica.say("CONFIG", "SET", "port", str(server.port))
            await mirror.is_up()
            speaker.every_kind()
            await mirror.reached(await speaker.durable())
            await mirror.until(lambda: once(server, speaker))
            replica.port = server.port
    speaker.close()


@pytest.mark.parametrize("said", [0, 1])
async def test_d9_everything_flushed_while_the_link_stands(
    server: OwnServer, home: Path, said: int
) -> None:
    """It is found with the next event, and within a second or so when there is none."""
    speaker = Speaker(home)
    async with following(mirror_of(speaker, server.url), speaker) as mirror:
        speaker.every_kind()
        await mirror.reached(await speaker.durable())
        server.say("FLUSHALL")
        speaker.tick(said)
        await mirror.until(lambda: once(server, speaker))
        assert "Redis had lost the last" in mirror.alerts()[-1].summary
    speaker.close()


async def test_d5_a_full_memory_refuses_and_heals(server: OwnServer, home: Path) -> None:
    server.say("CONFIG", "SET", "maxmemory", "8mb")
    speaker = Speaker(home)
    async with following(mirror_of(speaker, server.url), speaker) as mirror:
        speaker.tick(30_000)
        state = await mirror.is_down()
        assert "maxmemory" in state.reason
        assert state.lag > 0
        server.say("CONFIG", "SET", "maxmemory", "0")
        await mirror.is_up()
        await mirror.reached(await speaker.durable())
    assert once(server, speaker)
    speaker.close()


async def test_d6_a_frozen_redis_is_given_up_and_taken_up_again(
    server: OwnServer, home: Path
) -> None:
    speaker = Speaker(home)
    async with following(mirror_of(speaker, server.url, answer_s=0.2), speaker) as mirror:
        speaker.tick(100)
        await mirror.reached(await speaker.durable())
        server.freeze()
        speaker.tick(1_000)
        await speaker.durable()
        assert (await mirror.is_down()).lag > 0
        server.thaw()
        await mirror.is_up()
        speaker.tick(100)
        await mirror.reached(await speaker.durable())
    assert once(server, speaker)
    speaker.close()


async def test_an_evicting_redis_is_refused_until_it_is_set_right(home: Path) -> None:
    speaker = Speaker(home)
    speaker.tick(3)
    with own_server(*AOF) as server:
        server.start("--maxmemory-policy", "allkeys-lru")
        async with following(mirror_of(speaker, server.url), speaker) as mirror:
            assert "noeviction" in (await mirror.is_down()).reason
            assert server.say("EXISTS", META) == 0
            server.say("CONFIG", "SET", "maxmemory-policy", "noeviction")
            await mirror.is_up()
            await mirror.reached(await speaker.durable())
    speaker.close()


async def test_a_copy_of_another_redis_is_refused(server: OwnServer, home: Path) -> None:
    speaker = Speaker(home)
    with own_server() as copy:
        copy.start("--replicaof", "127.0.0.1", str(server.port))
        async with following(mirror_of(speaker, copy.url), speaker) as mirror:
            assert "address of the master" in (await mirror.is_down()).reason
    speaker.close()


async def test_without_an_append_only_file_it_warns_and_writes(home: Path) -> None:
    speaker = Speaker(home)
    speaker.tick(3)
    with own_server(*ROOMY) as server:
        server.start()
        async with following(mirror_of(speaker, server.url), speaker) as mirror:
            await mirror.reached(await speaker.durable())
            await mirror.until(mirror.alerts)
            assert "appendonly is off" in mirror.alerts()[0].summary
            server.kill()
            await mirror.is_down()
            server.start(*AOF)
            await mirror.is_up()
            await mirror.reached(await speaker.durable())
            kinds = [type(event) for event in mirror.said if "doubts" in getattr(event, "key", "")]
            assert kinds == [AlertRaised, AlertResolved]
        assert once(server, speaker)
    speaker.close()


async def test_a_password_is_not_shown(server: OwnServer, home: Path) -> None:
    server.say("CONFIG", "SET", "requirepass", "hunter2")
    speaker = Speaker(home)
    wrong = server.url.replace("//", "//fund:swordfish@")
    async with following(mirror_of(speaker, wrong), speaker) as mirror:
        assert "swordfish" not in (await mirror.is_down()).reason
    right = server.url.replace("//", "//:hunter2@")
    async with following(mirror_of(speaker, right), speaker) as mirror:
        await mirror.is_up()
    speaker.close()
