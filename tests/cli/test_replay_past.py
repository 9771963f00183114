"""A process's past is played again from its journal or from Redis alone, and both say the same."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import pytest
import redis
import structlog

from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.home import Home
from quantum_os.storage.redis.layout import META, whole_key
from quantum_os.storage.redis.mirror import Mirror, MirrorConfig
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.cli.console import Said, here
from tests.cli.lives import play, process_of
from tests.cli.running import DUE_S, rows
from tests.servers.redis import OwnServer, own_server

WHOLE, SPOILT, EMPTY = 0, 1, 2
"""Databases of the server: the mirror, what a test makes of it, and nothing."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a demo that came to the end of its tape."""
    folder = tmp_path_factory.mktemp("lived") / "home"
    ending, _ = play(process_of(folder))
    assert ending.reason == "tape end"
    return folder


@pytest.fixture(scope="module")
def past(lived: Path) -> list[Envelope]:
    return rows(Home(lived).journal)


@pytest.fixture(scope="module")
def server(lived: Path) -> Iterator[OwnServer]:
    """A server with the mirror of that home."""
    with own_server() as own:
        own.start()
        with closing(SqliteJournal(Home(lived).journal)) as journal:
            config = MirrorConfig(own.url, plan=Home(lived).plan.read_bytes())
            assert asyncio.run(Mirror(config, journal).drain(DUE_S)) == 0
        yield own


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """Takes back that a command sends logs to what is its stderr here."""
    yield
    structlog.reset_defaults()


def url(server: OwnServer, database: int = WHOLE) -> str:
    return server.url.removesuffix("/0") + f"/{database}"


@pytest.fixture
def spoilt(server: OwnServer) -> Iterator[redis.Redis]:
    """A copy of the mirror that a test may damage."""
    with redis.Redis.from_url(url(server, SPOILT)) as client:
        client.flushdb()
        with redis.Redis.from_url(url(server)) as whole:
            for key in whole.scan_iter(count=1_000):
                whole.copy(key, key, SPOILT)
        yield client


class Kept(Protocol):
    """Where a past is kept, and how to spoil it there."""

    @property
    def words(self) -> tuple[object, ...]: ...
    def remove(self, envelope: Envelope) -> None: ...
    def alter(self, envelope: Envelope) -> None: ...
    def trim(self, before: int) -> None: ...


class InHome:
    def __init__(self, lived: Path, tmp_path: Path) -> None:
        self._home = tmp_path / "home"
        shutil.copytree(lived, self._home, ignore=lambda *_: ["snapshots"])

    @property
    def words(self) -> tuple[object, ...]:
        return ("--home", self._home)

    def remove(self, envelope: Envelope) -> None:
        self._change("DELETE FROM journal WHERE seq = ?", envelope.seq)

    def alter(self, envelope: Envelope) -> None:
        spoilt = envelope.payload + b"\xc0"
        self._change("UPDATE journal SET payload = ? WHERE seq = ?", spoilt, envelope.seq)

    def trim(self, before: int) -> None:
        self._change("DELETE FROM journal WHERE seq < ?", before)

    def _change(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(Home(self._home).journal)) as file, file:
            file.execute(statement, values)


class InRedis:
    def __init__(self, server: OwnServer, client: redis.Redis) -> None:
        self.words = ("--redis", url(server, SPOILT))
        self._client = client

    def remove(self, envelope: Envelope) -> None:
        assert self._client.xdel(whole_key(envelope.stream), f"{envelope.seq}-0") == 1

    def alter(self, envelope: Envelope) -> None:
        key = whole_key(envelope.stream)
        kept: Any = self._client.xrange(key)
        self._client.delete(key)
        for at, fields in kept:
            if at == f"{envelope.seq}-0".encode():
                fields[b"payload"] = b'["x"]'
                fields.pop(b"event", None)
            self._client.xadd(key, fields, id=at)

    def trim(self, before: int) -> None:
        for key in self._client.scan_iter("quantum:stream:*", count=1_000):
            self._client.xtrim(key, minid=before, approximate=False)


@pytest.fixture(params=["the home", "Redis alone"])
def kept(request: pytest.FixtureRequest, lived: Path, tmp_path: Path) -> Kept:
    if request.param == "the home":
        return InHome(lived, tmp_path)
    return InRedis(request.getfixturevalue("server"), request.getfixturevalue("spoilt"))


def replay(*words: object) -> Said:
    return here("replay", *words, "--verify", "--json")


