"""One history for all followers: bounded, in order, and who falls behind is let go."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from itertools import chain

import pytest

from quantum_os.api import hub as hubs
from quantum_os.api import pages
from quantum_os.api.hub import FellBehind, Hub, TooManyClients
from quantum_os.api.pages import Page
from quantum_os.kernel.envelope import Envelope

CROWD = 40


def envelope(seq: int, stream: str = "fill", size: int = 10) -> Envelope:
    return Envelope(seq, seq, 0, seq, "test", stream, b"x" * size, 0)


def filled(first: int, last: int, **limits: int) -> Hub:
    hub = Hub(**limits)
    for seq in range(first, last + 1):
        hub(envelope(seq))
    return hub


async def take(
    following: AsyncIterator[Page | None], count: int, streams: Collection[str] = ()
) -> list[int]:
    taken: list[int] = []
    async for page in following:
        assert page is not None
        taken += [each.seq for each in page.of(streams)]
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
    wanted = {"fill", "risk.permit"}
    assert await take(hub.follow(0, wanted), 3, wanted) == [1, 3, 4]


async def test_a_page_without_a_stream_asked_for_is_passed_over() -> None:
    hub = filled(1, pages.PAGE_MAX)
    hub(envelope(pages.PAGE_MAX + 1, "risk.permit"))
    page = await anext(hub.follow(0, {"risk.permit"}))
    assert page is not None
    assert page.first == pages.PAGE_MAX + 1


async def test_who_falls_behind_is_let_go_and_no_event_is() -> None:
    hub = filled(1, 8, history_max=8)
    assert await take(hub.follow(4, ()), 4) == [5, 6, 7, 8]
    slow = hub.follow(4, ())
    assert await anext(slow)
    for seq in range(9, 30):
        hub(envelope(seq))
    with pytest.raises(FellBehind):
        await anext(slow)
    assert (hub.first, hub.last) == (22, 29)


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


async def test_a_page_holds_only_so_many_and_none_is_left_out() -> None:
    hub = filled(1, 3 * pages.PAGE_MAX)
    following = hub.follow(0, ())
    found = [await anext(following) for _ in range(3)]
    seqs = [[each.seq for each in page.events] for page in found if page is not None]
    assert [len(each) for each in seqs] == [pages.PAGE_MAX] * 3
    assert list(chain(*seqs)) == list(range(1, 3 * pages.PAGE_MAX + 1))


async def test_a_page_of_heavy_events_is_short() -> None:
    hub = Hub()
    for seq in range(1, 9):
        hub(envelope(seq, size=pages.PAGE_BYTES_MAX // 2))
    page = await anext(hub.follow(0, ()))
    assert page is not None
    assert (page.first, page.last) == (1, 2)


async def test_who_waits_is_woken_once_for_what_comes_together() -> None:
    hub = filled(1, 1)
    sizes: list[int] = []

    async def follow() -> None:
        async for page in hub.follow(1, ()):
            assert page is not None
            sizes.append(len(page.events))
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
    assert await anext(Hub(heartbeat_s=0.0).follow(0, ())) is None


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


def write(events: Sequence[Envelope]) -> bytes:
    return b" ".join(b"%d" % each.seq for each in events)


async def test_all_who_follow_get_the_same_page_written_once() -> None:
    hub = filled(1, 10)
    early, late = hub.follow(0, ()), hub.follow(4, ())
    first, rest = await anext(early), await anext(late)
    assert first is not None
    assert rest is not None
    assert rest.written((), write) == b"5 6 7 8 9 10", "who begins amid a page gets its rest"
    hub(envelope(11))
    hub(envelope(12, "risk.permit"))
    one, other = await anext(early), await anext(late)
    assert one is other
    assert one is not None
    assert one.written((), write) == b"11 12"
    assert one.written({"risk.permit"}, write) == b"12"
    assert one.written((), lambda events: b"never") == b"11 12"


async def test_what_was_written_is_kept_of_the_latest_pages_only() -> None:
    hub = filled(1, (pages.INKED_MAX + 1) * pages.PAGE_MAX)
    following = hub.follow(0, ())
    old, newer = await anext(following), await anext(following)
    assert old is not None
    assert newer is not None
    assert (old.ink, newer.ink) == (None, {})
    assert old.written((), write).startswith(b"1 2 3")


async def test_another_life_has_pages_of_its_own() -> None:
    hub = filled(1, 5)
    await anext(hub.follow(0, ()))
    for seq in (3, 4):  # it may say other things under the numbers of the old one
        hub(envelope(seq, "risk.permit"))
    page = await anext(hub.follow(2, ()))
    assert page is not None
    assert [each.stream for each in page.events] == ["risk.permit", "risk.permit"]


async def test_a_crowd_that_follows_leaves_the_trading_its_turns() -> None:
    """A few clients are served in a turn of the loop, and then none for a while."""
    hub, turn = filled(1, 1), 0
    served: list[int] = []

    async def client() -> None:
        await anext(hub.follow(0, ()))
        served.append(turn)

    clients = [asyncio.create_task(client()) for _ in range(CROWD)]
    while len(served) < CROWD:
        turn += 1
        await asyncio.sleep(0)
    await asyncio.gather(*clients)
    assert max(Counter(served).values()) <= hubs.SERVED_AT_ONCE
