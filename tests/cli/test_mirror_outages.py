"""A process whose Redis dies, forgets or lags: each event is there once in the end."""

from itertools import groupby
from pathlib import Path

import redis

from quantum_os.storage.redis.reader import RedisReader
from tests.cli.console import quantum_os
from tests.cli.running import Running, rows, running
from tests.servers.redis import AOF, OwnServer, own_server

CUT_BYTES = 5_000
SPEED = ("--speed", 20_000, "--days", 40, "--duration", 85)
BEHIND = "storage.redis.mirror is "


def mirrored(server: OwnServer) -> int:
    with redis.Redis.from_url(server.url) as client:
        return int(client.hget("quantum:meta", "mirrored") or 0)


def is_once(server: OwnServer, process: Running) -> bool:
    """Whether Redis holds exactly what the journal does."""
    with RedisReader(server.url) as reader:
        return list(reader.read()) == rows(process.journal)


def turns(process: Running) -> list[bool]:
    """Whether Redis was well, each time that this changed; why not may be said more than once."""
    return [is_well for is_well, _ in groupby(state.ok for state in process.storage_states())]


def completed(server: OwnServer, process: Running) -> None:
    """Lets the next life write what the last one left, if it left anything."""
    if BEHIND in process.end().err:
        said = quantum_os(
            *("run", "--recover-only", "--home", "home", "--config", "settings.toml"),
            *("--days", 40, "--speed", 20_000, "--redis", server.url),
            cwd=process.folder,
        )
        assert said.code == 0, said.err
        assert BEHIND not in said.err


def verified(server: OwnServer) -> int:
    """Replays from Redis alone; gives how many events were held to their hashes."""
    said = quantum_os("replay", "--redis", server.url, "--verify", "--json")
    assert said.code == 0, said.err
    found = said.json()
    assert (found["mismatches"], found["broken"], found["unfinished"]) == (0, "", 0)
    return int(found["events"])


def test_f17_killed_in_mid_run_and_started_again_with_a_cut_append_only_file(
    tmp_path: Path,
) -> None:
    with own_server(*AOF) as server:
        server.start()
        with running(tmp_path, "--redis", server.url, *SPEED) as process:
            process.goes_on(3_000)
            process.until(lambda: mirrored(server) > 0)
            before = mirrored(server)
            process.until(lambda: mirrored(server) > before + 500)
            server.kill()
            tail = server.tail()
            with tail.open("r+b") as file:
                file.truncate(tail.stat().st_size - CUT_BYTES)
            process.until_it_says("redis is down, ")
            process.goes_on(200)
            server.start()
            process.until_it_says("redis is well again")
            process.goes_on(200)
            said = process.end()
            assert said.code == 0, said.err[-800:]
            assert turns(process) == [True, False, True]
            completed(server, process)
            assert is_once(server, process)
            assert verified(server) == len(rows(process.journal))


def test_d1_a_redis_that_is_down_at_the_start_is_said_and_caught_up_with(tmp_path: Path) -> None:
    with own_server(*AOF) as server:
        server.start()
        server.kill()
        with running(tmp_path, "--redis", server.url, *SPEED) as process:
            process.until_it_says("redis is down, ")
            process.goes_on(500)
            server.start()
            process.until_it_says("redis is well again")
            process.goes_on(200)
            assert process.end().code == 0
            assert turns(process) == [False, True]
            completed(server, process)
            assert is_once(server, process)


def test_d9_everything_flushed_in_mid_run_is_written_anew(tmp_path: Path) -> None:
    with own_server(*AOF) as server:
        server.start()
        with running(tmp_path, "--redis", server.url, *SPEED) as process:
            process.until(lambda: mirrored(server) > 0)
            process.goes_on(1_000)
            server.say("FLUSHALL")
            process.until(lambda: mirrored(server) > 0)
            process.goes_on(200)
            assert process.end().code == 0
            completed(server, process)
            assert is_once(server, process)
            verified(server)


def test_what_the_mirror_lacks_at_the_end_is_said_and_written_by_the_next_life(
    tmp_path: Path,
) -> None:
    with own_server(*AOF) as server:
        server.start()
        with running(tmp_path, "--redis", server.url, *SPEED) as process:
            process.until(lambda: mirrored(server) > 0)
            process.goes_on(500)
            server.kill()
            process.until_it_says("redis is down, ")
            process.goes_on(300)
            said = process.end()
            assert said.code == 0, said.err[-800:]
            (line,) = [line for line in said.lines if BEHIND in line]
            events = int(line.partition(BEHIND)[2].split()[0])
            server.start()
            # What was being written when Redis died may be there without its having said so.
            assert 300 < rows(process.journal)[-1].seq - mirrored(server) <= events
            assert "the next start writes the rest" in line
            completed(server, process)
            assert is_once(server, process)
            verified(server)
