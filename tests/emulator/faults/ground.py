"""Our venue, and our money path behind it, at an emulator that is told what to do wrong.

Everything between them is the wire: unmodified ccxt, TLS, REST and WebSocket. The market runs as
time does, on recorded times, so that what was naked for how long is the exchange's own word.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    Leg,
    OrderRequested,
    OrderUpdated,
    ReconcileState,
    VenueSnapshot,
)
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.system import AlertRaised, AlertResolved
from quantum_os.events.units import NS_PER_S, Mode, Price, Qty
from quantum_os.exchange.endpoint import Realm, emulator
from quantum_os.exchange.keys import Keys
from quantum_os.exchange.line import Line
from quantum_os.exchange.venue_clock import VenueClock
from quantum_os.execution.venues.binance.dialect import BinanceDialect
from quantum_os.execution.venues.ccxt.venue import ExchangeVenue, Patience, VenueConfig
from tests.emulator.emulated import KEY, SECRET, Emulated, emulated
from tests.execution.desk import intent, permit
from tests.execution.venues.binance import scene
from tests.execution.venues.binance.money_path import Fund
from tests.execution.venues.binance.scene import BTC, Scene

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
QTY = "0.01"
NAKED_MAX_S = 10.0

PATIENCE = Patience(write_s=0.5, absent_after_s=1.0, listing_s=10.0)
"""As the edge is, but for a test that waits for its end."""

HASTY = msgspec.structs.replace(PATIENCE, listing_s=0.7)
"""One that lists the account all the time."""


G = TypeVar("G", bound="Ground")


class Making(msgspec.Struct, frozen=True):
    """How the venue is made: with which patience, of which parts, and after which life.

    `before` are faults that are handed in before it is opened; `is_heard` False does not wait for
    its private stream.
    """

    patience: Patience = PATIENCE
    dialect: type[BinanceDialect] = BinanceDialect
    venue: type[ExchangeVenue] = ExchangeVenue
    recalled: Sequence[Event] = ()
    before: tuple[dict[str, Any], ...] = ()
    is_heard: bool = True


class Ground(Scene):
    """A venue of ours and the exchange that it trades on; `asks` puts instructions to the venue."""

    def __init__(self, venue: ExchangeVenue, emu: Emulated, recalled: Sequence[Event]) -> None:
        super().__init__(None, venue, recalled)
        self.emu = emu
        self.account = emu.account

    @property
    def now(self) -> int:
        """The exchange's time, which is ours, ns."""
        return self.emu.server.clock.now()

    @property
    def mark(self) -> Decimal:
        return Decimal(str(self.emu.exchange.market.symbols[BTC].mark))

    @property
    def held(self) -> Decimal:
        """What the exchange holds for us."""
        position = self.account.ledger.positions.get(BTC)
        return Decimal(0) if position is None else position.qty

    @property
    def stops(self) -> list[Any]:
        """The conditional orders that wait at the exchange."""
        return self.account.open_algos(BTC)

    @property
    def knocks(self) -> int:
        """Requests that came while the door was shut."""
        return self.emu.server.door.knocks_total

    @property
    def requests(self) -> int:
        return sum(self.emu.server.gateway.counts.values())

    def count(self, request: str) -> int:
        return self.emu.server.gateway.counts[request]

    def asked_for(self, order: OrderRequested | str) -> int:
        """How often the exchange was asked for an order of this name."""
        name = order if isinstance(order, str) else order.client_id
        return self.emu.server.gateway.asked_for[name]

    def taken(self, order: OrderRequested | str) -> int:
        """How many orders of this name the exchange has taken."""
        name = order if isinstance(order, str) else order.client_id
        return names_taken(self)[name]

    async def fault(self, kind: str, **rule: Any) -> None:
        await self.emu.fault({"kind": kind, **rule})

    def hold_market(self) -> None:
        """From now on the market stands still, and time with it: a moved price stays moved."""
        self.emu.server.clock.pause()

    async def heal(self) -> None:
        """Forgets every fault."""
        url = f"http://127.0.0.1:{self.emu.admin_port}/__fault"
        async with aiohttp.ClientSession() as session, session.delete(url) as answer:
            assert answer.status == 200

    async def silent_stream(self) -> None:
        """From now on no event of the user stream arrives, nor anything said on it."""
        await self.fault("lose", section="private", count=None)

    def alerts(self, rule: str) -> list[AlertRaised]:
        return [each for each in self.says(AlertRaised) if each.rule == rule]

    def resolved(self, rule: str) -> bool:
        keys = {each.key for each in self.alerts(rule)}
        return any(each.key in keys for each in self.says(AlertResolved))

    def codes(self, order: OrderRequested) -> list[str | None]:
        said = self.says(OrderUpdated)
        return [each.code for each in said if each.client_id == order.client_id]

    def entry(self, name: str = "i1", qty: str = QTY, seconds: float = 30.0) -> OrderRequested:
        return scene.entry(name, qty, seconds, self.now)

    def stop(self, frac: str = "0.97", qty: str = QTY, generation: int = 0) -> OrderRequested:
        """A stop at a fraction of the mark."""
        return scene.stop(self.price(frac), qty, generation=generation)

    def target(self, frac: str = "1.03", qty: str = QTY) -> OrderRequested:
        return scene.target(self.price(frac), qty)

    def close(self, qty: str = QTY, generation: int = 0) -> OrderRequested:
        return scene.close(qty, generation=generation)

    def price(self, frac: str) -> str:
        return str((self.mark * Decimal(frac)).quantize(Decimal("0.1")))

    async def listed(self) -> VenueSnapshot:
        """A listing that was asked for now."""
        seen = len(self.says(VenueSnapshot))
        self.venue.sweeper.wanted.set()
        await self.until(lambda: len(self.says(VenueSnapshot)) > seen)
        return self.says(VenueSnapshot)[-1]

    async def holds(self, name: str = "i1", qty: str = QTY) -> OrderRequested:
        """Buys, and returns once all of it was told."""
        order = self.entry(name, qty)
        self.asks(order)
        await self.until(lambda: self.filled(order.client_id) == Decimal(qty))
        return order


