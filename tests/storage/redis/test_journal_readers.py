"""One suite for whatever a day is read back from: the local file, and Redis alone."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
import redis

from quantum_os.events.system import ProcessStarted, SafetyFault
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.storage.journal_reading import (
    DamagedRecord,
    JournalReader,
    MissingEvents,
    verified,
)
from quantum_os.storage.redis.layout import whole_key
from quantum_os.storage.redis.reader import RedisReader
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.events.examples import example_of
from tests.kernel.fakes import mark, tick
from tests.storage.fund import fund
from tests.storage.redis.fund import FIRST_SEQ, Speaker, mirrored

SAID = 12
"""Events of one tick and one mark after the other, so that two streams interleave."""


class Kept(Protocol):
    """Where a day was kept, and how to spoil it there."""

    def reader(self) -> JournalReader: ...
    async def keep(self, speaker: Speaker) -> None: ...
    def remove(self, envelope: Envelope) -> None: ...
    def damage(self, envelope: Envelope) -> None: ...
    def rename(self, envelope: Envelope, stream: str) -> None: ...
    def close(self) -> None: ...


class InFile:
    """The local journal, spoilt as a disk or a stray hand would."""

    def __init__(self, home: Path) -> None:
        self._path = home / "journal.sqlite"
        self._opened: list[SqliteJournal] = []

    def reader(self) -> SqliteJournal:
        self._opened.append(SqliteJournal(self._path))
        return self._opened[-1]

    def close(self) -> None:
        for journal in self._opened:
            journal.close()

    async def keep(self, speaker: Speaker) -> None:
        await speaker.durable()

    def remove(self, envelope: Envelope) -> None:
        self._change("DELETE FROM journal WHERE seq = ?", envelope.seq)

    def damage(self, envelope: Envelope) -> None:
        spoilt = envelope.payload.replace(b"\xa1v", b"\xa1w")
        assert spoilt != envelope.payload
        self._change("UPDATE journal SET payload = ? WHERE seq = ?", spoilt, envelope.seq)

    def rename(self, envelope: Envelope, stream: str) -> None:
        self._change("UPDATE journal SET stream = ? WHERE seq = ?", stream, envelope.seq)

    def _change(self, statement: str, *values: object) -> None:
        with sqlite3.connect(self._path) as connection:
            connection.execute(statement, values)
        connection.close()


class InRedis:
    """The mirror; what is spoilt there is written anew, since no entry can be changed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened: list[RedisReader] = []

    def reader(self) -> RedisReader:
        self._opened.append(RedisReader(self._url, page=4))
        return self._opened[-1]

    def close(self) -> None:
        for reader in self._opened:
            reader.close()

    async def keep(self, speaker: Speaker) -> None:
        await mirrored(speaker, self._url)

    def remove(self, envelope: Envelope) -> None:
        with redis.Redis.from_url(self._url) as client:
            client.xdel(whole_key(envelope.stream), f"{envelope.seq}-0")

    def damage(self, envelope: Envelope) -> None:
        key = whole_key(envelope.stream)
        with redis.Redis.from_url(self._url) as client:
            kept = client.xrange(key)
            client.delete(key)
            for at, fields in kept:
                if at == f"{envelope.seq}-0".encode():
                    fields[b"payload"] = fields[b"payload"].replace(b'"v"', b'"w"')
                client.xadd(key, fields, id=at)

    def rename(self, envelope: Envelope, stream: str) -> None:
        at = f"{envelope.seq}-0"
        with redis.Redis.from_url(self._url) as client:
            ((_, fields),) = client.xrange(whole_key(envelope.stream), at, at)
            client.xadd(whole_key(stream), fields, id=at)
            client.xdel(whole_key(envelope.stream), at)


@pytest.fixture(params=["the local file", "Redis alone"])
def kept(request: pytest.FixtureRequest, home: Path, url: str) -> Iterator[Kept]:
    kept: Kept = InFile(home) if request.param == "the local file" else InRedis(url)
    yield kept
    kept.close()


