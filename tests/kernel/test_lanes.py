"""What waits is bounded, control goes first, and a conflated tick loses nothing that was traded."""

import asyncio
from math import isclose

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.base import Event
from quantum_os.events.market import MarketTick
from quantum_os.events.units import NS_PER_MS
from quantum_os.kernel import lanes as limits
from quantum_os.kernel.conflation import COLD_MS, Conflator
from quantum_os.kernel.lanes import Lanes, Offered
from tests.kernel.fakes import mark, tick


def _drained(lanes: Lanes) -> list[Offered]:
    return list(iter(lanes.take, None))


def _events(lanes: Lanes) -> list[Event | None]:
    return [offered.event for offered in _drained(lanes)]


def _only_tick(lanes: Lanes) -> MarketTick:
    (event,) = _events(lanes)
    assert isinstance(event, MarketTick)
    return event


async def test_control_is_drained_first() -> None:
    lanes = Lanes()
    await lanes.offer_market(1, mark(1), "tape")
    await lanes.offer_control(2, mark(2), "venue")
    await lanes.offer_market(3, mark(3), "tape")
    await lanes.offer_control(4, mark(4), "venue")
    assert _events(lanes) == [mark(2), mark(4), mark(1), mark(3)]


async def test_a_conflated_tick_carries_extremes_volume_and_count() -> None:
    lanes = Lanes()
    for price, qty in ((10.0, 1.0), (12.0, 2.0), (9.0, 4.0), (11.0, 8.0)):
        await lanes.offer_market(int(price), tick(price, qty=qty), "feed")
    (offered,) = _drained(lanes)
    event = offered.event
    assert isinstance(event, MarketTick)
    assert (event.price, event.high, event.low) == (11.0, 12.0, 9.0)
    assert (event.volume, event.count, offered.ts) == (15.0, 4, 11)


async def test_what_a_tick_conflated_elsewhere_carries_is_kept() -> None:
    lanes = Lanes()
    await lanes.offer_market(1, tick(10.0, high=15.0, low=8.0, volume=5.0, count=3), "feed")
    await lanes.offer_market(2, tick(11.0), "feed")
    event = _only_tick(lanes)
    assert (event.high, event.low, event.volume, event.count) == (15.0, 8.0, 5.0, 4)


async def test_a_quote_and_a_synthetic_origin_survive_conflation() -> None:
    lanes = Lanes()
    await lanes.offer_market(1, tick(10.0, bid=9.9, ask=10.1, synthetic=True), "feed")
    await lanes.offer_market(2, tick(11.0, ask=11.1), "feed")
    event = _only_tick(lanes)
    assert (event.bid, event.ask, event.synthetic) == (9.9, 11.1, True)


async def test_unknown_volume_stays_unknown() -> None:
    lanes = Lanes()
    await lanes.offer_market(1, tick(10.0), "feed")
    await lanes.offer_market(2, tick(11.0), "feed")
    assert _only_tick(lanes).volume is None


async def test_only_ticks_of_one_venue_and_symbol_that_wait_together_conflate() -> None:
    lanes = Lanes()
    await lanes.offer_market(1, tick(1.0, "A"), "feed")
    await lanes.offer_market(2, tick(2.0, "B"), "feed")
    assert len(_drained(lanes)) == 2
    await lanes.offer_market(3, tick(3.0, "A"), "feed")
    assert _only_tick(lanes).count == 1
    assert lanes.conflated == 0


async def test_a_tick_never_overtakes_a_bar_by_conflation() -> None:
    lanes = Lanes()
    await lanes.offer_market(1, tick(1.0), "feed")
    await lanes.offer_market(2, mark(2), "feed")
    await lanes.offer_market(3, tick(9.0), "feed")
    await lanes.offer_market(4, tick(8.0), "feed")
    first, bar, second = _events(lanes)
    assert isinstance(first, MarketTick)
    assert isinstance(second, MarketTick)
    assert (first.price, bar, second.price, second.high) == (1.0, mark(2), 8.0, 9.0)
    assert (lanes.offered, lanes.conflated, lanes.taken) == (4, 1, 3)


async def test_a_timer_mark_does_not_keep_ticks_apart() -> None:
    lanes = Lanes()
    await lanes.offer_market(1, tick(1.0), "feed")
    await lanes.offer_market(2, None, "feed")
    await lanes.offer_market(3, tick(2.0), "feed")
    assert lanes.backlog == 2
    assert lanes.conflated == 1


async def test_control_never_conflates() -> None:
    lanes = Lanes()
    for price in (1.0, 2.0):
        await lanes.offer_control(1, tick(price), "venue")
    assert len(_drained(lanes)) == 2


