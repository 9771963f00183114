"""W3 to W10, E12 and E13 on the public streams: no silence is taken for a quiet market."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from quantum_os.emulator.poison import SHAPES
from quantum_os.events.market import FeedStatus, MarketTick
from quantum_os.market.feeds.live.connection import ASK_S, HEAR_OUT_S, LOOK_S, Connection
from quantum_os.market.feeds.live.freshness import STALE_S
from tests.emulator.emulated import Emulated, emulated
from tests.emulator.listening import BTC, ETH, going_on, heard_at, states
from tests.market.feeds.live.hearing import Hearing
from tests.waiting import until

STALE = 1.5
FOUND_WITHIN_S = 15.0


class Listening:
    """A live feed at an emulator whose market goes on."""

    def __init__(self, emu: Emulated, heard: Hearing) -> None:
        self.emu, self.heard = emu, heard

    @property
    def connection(self) -> Connection:
        return self.heard.feed.venues[0].connection

    @property
    def status(self) -> FeedStatus | None:
        said = states(self.heard.listen())
        return said[-1] if said else None

    @property
    def opened(self) -> int:
        """How many connections the exchange has seen."""
        return sum(self.emu.server.hub.opened.values())

    async def fault(self, kind: str, **rule: object) -> None:
        await self.emu.fault({"kind": kind, **rule})

    async def falls(self, is_down: Callable[[], object]) -> None:
        """Returns once the fault was found, and all is heard again on new connections."""
        opened = self.opened
        await until(is_down)
        await self.rises(opened)

    async def rises(self, opened: int) -> None:
        await until(lambda: self.opened > opened and self.status is FeedStatus.LIVE)
        ticks = self.heard.count(MarketTick)
        await until(lambda: self.heard.count(MarketTick) > ticks)

    def has_said(self, *statuses: FeedStatus) -> bool:
        return any(status in states(self.heard.listen()) for status in statuses)


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[Listening]:
    async with emulated(folder) as emu, heard_at(emu, stale_s=STALE) as heard, going_on(emu):
        ground = Listening(emu, heard)
        await until(lambda: ground.status is FeedStatus.LIVE)
        yield ground
        assert heard.lanes.offered == heard.lanes.taken + heard.lanes.conflated


def test_w3_a_silence_of_the_market_is_found_within_fifteen_seconds() -> None:
    assert STALE_S + LOOK_S + ASK_S + HEAR_OUT_S <= FOUND_WITHIN_S


@pytest.mark.parametrize("kind", ["stall", "half_open"])
@pytest.mark.parametrize("section", ["public", "market"])
async def test_w3_w4_a_connection_that_says_nothing_is_found_and_made_anew(
    tmp_path: Path, kind: str, section: str
) -> None:
    async with listening(tmp_path) as ground:
        await ground.fault(kind, section=section)
        await ground.falls(lambda: ground.connection.freshness.stale)


@pytest.mark.parametrize("kind", ["close", "cut"])
async def test_w5_a_connection_that_ends_is_made_anew_and_the_gap_is_closed(
    tmp_path: Path, kind: str
) -> None:
    async with listening(tmp_path) as ground:
        await ground.fault(kind)
        await ground.falls(lambda: ground.has_said(FeedStatus.DOWN))
        assert ground.has_said(FeedStatus.RESYNCING)


async def test_w6_no_frame_ends_the_hearing(tmp_path: Path) -> None:
    async with listening(tmp_path) as ground:
        opened = ground.opened
        await ground.emu.fault(*({"kind": "poison", "text": shape} for shape in sorted(SHAPES)))
        await until(lambda: ground.connection.line.quarantine.count)
        await ground.rises(opened)


async def test_w7_a_frame_of_eleven_megabytes_is_not_taken_in(tmp_path: Path) -> None:
    async with listening(tmp_path) as ground:
        await ground.fault("giant", section="market")
        await ground.falls(lambda: ground.has_said(FeedStatus.DOWN))


async def test_w8_a_door_that_stays_shut_is_tried_ever_more_rarely(tmp_path: Path) -> None:
    async with listening(tmp_path) as ground:
        await ground.fault("refuse_socket", status=429, count=None)
        await ground.fault("close")
        await until(lambda: ground.connection.reconnections >= 8)
        rests = [ground.connection._backoff.rest_s() for _ in range(12)]
        assert max(rests) <= 30.0
        assert len(set(rests)) > 1, "no two processes knock in step"
        assert ground.status is FeedStatus.DOWN


async def test_w8_a_door_that_opens_again_is_found_open(tmp_path: Path) -> None:
    async with listening(tmp_path) as ground:
        await ground.fault("refuse_socket", status=429, count=2)
        opened = ground.opened
        await ground.fault("close")
        await until(lambda: ground.has_said(FeedStatus.DOWN))
        await ground.rises(opened)


async def test_w9_a_subscription_that_is_taken_and_ignored_is_found(tmp_path: Path) -> None:
    async with listening(tmp_path) as ground:
        await ground.fault("deaf", section="market")
        opened = ground.opened
        await ground.fault("close", section="market")
        topics = [f"reference.{symbol}" for symbol in (BTC, ETH)]
        await until(lambda: all(states(ground.heard.listen(), topic) for topic in topics))
        await ground.rises(opened + 1)


async def test_w10_every_stream_is_asked_for_at_its_own_door(tmp_path: Path) -> None:
    async with listening(tmp_path) as ground:
        sockets = (await ground.emu.state())["sockets"]
        assert {one["section"] for one in sockets} == {"public", "market"}
        assert not any(one["misrouted"] for one in sockets)
        assert all(one["streams"] for one in sockets)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ("bookTicker", '{"e":"bookTicker","s":"BTCUSDT","b":"2","a":"1","T":1,"E":1}'),
        ("aggTrade", '{"e":"aggTrade","s":"BTCUSDT","a":1,"p":"0","q":"1","T":1,"m":true}'),
        ("aggTrade", '{"e":"aggTrade","s":"BTCUSDT","a":1,"p":"-7","q":"1","T":1,"m":true}'),
        ("markPrice", '{"e":"markPriceUpdate","s":"BTCUSDT","p":"-1","E":1}'),
    ],
    ids=["crossed", "zero", "negative", "negative_mark"],
)
async def test_e12_a_price_that_cannot_be_is_refused_and_nothing_stops(
    tmp_path: Path, event: str, text: str
) -> None:
    async with listening(tmp_path) as ground:
        await ground.fault("replace", event=event, text=text)
        await until(ground.connection.refused.total)
        ticks = [each for each in ground.heard.listen() if isinstance(each, MarketTick)]
        await until(lambda: ground.heard.count(MarketTick) > len(ticks))
        ticks = [each for each in ground.heard.listen() if isinstance(each, MarketTick)]
        assert all(each.price > 100 for each in ticks)
        assert all(each.bid < each.ask for each in ticks if each.bid and each.ask)


async def test_e13_marks_that_stand_still_are_stale_while_trades_go_on(tmp_path: Path) -> None:
    async with listening(tmp_path) as ground:
        await ground.fault("lose", event="markPrice", symbol="BTCUSDT", count=None)
        topic = f"reference.{BTC}"
        await until(lambda: FeedStatus.STALE in states(ground.heard.listen(), topic))
        assert FeedStatus.STALE not in states(ground.heard.listen(), f"quote.{BTC}")