class Traded(Ground):
    """The same with the money path behind the venue; `enters` lets it trade."""

    fund: Fund

    def wish(self, name: str = "i1", qty: str = QTY) -> TradeIntent:
        """A wish at the mark with its stop two percent away and its targets two, four and six."""
        at = [Price(Decimal(self.price(frac))) for frac in ("0.98", "1", "1.02", "1.04", "1.06")]
        stop, ref, *targets = at
        amount = Decimal(qty)
        legs = tuple(Qty(Decimal(leg)) for leg in ("0.003", "0.003"))
        return msgspec.structs.replace(
            intent(name, created=self.now, qty=qty),
            ref_price=ref,
            sl_price=stop,
            tp_prices=tuple(targets),
            tp_qtys=(*legs, Qty(amount - sum(legs))),
        )

    def enters(self, name: str = "i1", qty: str = QTY) -> TradeIntent:
        wish = self.wish(name, qty)
        self.fund.hears(permit(wish))
        return wish

    async def protected(self, name: str = "i1", qty: str = QTY) -> TradeIntent:
        """Enters, and returns once stop and targets rest at the exchange and we know of it."""
        wish = self.enters(name, qty)
        await self.until(lambda: self.held == Decimal(qty) and self.stops)
        await self.until(lambda: len(self.account.open_orders(BTC)) == 3)
        await self.until(lambda: not self.fund.guard.state.guarded[BTC].is_naked)
        return wish

    async def agreed(self) -> None:
        """Returns once ledger and exchange agree on cash and quantity."""
        await self.until(lambda: self.fund.ledger.state.wallet.cash == self.account.ledger.wallet)
        seen = len(self.fund.says(ReconcileState))
        self.venue.sweeper.wanted.set()
        await self.until(lambda: len(self.fund.says(ReconcileState)) > seen)
        assert self.fund.says(ReconcileState)[-1].ok, self.fund.says(ReconcileState)[-1]


@asynccontextmanager
async def venue_at(folder: Path, making: Making | None = None) -> AsyncIterator[Ground]:
    """The venue alone; what ended it early is raised at the end."""
    async with _opened(folder, making or Making(), Ground) as ground:
        yield ground
        assert_nothing_doubled(ground)