async def fills_its_control_lane(lanes: Lanes) -> None:
    for time in range(limits.CONTROL_MAX):
        await lanes.offer_control(time, mark(), "venue")
    late = asyncio.create_task(lanes.offer_control(0, mark(77), "venue"))
    await asyncio.sleep(0)
    assert not late.done()
    assert lanes.backlog == limits.CONTROL_MAX
    lanes.take()
    await late
    assert _events(lanes)[-1] == mark(77)


async def test_a_full_control_lane_makes_its_edge_wait() -> None:
    await fills_its_control_lane(Lanes())


class Endless(Lanes):
    """Takes whatever comes, and makes no edge wait."""

    async def offer_control(self, ts: int, event: Event, source: str) -> None:
        self._control.append(Offered(ts, event, source))


async def test_canary_a_lane_without_a_bound_is_found() -> None:
    with pytest.raises(AssertionError):
        await fills_its_control_lane(Endless())


async def test_a_full_market_lane_still_conflates_ticks_and_leaves_control_open() -> None:
    lanes = Lanes()
    await lanes.offer_market(0, tick(1.0), "feed")
    for time in range(limits.MARKET_MAX - 1):
        await lanes.offer_market(time, mark(), "tape")
    await lanes.offer_market(1, tick(2.0), "feed")
    bar = asyncio.create_task(lanes.offer_market(2, mark(), "tape"))
    await lanes.offer_control(3, mark(), "venue")
    assert not bar.done()
    assert (lanes.market_backlog, lanes.conflated) == (limits.MARKET_MAX, 1)
    while lanes.take() is not None:
        pass
    await bar
    assert lanes.market_backlog == 1


async def test_waiting_ends_when_something_arrives() -> None:
    lanes = Lanes()
    waiting = asyncio.create_task(lanes.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    await lanes.offer_market(1, None, "timers")
    await waiting
    taken = lanes.take()
    assert taken is not None
    assert taken == Offered(1, None, "timers", taken.since)
    assert lanes.take() is None
    assert lanes.offered == lanes.taken == 0


offers = st.lists(
    st.one_of(
        st.sampled_from(["take", "bar", "mark", "control"]),
        st.tuples(st.sampled_from("AB"), st.floats(1, 100), st.floats(0, 10)),
    ),
    max_size=40,
)


@given(offers)
def test_offered_is_taken_plus_conflated_plus_waiting(walk: list[object]) -> None:
    asyncio.run(_balanced(walk))


async def _balanced(walk: list[object]) -> None:
    lanes, traded = Lanes(), 0.0
    kept: list[Event] = []
    for step in walk:
        if step == "take":
            offered = lanes.take()
            if offered is not None and offered.event is not None:
                kept.append(offered.event)
        elif step == "control":
            await lanes.offer_control(0, mark(), "venue")
        elif isinstance(step, tuple):
            traded += step[2]
            await lanes.offer_market(0, tick(step[1], step[0], qty=step[2]), "feed")
        else:
            await lanes.offer_market(0, mark() if step == "bar" else None, "tape")
    taken = len(kept)
    waiting = [event for event in _events(lanes) if event is not None]
    assert lanes.offered == taken + lanes.conflated + len(waiting)
    ticks = [event for event in (*kept, *waiting) if isinstance(event, MarketTick)]
    assert sum(event.count for event in ticks) == len(ticks) + lanes.conflated
    assert isclose(sum(event.volume or event.qty or 0.0 for event in ticks), traded, abs_tol=1e-9)


async def test_the_oldest_is_told_whichever_lane_it_waits_in() -> None:
    lanes = Lanes()
    await lanes.offer_market(1, tick(10.0), "feed")
    await lanes.offer_control(2, mark(2), "venue")
    await lanes.offer_market(3, tick(11.0), "feed")
    oldest = lanes.oldest
    assert oldest is not None
    assert (oldest.ts, oldest.source) == (3, "feed"), "it conflated, and waits since it first came"
    assert [each.ts for each in _drained(lanes)] == [2, 3]


async def test_f90_a_burst_of_300_symbols_is_conflated_and_counted() -> None:
    lanes = Lanes()
    held = Conflator(lambda symbol: False)
    symbols = [f"C{place:03d}/USDT:USDT" for place in range(300)]
    for burst in range(40):
        for symbol in symbols:
            held.offer(msgspec.structs.replace(tick(10.0 + burst), symbol=symbol))
        for price in held.due(burst):
            await lanes.offer_market(burst, price, "feed")
    for price in held.due(COLD_MS * NS_PER_MS):
        await lanes.offer_market(100, price, "feed")
    lanes.note_conflated(held.conflated)
    ticks = [event for event in _events(lanes) if isinstance(event, MarketTick)]
    assert sum(each.count for each in ticks) == 300 * 40
    assert {each.symbol for each in ticks} == set(symbols)
    assert lanes.offered == lanes.taken + lanes.conflated == 300 * 40
