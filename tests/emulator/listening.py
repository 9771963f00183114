"""Our live feed at an emulator, and a market that moves on while it listens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from quantum_os.events.base import Event
from quantum_os.events.market import FeedState, FeedStatus
from quantum_os.events.units import NS_PER_MINUTE
from quantum_os.exchange.endpoint import emulator
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.edge import EdgeContext
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.lanes import Lanes
from quantum_os.market.feeds.live.connection import Wanted
from quantum_os.market.feeds.live.feed import LiveConfig, LiveFeed
from quantum_os.market.feeds.live.venue_feed import Terms
from quantum_os.market.instrument_book import packaged_instruments
from tests.emulator.emulated import Emulated
from tests.market.feeds.live.hearing import Hearing

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
STEP_S = 1.0
REST_S = 0.1


@asynccontextmanager
async def heard_at(emulated: Emulated, stale_s: float = 8.0) -> AsyncIterator[Hearing]:
    """Hears two symbols of the emulator."""
    where = emulator(emulated.server.port, emulated.ca)
    wanted = Wanted("binance", where, (BTC, ETH), "1m", stale_s)
    known = tuple(each for each in packaged_instruments() if each.symbol in (BTC, ETH))
    feed = LiveFeed(LiveConfig((wanted,), Terms(30 * NS_PER_MINUTE, 2.0), known, 50, 200))
    lanes = Lanes()
    task = asyncio.create_task(feed.run(EdgeContext(ReplayClock(), lanes, MemoryJournal())))
    try:
        yield Hearing(feed, lanes, task)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def going_on(emulated: Emulated) -> AsyncIterator[None]:
    """Moves the market on, ten times as fast as it would go."""

    async def step() -> None:
        while True:
            await emulated.step(STEP_S)
            await asyncio.sleep(REST_S)

    stepping = asyncio.create_task(step())
    try:
        yield
    finally:
        stepping.cancel()
        await asyncio.gather(stepping, return_exceptions=True)


def states(events: list[Event], topic: str = "*") -> list[FeedStatus]:
    """What was said of a topic, of the whole feed where none is named."""
    return [each.state for each in events if isinstance(each, FeedState) and each.topic == topic]
