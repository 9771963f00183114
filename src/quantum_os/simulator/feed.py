"""EDGE. What a simulated fund hears of its market: late, twice, crossed, or for a while not at all.

What is told, and when, is decided by the parts of the live feed: the conflator, the gathering of
bars, the watch over silence, and the memory of what an earlier life has told.
"""

import asyncio
from collections.abc import Callable
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
    RawKind,
)
from quantum_os.events.portfolio import PositionUpdated
from quantum_os.events.units import NS_PER_HOUR, NS_PER_S, Ns
from quantum_os.kernel.conflation import Conflator
from quantum_os.kernel.edge import Edge, EdgeContext, Heard
from quantum_os.kernel.reactor import Handler
from quantum_os.market.feeds.live.bar_gathering import BarGathering
from quantum_os.market.feeds.live.freshness import Freshness, Kind, Topic
from quantum_os.market.feeds.live.heard import Bar
from quantum_os.market.feeds.live.memory import told_before
from quantum_os.market.feeds.live.stakes import Stakes
from quantum_os.simulator.prices import Prices, Trade
from quantum_os.simulator.stage import BAR, SYMBOLS, VENUE

PUMP_S = 0.25
STALE_S = 20.0
"""Trades of a symbol come every few seconds: a silence of this length is not the market's."""

ASKED_S = 0.4
"""How long an answer about a bar that did not come takes."""

PULSE_NS = NS_PER_S


class SimulatedFeed(Edge):
    """Hears one exchange; `wall` is what the process believes to be the time."""

    name = "simulator.feed"
    consumes = (PositionUpdated, OrderRequested, OrderUpdated)
    produces: ClassVar[frozenset[type[Event]]] = frozenset(
        {MarketKlines, MarketTick, FeedWatermark, ExchangeRaw, FeedState, InstrumentUpdated}
    )

    def __init__(
        self, prices: Prices, wall: Callable[[], int], listed: Callable[[], tuple[Instrument, ...]]
    ) -> None:
        self._prices, self._wall, self._listed = prices, wall, listed
        self._venue_now = prices.now
        self._stakes = Stakes()
        self.conflator = Conflator(self._stakes.__contains__)
        self._bars = BarGathering(VENUE, BAR, SYMBOLS, 0)
        self._raws: list[ExchangeRaw] = []
        self._freshness = Freshness(VENUE, (), 0)
        self._heard_until = 0
        self._noted = 0
        self._pulsed = 0
        self.is_open = False

    def handlers(self) -> dict[type[Event], Handler]:
        return {
            PositionUpdated: self._stakes.on_position,
            OrderRequested: self._order,
            OrderUpdated: self._stakes.on_order,
        }

    def go_on(self, heard: Heard) -> None:
        self._heard_until = heard.ts if self.name in heard.inputs else 0

    async def run(self, context: EdgeContext) -> None:
        told = told_before(context.journal, self.name, (VENUE,), self._heard_until)[VENUE]
        self._bars = BarGathering(VENUE, BAR, SYMBOLS, told.bars)
        topics = [Topic(Kind.REFERENCE, symbol) for symbol in SYMBOLS]
        self._freshness = Freshness(VENUE, topics, self._venue_now(), STALE_S)
        self.is_open = True
        try:
            await self._offer(context, InstrumentUpdated(VENUE, self._listed(), VENUE))
            for raw in _rates(self._venue_now()):
                await self._offer(context, raw)
            if told.watermark < told.bars:
                await self._offer(context, FeedWatermark(VENUE, Ns(told.bars)))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_up())
                group.create_task(self._pump(context))
        finally:
            self.is_open = False

    def hears_trade(self, trade: Trade, *, crossed: bool = False) -> None:
        """Takes a price from the stream; a crossed quote has its sides changed."""
        bid, ask = (trade.ask, trade.bid) if crossed else (trade.bid, trade.ask)
        if not 0 < trade.price < float("inf"):
            return
        self._freshness.heard(Topic(Kind.REFERENCE, trade.symbol), self._venue_now())
        ts = Ns(trade.ts)
        self.conflator.offer(
            MarketTick(VENUE, trade.symbol, trade.price, ts, qty=1.0, bid=bid, ask=ask)
        )
        mark = (trade.bid + trade.ask) / 2.0
        self.conflator.offer(ExchangeRaw(VENUE, trade.symbol, RawKind.MARK, ts, mark))

    def hears_bar(self, bar: Bar) -> None:
        self._bars.take(bar)

    def hears_raw(self, raw: ExchangeRaw) -> None:
        self._raws.append(raw)

    def _order(self, event: OrderRequested) -> None:
        self._stakes.on_order_requested(event)
        self.conflator.forget_path(event.symbol)

    async def _keep_up(self) -> None:
        """Fetches what was missed at the start, after a silence, and where a bar did not come."""
        while True:
            if self._bars.holds or not self._freshness.is_live:
                if self._bars.holds or self._freshness.is_heard:
                    await asyncio.sleep(ASKED_S)
                    self._fetch(self._bars.next_open)
                    self._bars.holds = False
                    self._freshness.is_synced(self._venue_now())
            elif self._bars.missing(self._venue_now()):
                opened = self._bars.next_open
                await asyncio.sleep(ASKED_S)
                self._fetch(opened)
            await asyncio.sleep(PUMP_S)

    def _fetch(self, since: int) -> None:
        for opened, bars in self._prices.bars.items():
            if opened >= since:
                for bar in bars.values():
                    self._bars.take(bar)

    async def _pump(self, context: EdgeContext) -> None:
        while True:
            self._freshness.look(self._venue_now())
            for state in self._freshness.news():
                await self._offer(context, state)
            if self._freshness.is_live:
                await self._tell_bars(context)
                await self._tell_prices(context)
            now = self._wall()
            if abs(now - self._pulsed) >= PULSE_NS:
                self._pulsed = now
                await context.lanes.offer_market(now, None, self.name)
            await asyncio.sleep(PUMP_S)

    async def _tell_bars(self, context: EdgeContext) -> None:
        said = self._bars.told(self._venue_now())
        if said or self._raws:
            for price in self.conflator.due(self._venue_now(), VENUE):
                await self._offer(context, price)
        raws, self._raws = self._raws, []
        for raw in raws:
            await self._offer(context, raw)
        for _, event in said:
            await self._offer(context, event)

    async def _tell_prices(self, context: EdgeContext) -> None:
        for price in self.conflator.due(self._venue_now()):
            await self._offer(context, price)
        merged = self.conflator.conflated - self._noted
        self._noted += merged
        context.lanes.note_conflated(merged)

    async def _offer(self, context: EdgeContext, event: Event) -> None:
        await context.lanes.offer_market(self._wall(), event, self.name)


def _rates(now: int) -> list[ExchangeRaw]:
    """The rate in force of each symbol: that of the last full eight hours."""
    stamp = now // (8 * NS_PER_HOUR) * (8 * NS_PER_HOUR)
    rate = ExchangeRaw(
        VENUE,
        "",
        RawKind.FUNDING,
        Ns(stamp),
        0.0001,
        interval_h=8.0,
        next_time=Ns(stamp + 8 * NS_PER_HOUR),
    )
    return [msgspec.structs.replace(rate, symbol=symbol) for symbol in SYMBOLS]
