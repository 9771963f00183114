"""A live feed under test: on small exchanges, into lanes of its own, and what it offered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.units import NS_PER_MINUTE
from quantum_os.exchange.endpoint import Endpoint
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.edge import EdgeContext, Heard
from quantum_os.kernel.journal import Journal, MemoryJournal
from quantum_os.kernel.lanes import Lanes
from quantum_os.market.feeds.live.connection import Wanted
from quantum_os.market.feeds.live.feed import LiveConfig, LiveFeed
from quantum_os.market.feeds.live.venue_feed import Terms
from quantum_os.market.instrument_book import packaged_instruments
from tests.market.feeds.live.exchange import Exchange, served

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


class Hearing(msgspec.Struct):
    """The feed, what it has offered so far, and its task."""

    feed: LiveFeed
    lanes: Lanes
    task: asyncio.Task[None]
    heard: list[Event] = []

    def listen(self) -> list[Event]:
        """Gives everything that was offered until now, timer marks apart."""
        while (offered := self.lanes.take()) is not None:
            if offered.event is not None:
                self.heard.append(offered.event)
        if self.task.done():
            self.task.result()
        return self.heard

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.listen())


def config(
    endpoint: Endpoint, venues: tuple[str, ...], stale_s: float = 8.0, warmup_bars: int = 5
) -> LiveConfig:
    wanted = tuple(Wanted(venue, endpoint, (BTC, ETH), "1m", stale_s=stale_s) for venue in venues)
    terms = Terms(warmup_bars * NS_PER_MINUTE, 2.0)
    return LiveConfig(wanted, terms, packaged_instruments()[:2], hot_ms=50, cold_ms=200)


@asynccontextmanager
async def hearing(
    folder: Path,
    *exchanges: Exchange,
    stale_s: float = 8.0,
    journal: Journal | None = None,
    heard_until: int = 0,
) -> AsyncIterator[Hearing]:
    """Runs a feed on these exchanges until the block ends."""
    venues = tuple(exchange.venue for exchange in exchanges)
    async with served(folder, *exchanges) as line:
        feed = LiveFeed(config(line.endpoint, venues, stale_s))
        if heard_until:
            feed.go_on(Heard({feed.name: {"market.klines": 1}}, heard_until))
        lanes = Lanes()
        context = EdgeContext(ReplayClock(), lanes, journal or MemoryJournal())
        task = asyncio.create_task(feed.run(context))
        try:
            yield Hearing(feed, lanes, task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