@pytest.fixture
def speaker(home: Path) -> Iterator[Speaker]:
    speaker = Speaker(home)
    for number in range(SAID // 2):
        speaker.say(tick(100.0 + number))
        speaker.say(mark(number))
    yield speaker
    speaker.close()


def seqs(envelopes: Iterator[Envelope]) -> list[int]:
    return [envelope.seq - FIRST_SEQ for envelope in envelopes]


async def test_streams_come_back_as_one_in_the_order_they_were_said(
    kept: Kept, speaker: Speaker
) -> None:
    speaker.every_kind()
    await kept.keep(speaker)
    assert list(verified(kept.reader(), FIRST_SEQ)) == speaker.all()
    assert list(verified(kept.reader())) == speaker.all()


async def test_reading_starts_where_it_is_told(kept: Kept, speaker: Speaker) -> None:
    await kept.keep(speaker)
    assert seqs(kept.reader().read(FIRST_SEQ + 7)) == [7, 8, 9, 10, 11]
    assert seqs(kept.reader().read(FIRST_SEQ + 11)) == [11]
    assert seqs(kept.reader().read(FIRST_SEQ + 12)) == []


async def test_a_day_that_begins_too_late_is_refused(kept: Kept, speaker: Speaker) -> None:
    await kept.keep(speaker)
    with pytest.raises(MissingEvents, match=f"events {FIRST_SEQ - 3} to {FIRST_SEQ - 1} missing"):
        next(verified(kept.reader(), FIRST_SEQ - 3))


@pytest.mark.parametrize(
    ("gone", "said"),
    [((4,), f"event {FIRST_SEQ + 4} is"), ((4, 5, 6), f"{FIRST_SEQ + 4} to {FIRST_SEQ + 6}")],
)
async def test_a_hole_is_named(
    kept: Kept, speaker: Speaker, gone: tuple[int, ...], said: str
) -> None:
    await kept.keep(speaker)
    for envelope in [speaker.all()[number] for number in gone]:
        kept.remove(envelope)
    with pytest.raises(MissingEvents, match=said):
        list(verified(kept.reader()))


async def test_an_event_that_was_altered_is_named(kept: Kept, speaker: Speaker) -> None:
    await kept.keep(speaker)
    kept.damage(speaker.all()[2])
    found = verified(kept.reader())
    assert [next(found).seq, next(found).seq] == [FIRST_SEQ, FIRST_SEQ + 1]
    with pytest.raises(DamagedRecord, match=rf"event {FIRST_SEQ + 2}, market\.tick: its content"):
        next(found)


async def test_a_stream_of_another_build_is_named(kept: Kept, speaker: Speaker) -> None:
    await kept.keep(speaker)
    kept.rename(speaker.all()[SAID - 1], "omen.seen")
    with pytest.raises(DamagedRecord, match=r"omen\.seen: no such stream in this build"):
        list(verified(kept.reader()))


@pytest.mark.parametrize("kind", [ProcessStarted, SafetyFault])
async def test_an_event_with_marks_of_its_run_comes_back_too(
    kept: Kept, speaker: Speaker, kind: type[ProcessStarted | SafetyFault]
) -> None:
    speaker.say(example_of(kind))
    await kept.keep(speaker)
    assert list(verified(kept.reader()))[-1].event() == example_of(kind)


async def test_a_day_is_replayed_and_verified_from_it_alone(kept: Kept, home: Path) -> None:
    """Its inputs, put through the same modules, say every event again: content, cause, number."""
    speaker = Speaker(home)
    speaker.bus = fund(speaker.journal)
    speaker.bus.seq = FIRST_SEQ - 1
    for time in range(12):
        speaker.bus.process(time, mark(time, "binance"), "tape")
    await kept.keep(speaker)
    recorded = list(verified(kept.reader()))
    speaker.close()
    again = MemoryJournal()
    bus = fund(again)
    bus.seq = FIRST_SEQ - 1
    for envelope in recorded:
        if envelope.is_input:
            bus.process(envelope.ts, envelope.event(), envelope.source)
    assert list(again.read()) == recorded
    assert len(recorded) > 12
