"""The venue edge at work: unmodified ccxt over TLS, a scripted account, and a bus to speak to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    Leg,
    LeverageRequested,
    OrderCancelRequested,
    OrderKind,
    OrderQueryRequested,
    OrderRequested,
    OrderState,
    OrderUpdated,
)
from quantum_os.events.units import NS_PER_S, Leverage, Mode, Ns, Price, Qty, Side
from quantum_os.exchange.endpoint import Realm
from quantum_os.exchange.keys import Keys
from quantum_os.execution.venues.binance.dialect import BinanceDialect
from quantum_os.execution.venues.ccxt.venue import ExchangeVenue, Patience, VenueConfig
from quantum_os.formulas.client_ids import client_id
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import ReplayClock, WallClock
from quantum_os.kernel.edge import EdgeContext
from quantum_os.kernel.lanes import Lanes
from tests.exchange.wire import wire
from tests.execution.venues.binance.small_binance import SmallBinance
from tests.kernel.journals import ListSpool, ToldJournal

BTC = "BTC/USDT:USDT"
KEYS = Keys("binance", Realm.EMULATOR, "AKEY", "ASECRET")

E = TypeVar("E", bound=Event)

IMPATIENT = Patience(write_s=0.4, absent_after_s=0.6, listing_s=10.0)
"""As the edge is, but for a test that waits for its end."""


class Scene:
    """Instructions go in by `asks`; what the edge says is kept in `said`."""

    def __init__(
        self, exchange: SmallBinance | None, venue: ExchangeVenue, recalled: Sequence[Event]
    ) -> None:
        self.exchange = exchange or SmallBinance()
        self.venue = venue
        self.said: list[Event] = []
        self.journal = ToldJournal()
        self.journal.durable = 100_000
        self.lanes = Lanes()
        self._bus = Bus([venue], self.journal)
        self.asks(*recalled)
        self.context = EdgeContext(ReplayClock(), self.lanes, self.journal, ListSpool())
        self._moved = asyncio.Event()

    def asks(self, *events: Event) -> None:
        for event in events:
            self._bus.process(1, event, "test")

    def says(self, kind: type[E]) -> list[E]:
        return [event for event in self.said if isinstance(event, kind)]

    def states(self, name: str) -> list[OrderState]:
        """What was said of one order, oldest first."""
        return [each.state for each in self.says(OrderUpdated) if each.client_id == name]

    def filled(self, name: str) -> Decimal:
        fills = (each.qty for each in self.says(Fill) if each.client_id == name)
        return sum(fills, Decimal(0))

    async def until(self, holds: Callable[[], object]) -> None:
        """Returns once it holds; what the edge says is taken meanwhile."""
        while not holds():
            self._moved.clear()
            await asyncio.wait({asyncio.ensure_future(self._moved.wait())}, timeout=0.02)

    async def hear(self) -> None:
        while True:
            await self.lanes.wait()
            while (offered := self.lanes.take()) is not None:
                if offered.event is not None:
                    self.said.append(offered.event)
            self._moved.set()


@asynccontextmanager
async def trading(
    folder: Path,
    exchange: SmallBinance | None = None,
    patience: Patience = IMPATIENT,
    recalled: Sequence[Event] = (),
) -> AsyncIterator[Scene]:
    """Opens the account and trades on it; what ended the edge early is raised at the end.

    `recalled` is what the journal holds of an earlier life.
    """
    served_by = exchange or SmallBinance()
    async with wire(folder, served_by) as served:
        config = VenueConfig(served.endpoint, Mode.TESTNET, (BTC,), patience=patience)
        venue = ExchangeVenue(BinanceDialect(served.endpoint.realm), config, KEYS)
        scene = Scene(served_by, venue, recalled)
        ears = asyncio.create_task(scene.hear())
        work = asyncio.create_task(venue.run(scene.context))
        opened = asyncio.create_task(venue.ready.wait())
        try:
            await asyncio.wait({work, opened}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            await scene.until(lambda: served_by.sockets)
            yield scene
            if work.done():
                work.result()
        finally:
            for task in (work, ears, opened):
                task.cancel()
            await asyncio.gather(work, ears, opened, return_exceptions=True)


def entry(
    name: str = "i1", qty: str = "1", seconds: float = 30.0, now: int | None = None
) -> OrderRequested:
    return _order(name, Leg.ENTRY, OrderKind.MARKET, Side.BUY, qty, seconds=seconds, now=now)


def stop(
    trigger: str = "90", qty: str = "1", *, name: str = "p1", generation: int = 0
) -> OrderRequested:
    return _order(
        name, Leg.STOP, OrderKind.STOP_MARKET, Side.SELL, qty, trigger, generation=generation
    )


def target(price: str = "110", qty: str = "1") -> OrderRequested:
    return _order("p1", Leg.TP1, OrderKind.LIMIT, Side.SELL, qty, price)


def close(qty: str = "1", *, generation: int = 0) -> OrderRequested:
    return _order("p1", Leg.CLOSE, OrderKind.MARKET, Side.SELL, qty, generation=generation)


def cancel(order: OrderRequested) -> OrderCancelRequested:
    return OrderCancelRequested(order.venue, order.mode, order.client_id, order.symbol, "test")


def query(order: OrderRequested) -> OrderQueryRequested:
    return OrderQueryRequested(order.venue, order.mode, order.client_id, order.symbol)


def leverage(wanted: int) -> LeverageRequested:
    return LeverageRequested("binance", Mode.TESTNET, BTC, Leverage(wanted), "i1")


def _order(
    parent: str,
    leg: Leg,
    kind: OrderKind,
    side: Side,
    qty: str,
    price: str | None = None,
    *,
    generation: int = 0,
    seconds: float = 30.0,
    now: int | None = None,
) -> OrderRequested:
    at = None if price is None else Price(Decimal(price))
    now = WallClock().now() if now is None else now
    return OrderRequested(
        venue="binance",
        mode=Mode.TESTNET,
        client_id=client_id(1, parent, leg, generation),
        symbol=BTC,
        leg=leg,
        kind=kind,
        side=side,
        qty=Qty(Decimal(qty)),
        reduce_only=leg is not Leg.ENTRY,
        created=Ns(now),
        price=at if kind is OrderKind.LIMIT else None,
        trigger=at if kind is OrderKind.STOP_MARKET else None,
        expires=Ns(now + int(seconds * NS_PER_S)) if leg is Leg.ENTRY else None,
        generation=generation,
    )
