"""One history for all followers: bounded, in order, and who falls behind is let go."""

import asyncio
from collections.abc import AsyncIterator
from itertools import chain

import pytest

from quantum_os.api import hub as hubs
from quantum_os.api.hub import FellBehind, Hub, TooManyClients
from quantum_os.kernel.clock import perf_ns
from quantum_os.kernel.envelope import Envelope

CROWD = 12


def envelope(seq: int, stream: str = "fill", size: int = 10) -> Envelope:
    return Envelope(seq, seq, 0, seq, "test", stream, b"x" * size, 0)


def filled(first: int, last: int, **limits: int) -> Hub:
    hub = Hub(**limits)
    for seq in range(first, last + 1):
        hub(envelope(seq))
    return hub


async def take(events: AsyncIterator[list[Envelope]], count: int) -> list[int]:
    taken: list[int] = []
    async for handful in events:
        assert handful
        taken += [each.seq for each in handful]
        if len(taken) >= count:
            break
    return taken


async def test_what_was_missed_comes_first_and_then_what_comes() -> None:
    hub = filled(100, 105)
    following = asyncio.create_task(take(hub.follow(102, ()), 5))
    await asyncio.sleep(0)
    hub(envelope(106))
    hub(envelope(107))
    assert await following == [103, 104, 105, 106, 107]


async def test_only_the_streams_asked_for_are_sent() -> None:
    hub = Hub()
    for seq, stream in enumerate(("fill", "market.tick", "fill", "risk.permit"), 1):
        hub(envelope(seq, stream))
    assert await take(hub.follow(0, {"fill", "risk.permit"}), 3) == [1, 3, 4]


async def test_who_falls_behind_is_let_go_and_no_event_is() -> None:
    hub = filled(1, 8, history_max=8)
    assert await take(hub.follow(4, ()), 4) == [5, 6, 7, 8]
    slow = hub.follow(4, ())
    assert len(await anext(slow)) == 4
    for seq in range(9, 30):
        hub(envelope(seq))
    with pytest.raises(FellBehind):
        await anext(slow)
    assert (hub.first, hub.last, hub.dropped) == (22, 29, 1)


def test_the_history_is_bounded_in_events_and_in_bytes() -> None:
    assert filled(1, 100, history_max=16).first == 85
    heavy = Hub(bytes_max=1_000)
    for seq in range(1, 100):
        heavy(envelope(seq, size=100))
    assert heavy.held_bytes <= 1_000
    assert [each.seq for each in heavy.recent(0)] == list(range(90, 100))


def test_a_life_that_numbers_on_from_elsewhere_begins_a_new_history() -> None:
    hub = filled(1, 5)
    hub(envelope(50))
    assert (hub.first, hub.last) == (50, 50)
    assert [each.seq for each in hub.recent(0)] == [50]


async def test_a_handful_holds_only_so_many_and_none_is_left_out() -> None:
    hub = filled(1, 3 * hubs.HANDFUL)
    handfuls = hub.follow(0, ())
    seqs = [[each.seq for each in await anext(handfuls)] for _ in range(3)]
    assert [len(each) for each in seqs] == [hubs.HANDFUL] * 3
    assert list(chain(*seqs)) == list(range(1, 3 * hubs.HANDFUL + 1))


async def test_who_waits_is_woken_once_for_what_comes_together() -> None:
    hub = filled(1, 1)
    sizes: list[int] = []

    async def follow() -> None:
        async for handful in hub.follow(1, ()):
            sizes.append(len(handful))
            if sum(sizes) >= 10:
                break

    following = asyncio.create_task(follow())
    for seq in range(2, 12):
        await asyncio.sleep(0)
        hub(envelope(seq))
    await following
    assert sizes == [10]


async def test_closing_ends_everybody() -> None:
    hub = filled(1, 1)
    following = asyncio.create_task(take(hub.follow(1, ()), 1))
    await asyncio.sleep(0)
    hub.close()
    assert await following == []


async def test_silence_is_told() -> None:
    assert await anext(Hub(heartbeat_s=0.0).follow(0, ())) == []


def test_there_are_only_so_many() -> None:
    hub = Hub()
    for _ in range(hubs.CLIENTS_PER_TOKEN_MAX):
        hub.enter("ada")
    assert not hub.has_room("ada")
    with pytest.raises(TooManyClients):
        hub.enter("ada")
    hub.leave("ada")
    hub.enter("ada")
    for _ in range(hubs.CLIENTS_MAX - hubs.CLIENTS_PER_TOKEN_MAX):
        hub.enter("bob")
    with pytest.raises(TooManyClients):
        hub.enter("eve")


def test_an_event_is_written_once_for_all() -> None:
    hub = filled(1, 2)
    written: list[int] = []

    def write(each: Envelope) -> bytes:
        written.append(each.seq)
        return b"%d" % each.seq

    for _ in range(3):
        assert [hub.written(each, write) for each in hub.recent(0)] == [b"1", b"2"]
    assert written == [1, 2]
    hub(envelope(50))  # another life may say other things under a number
    assert hub.written(envelope(1), write) == b"1"
    assert written == [1, 2, 1]


async def test_a_crowd_that_follows_leaves_the_trading_its_turns() -> None:
    """Each client works for a third of the share a time: a few are served in a turn, not all."""
    hub, turns, served = filled(1, 10 * hubs.HANDFUL), 0, 0

    async def client() -> None:
        nonlocal served
        async for _ in hub.follow(0, ()):
            until = perf_ns() + hubs.SHARE_NS // 3
            while perf_ns() < until:
                pass
            served += 1
            if served >= CROWD * 10:
                return

    async def trading() -> None:
        nonlocal turns
        while served < CROWD * 10:
            turns += 1
            await asyncio.sleep(0)

    clients = [asyncio.create_task(client()) for _ in range(CROWD)]
    await trading()
    for each in clients:
        each.cancel()
    assert turns >= CROWD * 10 // 4