def middle(past: list[Envelope], *, derived: bool) -> Envelope:
    """An event in the middle, said by the fund or by the world."""
    half = past[len(past) // 2 :]
    return next(each for each in half if bool(each.cause) is derived)


def same(said: Said) -> dict[str, Any]:
    """What a replay found, without where it was kept and how long it took."""
    assert said.code == 0, said.err
    apart = ("home", "redis", "wall_s", "from_snapshot")
    return {name: value for name, value in said.json().items() if name not in apart}


STRETCH = ("--from", "2025-01-02T06:00Z", "--to", "2025-01-02T12:00Z")


@pytest.mark.parametrize("stretch", [(), STRETCH])
def test_both_journals_say_the_same(
    stretch: tuple[str, ...],
    lived: Path,
    server: OwnServer,
) -> None:
    home = replay("--home", lived, *stretch)
    alone = replay("--redis", url(server), *stretch)
    assert same(home) == same(alone)
    assert (alone.json()["mismatches"], alone.json()["from_snapshot"]) == (0, 0)
    assert alone.json()["events"] > 500


def test_the_mirror_is_played_from_a_snapshot_of_its_home(lived: Path, server: OwnServer) -> None:
    both = replay("--redis", url(server), "--home", lived, *STRETCH)
    alone = replay("--redis", url(server), *STRETCH)
    assert same(both) == same(alone)
    assert both.json()["from_snapshot"] > 0


def test_at_a_speed_it_says_what_happens(server: OwnServer) -> None:
    said = here("replay", "--redis", url(server), *STRETCH, "--speed", 10_000_000)
    assert said.code == 0
    assert "trade.intent" in said.err


@pytest.mark.parametrize("derived", [True, False])
def test_a_hole_is_named(kept: Kept, past: list[Envelope], *, derived: bool) -> None:
    gone = middle(past, derived=derived)
    kept.remove(gone)
    said = replay(*kept.words)
    assert said.code == 1
    found = said.json()
    assert found["broken"] == f"event {gone.seq} is missing"
    assert (found["first"]["seq"], found["mismatches"]) == (gone.seq, 1)
    told = here("replay", *kept.words)
    assert (told.code, f"broken off: event {gone.seq} is missing" in told.out) == (1, True)


@pytest.mark.parametrize("derived", [True, False])
def test_an_event_that_was_altered_is_named(
    kept: Kept, past: list[Envelope], *, derived: bool
) -> None:
    changed = middle(past, derived=derived)
    kept.alter(changed)
    said = replay(*kept.words)
    assert said.code == 1
    found = said.json()
    assert found["broken"] == (
        f"event {changed.seq}, {changed.stream}: its content is not what its hash says"
    )
    assert (found["first"]["seq"], found["first"]["stream"]) == (changed.seq, changed.stream)


def test_what_was_trimmed_is_refused(kept: Kept, past: list[Envelope]) -> None:
    kept.trim(middle(past, derived=False).seq)
    line = replay(*kept.words).refusal()
    assert "whole only from event " in line
    assert "the rest was trimmed, and there is no snapshot to begin from" in line


def test_what_was_trimmed_is_no_loss_after_a_snapshot(
    lived: Path,
    past: list[Envelope],
    server: OwnServer,
    spoilt: redis.Redis,
) -> None:
    whole = replay("--home", lived, *STRETCH)
    base = whole.json()["from_snapshot"]
    InRedis(server, spoilt).trim(base + 1)
    words = ("--redis", url(server, SPOILT), "--home", lived)
    assert same(replay(*words, *STRETCH)) == same(whole)
    busy = whole_key("market.klines")
    spoilt.xtrim(busy, minid=base + 300, approximate=False)
    cut = replay(*words, *STRETCH)
    assert cut.code == 1
    assert "missing; some streams were trimmed up to event " in cut.json()["broken"]
    InRedis(server, spoilt).trim(base + 500)
    line = replay(*words, *STRETCH).refusal()
    assert f"and the snapshot to begin from is of event {base}" in line


def test_a_mirror_that_lost_its_end_is_found_out(
    past: list[Envelope], server: OwnServer, spoilt: redis.Redis
) -> None:
    for envelope in past[-3:]:
        InRedis(server, spoilt).remove(envelope)
    said = replay("--redis", url(server, SPOILT))
    assert said.code == 1
    last = past[-4].seq
    assert said.json()["broken"] == (
        f"the events after {last} are missing: {past[-1].seq} was mirrored once"
    )


def test_a_mirror_that_lags_within_a_cascade_is_no_mismatch(
    past: list[Envelope], server: OwnServer, spoilt: redis.Redis
) -> None:
    place = next(n for n in range(len(past) // 2, len(past)) if past[n].cause)
    root = past[place].trace
    rest = sum(each.trace == root and each.seq >= past[place].seq for each in past)
    spoilt.hset(META, "mirrored", past[place - 1].seq)
    said = replay("--redis", url(server, SPOILT))
    assert said.code == 0, said.out
    found = said.json()
    assert (found["mismatches"], found["unfinished"]) == (0, rest)
    assert found["events"] == place


# what is no past


def test_without_a_server_there_is_no_replay() -> None:
    with own_server() as nowhere:
        said = replay("--redis", nowhere.url.replace("//", "//fund:secret@"))
        assert "Connection refused" in said.refusal(1)
        assert "secret" not in said.err


def test_an_empty_server_has_no_past(server: OwnServer) -> None:
    said = replay("--redis", url(server, EMPTY))
    assert f"it holds no mirror: there is no {META}" in said.refusal()


def test_streams_of_others_are_no_past(server: OwnServer, spoilt: redis.Redis) -> None:
    spoilt.delete(META)
    assert "it holds no mirror" in replay("--redis", url(server, SPOILT)).refusal()


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("schema", "2", "is of layout 2, this build reads 1"),
        ("mirrored", "far", "does not say how far the mirror goes"),
        ("plan", "", "it holds no plan yet"),
        ("plan", "{}", "its plan cannot be read"),
    ],
)
def test_a_mirror_that_says_something_else_is_refused(
    field: str,
    value: str,
    complaint: str,
    server: OwnServer,
    spoilt: redis.Redis,
) -> None:
    spoilt.hset(META, field, value)
    assert complaint in replay("--redis", url(server, SPOILT)).refusal()


def test_d9_the_mirror_of_another_instance_is_not_played_from_this_homes_snapshots(
    lived: Path, server: OwnServer, spoilt: redis.Redis
) -> None:
    spoilt.hset(META, "instance", "another")
    said = replay("--redis", url(server, SPOILT), "--home", lived)
    assert "is the mirror of instance another" in said.refusal()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--redis", "http://127.0.0.1"), "names no Redis"),
        (("somewhere", "--redis", "redis://127.0.0.1"), "give either the FOLDER of a run or"),
        (("--redis", "redis://127.0.0.1", "--home", "nowhere"), ""),
    ],
)
def test_words_that_do_not_go_together_are_refused(words: tuple[str, ...], complaint: str) -> None:
    assert complaint in replay(*words).lines[-1]
