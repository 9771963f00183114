"""EDGE. What real exchanges say, as the fund's inputs: bars once and in order, prices conflated."""

import asyncio
from collections.abc import Callable, Mapping
from typing import ClassVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import OrderRequested, OrderUpdated
from quantum_os.events.market import (
    ExchangeRaw,
    FeedState,
    FeedWatermark,
    Instrument,
    InstrumentUpdated,
    MarketKlines,
    MarketTick,
)
from quantum_os.events.portfolio import PositionUpdated
from quantum_os.events.units import NS_PER_S
from quantum_os.exchange.line import Line
from quantum_os.kernel.backlog import Backlog
from quantum_os.kernel.clock import WallClock, monotonic_ns
from quantum_os.kernel.conflation import COLD_MS, HOT_MS, Conflator
from quantum_os.kernel.edge import Edge, EdgeContext, Heard
from quantum_os.kernel.reactor import Handler
from quantum_os.market.feeds.live.connection import Wanted
from quantum_os.market.feeds.live.listing import instruments_of
from quantum_os.market.feeds.live.memory import told_before
from quantum_os.market.feeds.live.opening import Opens, exchange_client
from quantum_os.market.feeds.live.stakes import Stakes
from quantum_os.market.feeds.live.venue_feed import Terms, VenueFeed

PUMP_S = 0.05
"""Between two looks at what may be told."""

PULSE_NS = NS_PER_S
"""Between two marks at which due timers fire: time goes on while markets are silent."""

TOGETHER_S = 90.0
"""Seconds in which the venues' histories are waited for, so that they are told side by side."""


class LiveConfig(msgspec.Struct, frozen=True):
    """What is heard: one entry per venue, the price venue first, and on which terms.

    `instruments` are those that are known; the price venue's list renews their filters.
    """

    venues: tuple[Wanted, ...]
    terms: Terms
    instruments: tuple[Instrument, ...]
    hot_ms: int = HOT_MS
    cold_ms: int = COLD_MS
    pump_s: float = PUMP_S


class LiveFeed(Edge):
    """Hears exchanges and offers what they say; every input is stamped with when it is told.

    A price waits at most 250 ms where we have a stake in its symbol, else 5 s, and carries what was
    merged into it. Before the bars of a time are told every price that waits is, so that none is
    told after the bar that holds it. What was missed while away is fetched and told once. `lines`
    are those of exchanges that a venue of this process speaks with, too; `opens` gives what speaks
    to an exchange.
    """

    name = "market.feeds.live"
    consumes = (PositionUpdated, OrderRequested, OrderUpdated)
    produces: ClassVar[frozenset[type[Event]]] = frozenset(
        {MarketKlines, MarketTick, FeedWatermark, ExchangeRaw, FeedState, InstrumentUpdated}
    )

    def __init__(
        self,
        config: LiveConfig,
        wall: Callable[[], int] | None = None,
        lines: Mapping[str, Line] | None = None,
        opens: Opens = exchange_client,
    ) -> None:
        self._config = config
        self._opens = opens
        self._lines = lines or {}
        self._wall = wall or WallClock().now
        self._stakes = Stakes()
        self.prices = Conflator(self._stakes.__contains__, config.hot_ms, config.cold_ms)
        self.venues: tuple[VenueFeed, ...] = ()
        self._told_at = monotonic_ns()
        self._noted = 0
        self._pulsed = 0
        self._listings = 0
        self._has_spoken = False

    def handlers(self) -> dict[type[Event], Handler]:
        return {
            PositionUpdated: self._stakes.on_position,
            OrderRequested: self._order,
            OrderUpdated: self._stakes.on_order,
        }

    def go_on(self, heard: Heard) -> None:
        self._has_spoken = self.name in heard.inputs

    def backlog(self) -> Backlog:
        """The prices that wait, and how long ago all that could be told was told.

        A price waits for its turn by design; a round that does not end is a feed that hangs.
        """
        waited_s = (monotonic_ns() - self._told_at) / NS_PER_S
        return Backlog(self.name, waiting=self.prices.waiting, waited_s=waited_s)

    async def run(self, context: EdgeContext) -> None:
        self._told_at = monotonic_ns()
        names = tuple(wanted.venue for wanted in self._config.venues)
        told = told_before(context.journal, self.name, names, has_spoken=self._has_spoken)
        self.venues = tuple(
            VenueFeed(
                wanted,
                self._config.terms,
                told[wanted.venue],
                self.prices,
                wall=self._wall,
                line=self._lines.get(wanted.venue),
                opens=self._opens,
            )
            for wanted in self._config.venues
        )
        async with asyncio.TaskGroup() as group:
            for venue in self.venues:
                group.create_task(venue.run())
            group.create_task(self._pump(context))

    def _order(self, event: OrderRequested) -> None:
        self._stakes.on_order_requested(event)
        self.prices.forget_path(event.symbol)

    async def _pump(self, context: EdgeContext) -> None:
        """Tells what can be told, again and again; histories first, and side by side."""
        gathered = asyncio.create_task(self._all_caught_up())
        try:
            while True:
                now = self._wall()
                await self._tell_states(context, now)
                if gathered.done():
                    await self._tell_listing(context, now)
                    await self._tell_dated(context, now)
                    await self._tell_prices(context, now)
                if abs(now - self._pulsed) >= PULSE_NS:
                    self._pulsed = now
                    await context.lanes.offer_market(now, None, self.name)
                self._told_at = monotonic_ns()
                await asyncio.sleep(self._config.pump_s)
        finally:
            gathered.cancel()

    async def _all_caught_up(self) -> None:
        waits = [asyncio.create_task(venue.caught_up.wait()) for venue in self.venues]
        try:
            await asyncio.wait(waits, timeout=TOGETHER_S)
        finally:
            for wait in waits:
                wait.cancel()

    async def _tell_states(self, context: EdgeContext, now: int) -> None:
        for venue in self.venues:
            for state in venue.connection.freshness.news():
                await context.lanes.offer_market(now, state, self.name)

    async def _tell_listing(self, context: EdgeContext, now: int) -> None:
        """The price venue's own filters, whenever its list was read anew."""
        connection = self.venues[0].connection
        if connection.listings == self._listings:
            return
        self._listings = connection.listings
        found = instruments_of(connection.client.markets, self._config.instruments)
        event = InstrumentUpdated(connection.venue, found, connection.venue)
        await context.lanes.offer_market(now, event, self.name)

    async def _tell_dated(self, context: EdgeContext, now: int) -> None:
        """Bars and funding of all venues in the order of their times, after every price before."""
        said = [
            (time, place, order, event)
            for order, venue in enumerate(self.venues)
            for time, place, event in venue.dated()
        ]
        if not said:
            return
        for venue in self.venues:
            for price in self.prices.due(now, venue.venue):
                await context.lanes.offer_market(now, price, self.name)
        for _, _, _, event in sorted(said, key=lambda each: each[:3]):
            await context.lanes.offer_market(now, event, self.name)

    async def _tell_prices(self, context: EdgeContext, now: int) -> None:
        for price in self.prices.due(now):
            await context.lanes.offer_market(now, price, self.name)
        merged = self.prices.conflated - self._noted
        self._noted += merged
        context.lanes.note_conflated(merged)