@asynccontextmanager
async def fund_at(folder: Path, making: Making | None = None) -> AsyncIterator[Traded]:
    """The venue and the fund; at the end nothing may be doubled, nor have been naked too long."""
    async with _opened(folder, making or Making(), Traded) as ground:
        ground.fund = Fund(ground, lambda: ground.now)
        life = asyncio.create_task(ground.fund.live())
        await ground.until(lambda: ground.fund.says(ReconcileState))
        try:
            yield ground
            if life.done():
                life.result()
            assert_nothing_doubled(ground)
            assert seconds_naked(ground) <= NAKED_MAX_S
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)


@asynccontextmanager
async def _opened(folder: Path, making: Making, kind: type[G]) -> AsyncIterator[G]:
    async with emulated(folder, pace=1.0, as_recorded=True) as emu:
        if making.before:
            await emu.fault(*making.before)
        line = Line(VenueClock(emu.server.clock.now))
        endpoint = emulator(emu.server.port, emu.ca)
        began = emu.exchange.market.now
        await emu.step(61)
        config = VenueConfig(endpoint, Mode.TESTNET, (BTC,), since=began, patience=making.patience)
        keys = Keys("binance", Realm.EMULATOR, KEY, SECRET)
        venue = making.venue(making.dialect(Realm.EMULATOR), config, keys, line)
        ground = kind(venue, emu, making.recalled)
        ears = asyncio.create_task(ground.hear())
        work = asyncio.create_task(venue.run(ground.context))
        try:
            await ground.until(lambda: work.done() or ground.says(VenueSnapshot))
            await ground.until(lambda: work.done() or not making.is_heard or _is_heard(emu))
            if work.done():
                work.result()
            yield ground
            if work.done():
                work.result()
        finally:
            for task in (work, ears):
                task.cancel()
            await asyncio.gather(work, ears, return_exceptions=True)


def _is_heard(emu: Emulated) -> bool:
    return any(socket.api_key == KEY for socket in emu.server.hub.sockets)


def names_taken(ground: Ground) -> Counter[str]:
    """How many orders of each name the exchange has taken, in both books, by whomever."""
    plain = (o.client_id for o in ground.account.orders.values() if not o.algo_id)
    return Counter([*plain, *(o.client_id for o in ground.account.algos.values())])


def assert_nothing_doubled(ground: Ground) -> None:
    """No name was taken twice, and no trade of the exchange was told twice or with another size."""
    taken = names_taken(ground)
    assert set(taken.values()) <= {1}, taken
    told = [each.trade_id for each in fills_of(ground)]
    assert len(told) == len(set(told)), told
    known = {f"BTCUSDT:{each.trade_id}": each.qty for each in ground.account.trades}
    assert all(known[each.trade_id] == each.qty for each in fills_of(ground))


def fills_of(ground: Ground) -> list[Fill]:
    return ground.says(Fill)


def seconds_naked(ground: Ground) -> float:
    """How long the exchange held anything for us without a stop for all of it, at the longest."""
    changes = [(t.time, "qty", t.qty * t.side.sign) for t in ground.account.trades]
    for algo in ground.account.algos.values():
        qty = algo.qty or Decimal(0)
        changes.append((algo.created, "cover", qty))
        if not algo.is_open:
            changes.append((algo.updated, "cover", -qty))
    held = cover = Decimal(0)
    since: int | None = None
    longest = 0
    for time, what, amount in sorted(changes, key=lambda change: change[0]):
        held += amount if what == "qty" else 0
        cover += amount if what == "cover" else 0
        if since is not None:
            longest = max(longest, time - since)
        if abs(held) <= cover:
            since = None
        elif since is None:
            since = time
    if since is not None:
        longest = max(longest, ground.now - since)
    return longest / NS_PER_S


def legs_asked(ground: Traded, leg: Leg) -> list[OrderRequested]:
    """What the fund has asked the venue for, of one leg."""
    return [each for each in ground.fund.says(OrderRequested) if each.leg is leg]
