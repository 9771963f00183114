"""What the journal holds is in Redis, once each, and nothing is written over somebody else's."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import redis

from quantum_os.events.system import Keeper
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.edge import EdgeContext
from quantum_os.kernel.lanes import Lanes
from quantum_os.storage.journal_index import JournalIndex, identity_of
from quantum_os.storage.journal_repair import save_before
from quantum_os.storage.redis.entries import id_of
from quantum_os.storage.redis.layout import META, stream_key
from quantum_os.storage.redis.link import Link
from quantum_os.storage.redis.writer import SLICE, Owner, Writer
from tests.storage.redis.fund import (
    FIRST_SEQ,
    Speaker,
    cross_section,
    entries,
    following,
    mirror_of,
    mirrored,
    read_back,
)

TICKS = stream_key("market.tick")
ROWS = stream_key("market_data")


@asynccontextmanager
async def writing(speaker: Speaker, url: str, **changed: Any) -> AsyncIterator[Writer]:
    """Gives a writer that has begun, to be led step by step."""
    with JournalIndex(speaker.journal.path) as index:
        async with Link(url) as link:
            owner = Owner(index.identity(), 0)
            writer = Writer(link, speaker.journal, index, owner, **changed)
            await writer.begin()
            yield writer


async def test_every_kind_of_event_comes_back_as_it_was(url: str, home: Path) -> None:
    speaker = Speaker(home)
    speaker.every_kind()
    speaker.say(cross_section(250))
    await mirrored(speaker, url)
    assert read_back(url) == speaker.all()
    speaker.close()


async def test_what_is_said_while_it_follows_arrives(url: str, home: Path) -> None:
    speaker = Speaker(home)
    async with following(mirror_of(speaker, url), speaker) as mirror:
        for _ in range(5):
            speaker.tick(300)
            await mirror.reached(await speaker.durable())
        await mirror.is_up()
    assert [state.reason for state in mirror.states()] == [""]
    assert read_back(url) == speaker.all()
    speaker.close()


async def test_ids_are_the_journals_numbers(url: str, home: Path) -> None:
    speaker = Speaker(home)
    speaker.tick(3)
    await mirrored(speaker, url)
    assert [at for at, _ in entries(url, TICKS)] == [f"{FIRST_SEQ + n}-0" for n in range(3)]
    speaker.close()


async def test_the_old_systems_entries_stay_below_ours(url: str, home: Path) -> None:
    with redis.Redis.from_url(url) as client:
        client.xadd(TICKS, {"event_type": "market.tick", "payload": "{}"}, id="1699999999999-3")
    speaker = Speaker(home)
    speaker.tick(2)
    await mirrored(speaker, url)
    assert [id_of(at)[0] for at, _ in entries(url, TICKS)][1:] == [FIRST_SEQ, FIRST_SEQ + 1]
    assert read_back(url) == speaker.all()
    speaker.close()


async def test_what_is_there_already_is_not_there_twice(url: str, home: Path) -> None:
    speaker = Speaker(home)
    speaker.every_kind()
    await mirrored(speaker, url)
    with redis.Redis.from_url(url) as client:
        before = {key: client.xlen(key) for key in client.keys("quantum:stream:*")}
        client.hset(META, "mirrored", FIRST_SEQ + 5)
        await mirrored(speaker, url)
        client.delete(META)
        await mirrored(speaker, url)
        after = {key: client.xlen(key) for key in client.keys("quantum:stream:*")}
    assert after == before
    assert read_back(url) == speaker.all()
    speaker.close()


async def test_an_event_cut_in_the_middle_of_its_rows_is_completed(url: str, home: Path) -> None:
    speaker = Speaker(home)
    speaker.say(cross_section(2 * SLICE + 50))
    await speaker.durable()
    async with writing(speaker, url) as writer:
        assert await writer.advance()
        assert writer.mirrored == FIRST_SEQ - 1
    assert 0 < len(entries(url, ROWS)) <= SLICE
    await mirrored(speaker, url)
    assert [id_of(at)[1] for at, _ in entries(url, ROWS)] == list(range(2 * SLICE + 50))
    assert read_back(url) == speaker.all()
    speaker.close()


async def test_however_short_a_step_is_it_does_something(url: str, home: Path) -> None:
    speaker = Speaker(home)
    speaker.every_kind()
    speaker.say(cross_section(30))
    await speaker.durable()
    async with writing(speaker, url, slice_ns=0) as writer:
        while await writer.advance():
            pass
    with redis.Redis.from_url(url) as client:
        client.delete(ROWS)
        await mirrored(speaker, url)
    assert read_back(url) == speaker.all()
    assert len(entries(url, ROWS)) == 31
    speaker.close()


async def test_a_deleted_key_is_written_anew(url: str, home: Path) -> None:
    speaker = Speaker(home)
    speaker.every_kind()
    async with following(mirror_of(speaker, url), speaker) as mirror:
        await mirror.reached(await speaker.durable())
        with redis.Redis.from_url(url) as client:
            client.delete(TICKS, ROWS, stream_key("fill"))
        speaker.every_kind()
        await mirror.reached(await speaker.durable())
    assert read_back(url) == speaker.all()
    assert len(entries(url, ROWS)) == 2
    speaker.close()


async def test_a_hole_is_named_until_its_key_is_deleted(url: str, home: Path) -> None:
    speaker = Speaker(home)
    speaker.tick(5)
    await mirrored(speaker, url)
    with redis.Redis.from_url(url) as client:
        client.xdel(TICKS, f"{FIRST_SEQ + 2}-0")
        async with following(mirror_of(speaker, url), speaker) as mirror:
            await mirror.until(lambda: "redis_holes" in [each.rule for each in mirror.alerts()])
            assert any(TICKS in alert.summary for alert in mirror.alerts())
        client.delete(TICKS)
        async with following(mirror_of(speaker, url), speaker) as mirror:
            await mirror.is_up()
            assert "redis_holes" not in [alert.rule for alert in mirror.alerts()]
    assert read_back(url) == speaker.all()
    speaker.close()


async def test_d9_another_instances_data_is_refused(url: str, home: Path, tmp_path: Path) -> None:
    theirs, ours = Speaker(home), Speaker(tmp_path / "other")
    theirs.tick(3)
    await mirrored(theirs, url)
    ours.tick(7)
    await ours.durable()
    async with following(mirror_of(ours, url), ours) as mirror:
        state = await mirror.is_down()
        assert (state.keeper, state.lag) == (Keeper.REDIS, 7)
        assert identity_of(theirs.journal.path) in state.reason
        assert read_back(url) == theirs.all()
        with redis.Redis.from_url(url) as client:
            client.flushdb()
        await mirror.is_up()
        await mirror.reached(await ours.durable())
    assert read_back(url) == ours.all()
    theirs.close()
    ours.close()


async def test_a_repaired_journal_goes_on_being_mirrored_wherever_it_lies_now(
    url: str, home: Path, tmp_path: Path
) -> None:
    speaker = Speaker(home)
    speaker.tick(50)
    await mirrored(speaker, url)
    speaker.close()
    moved = Path(shutil.move(home, tmp_path / "moved"))
    save_before(moved / "journal.sqlite", 2**62)
    again = Speaker(moved)
    again.tick(10)
    await mirrored(again, url)
    assert read_back(url) == again.all()
    again.close()


async def test_d9_an_older_journal_is_refused(url: str, home: Path, tmp_path: Path) -> None:
    first = Speaker(home)
    first.tick(3)
    first.close()
    shutil.copytree(home, tmp_path / "backup")
    newer = Speaker(home)
    newer.tick(3)
    await mirrored(newer, url)
    newer.close()
    shutil.rmtree(home)
    shutil.copytree(tmp_path / "backup", home)
    older = Speaker(home)
    async with following(mirror_of(older, url), older) as mirror:
        assert "older journal" in (await mirror.is_down()).reason
    older.every_kind()
    await older.durable()
    async with following(mirror_of(older, url), older) as mirror:
        assert "another history" in (await mirror.is_down()).reason
    assert len(read_back(url)) == 6
    older.close()


async def test_an_older_process_gives_way_to_a_newer_one(url: str, home: Path) -> None:
    speaker = Speaker(home)
    old, new = mirror_of(speaker, url, epoch=3), mirror_of(speaker, url, epoch=4)
    async with following(old, speaker) as before:
        speaker.tick(2)
        await before.reached(await speaker.durable())
        async with following(new, speaker) as after:
            await after.is_up()
            speaker.tick(2)
            await after.reached(await speaker.durable())
            await before.until(lambda: "epoch 4" in before.states()[-1].reason)
            assert not before.states()[-1].ok
    assert read_back(url) == speaker.all()
    speaker.close()


async def test_what_the_journal_forgot_first_is_said(url: str, home: Path) -> None:
    speaker = Speaker(home)
    speaker.tick(3)
    await mirrored(speaker, url)
    speaker.tick(5)
    await speaker.durable()
    speaker.journal.trim(FIRST_SEQ + 6)
    async with following(mirror_of(speaker, url), speaker) as mirror:
        await mirror.reached(speaker.bus.seq)
        await mirror.until(mirror.alerts)
    assert "forgot 3 events" in [alert.summary for alert in mirror.alerts()][-1]
    speaker.close()


async def test_a_foreign_producer_above_our_numbers_is_refused(url: str, home: Path) -> None:
    speaker = Speaker(home)
    speaker.tick(3)
    await mirrored(speaker, url)
    with redis.Redis.from_url(url) as client:
        client.xadd(TICKS, {"event_type": "market.tick", "payload": "{}"})
    speaker.tick(3)
    await speaker.durable()
    async with following(mirror_of(speaker, url), speaker) as mirror:
        assert "others write there" in (await mirror.is_down()).reason
    speaker.close()


async def test_it_ends_wherever_a_stop_finds_it(url: str, home: Path) -> None:
    speaker = Speaker(home)
    speaker.every_kind()
    await speaker.durable()
    for turns in range(1, 120, 3):
        mirror = mirror_of(speaker, url)
        task = asyncio.create_task(
            mirror.run(EdgeContext(ReplayClock(1), Lanes(), speaker.journal))
        )
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait({task})
        assert task.cancelled()
    await mirrored(speaker, url)
    assert read_back(url) == speaker.all()
    speaker.close()
