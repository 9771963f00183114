"""A trading floor: the venue alone, told prices and orders in a tape's order, with a record."""

from collections.abc import Iterable
from decimal import Decimal
from typing import TypeVar

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    Leg,
    LeverageConfirmed,
    LeverageRequested,
    OrderCancelRequested,
    OrderKind,
    OrderRequested,
    OrderState,
    OrderUpdated,
    VenueSnapshot,
)
from quantum_os.events.market import (
    Bracket,
    ExchangeRaw,
    Instrument,
    InstrumentUpdated,
    MarketKlines,
    MarketOpens,
    MarketTick,
    RawKind,
)
from quantum_os.events.system import ProcessStarted, TimerFired
from quantum_os.events.units import (
    NS_PER_HOUR,
    Leverage,
    Mode,
    Notional,
    Ns,
    Price,
    Qty,
    Side,
    Usd,
)
from quantum_os.execution.venues.sim.account import Account
from quantum_os.execution.venues.sim.config import SimVenueConfig
from quantum_os.execution.venues.sim.venue import RECONCILE_TIMER, SimVenue
from quantum_os.kernel.instant import Instant

E = TypeVar("E", bound=Event)

VENUE = "sim:test"
PRICES = "test"
BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"
BAR = NS_PER_HOUR
T0 = 480_000 * NS_PER_HOUR
FREE = SimVenueConfig(
    half_spread_bps=0.0, slippage_bps=0.0, impact_bps_per_pct=0.0, range_share=0.0, latency_ms=0.0
)
"""No spread and no slippage: takers trade at the price, so that sums can be done by hand."""


def D(text: str | int | float) -> Decimal:
    return Decimal(str(text))


def instrument(symbol: str = BTC, **changes: object) -> Instrument:
    """BTC's first two brackets in Binance's table: 0.4 % up to 300 k, then 0.5 % less 300."""
    fields: dict[str, object] = {
        "symbol": symbol,
        "tick": Price(D("0.1")),
        "step": Qty(D("0.001")),
        "min_qty": Qty(D("0.001")),
        "max_qty": Qty(D(1000)),
        "market_max_qty": Qty(D(120)),
        "min_notional": Notional(D(100)),
        "brackets": (
            Bracket(Notional(D(0)), Notional(D(300_000)), 125, D("0.004"), Usd(D(0))),
            Bracket(Notional(D(300_000)), Notional(D(800_000)), 100, D("0.005"), Usd(D(300))),
            Bracket(Notional(D(800_000)), Notional(D(3_000_000)), 75, D("0.0065"), Usd(D(1500))),
        ),
    }
    return Instrument(**{**fields, **changes})  # type: ignore[arg-type]


class Floor:
    """Time goes bar by bar: `bar` closes the one that is open and `opens` starts the next."""

    def __init__(
        self,
        config: SimVenueConfig = FREE,
        *,
        deposit: str = "10000",
        instruments: Iterable[Instrument] = (),
        venue: SimVenue | None = None,
    ) -> None:
        self.venue = venue or SimVenue(config)
        self.instant = Instant(T0)
        self.venue.keep_time_by(self.instant)
        self.record: list[Event] = []
        self.hears(
            ProcessStarted(1, "b", "c", Mode.BACKTEST, VENUE, "n", 0, Usd(D(deposit)), Ns(T0)),
            InstrumentUpdated(
                PRICES, tuple(instruments) or (instrument(), instrument(ETH)), "packaged"
            ),
        )

    @property
    def account(self) -> Account:
        return self.venue.state.account

    @property
    def now(self) -> int:
        return self.instant.ns

    def hears(self, *events: Event) -> list[Event]:
        said: list[Event] = []
        for event in events:
            answer = self.venue.handlers()[type(event)](event)
            if isinstance(answer, Event):
                said.append(answer)
            elif answer is not None:
                said += answer
        self.record += said
        return said

    def leverage(self, leverage: int, symbol: str = BTC) -> LeverageConfirmed:
        said = self.hears(LeverageRequested(VENUE, Mode.BACKTEST, symbol, Leverage(leverage), "i"))
        assert isinstance(said[0], LeverageConfirmed)
        return said[0]

    def opens(self, price: float, symbol: str = BTC) -> list[Event]:
        return self.hears(MarketOpens(PRICES, Ns(self.now), (symbol,), (price,)))

    def bar(
        self,
        prices: tuple[float, float, float, float],
        volume: float = 1e6,
        symbol: str = BTC,
    ) -> list[Event]:
        """Open, high, low, close of the bar that began now; time moves to its end."""
        start = self.now
        self.instant.ns = start + BAR
        first, high, low, last = prices
        columns = ((first,), (high,), (low,), (last,), (volume,))
        return self.hears(
            MarketKlines(PRICES, "1h", Ns(start), Ns(start + BAR), (symbol,), *columns)
        )

    def tick(self, price: float, symbol: str = BTC, **more: float) -> list[Event]:
        self.instant.ns += 1_000_000_000
        tick = MarketTick(PRICES, symbol, price, Ns(self.now), **more)  # type: ignore[arg-type]
        return self.hears(tick)

    def funding(self, rate: float, stamp: int | None = None, symbol: str = BTC) -> list[Event]:
        at = Ns(self.now if stamp is None else stamp)
        return self.hears(ExchangeRaw(PRICES, symbol, RawKind.FUNDING, at, rate, 8.0))

    def order(
        self,
        client_id: str,
        side: Side,
        qty: str,
        *,
        kind: OrderKind = OrderKind.MARKET,
        leg: Leg = Leg.ENTRY,
        price: str | None = None,
        trigger: str | None = None,
        reduce_only: bool = False,
        symbol: str = BTC,
        expires: int | None = None,
    ) -> list[Event]:
        return self.hears(
            OrderRequested(
                VENUE,
                Mode.BACKTEST,
                client_id,
                symbol,
                leg,
                kind,
                side,
                Qty(D(qty)),
                reduce_only,
                Ns(self.now),
                price=None if price is None else Price(D(price)),
                trigger=None if trigger is None else Price(D(trigger)),
                expires=None if expires is None else Ns(expires),
            )
        )

    def stop(self, client_id: str, side: Side, qty: str, trigger: str) -> list[Event]:
        return self.order(
            client_id,
            side,
            qty,
            kind=OrderKind.STOP_MARKET,
            leg=Leg.STOP,
            trigger=trigger,
            reduce_only=True,
        )

    def target(self, client_id: str, side: Side, qty: str, price: str) -> list[Event]:
        return self.order(
            client_id,
            side,
            qty,
            kind=OrderKind.LIMIT,
            leg=Leg.TP1,
            price=price,
            reduce_only=True,
        )

    def close(self, client_id: str, side: Side, qty: str) -> list[Event]:
        return self.order(client_id, side, qty, leg=Leg.CLOSE, reduce_only=True)

    def cancel(self, client_id: str, symbol: str = BTC) -> list[Event]:
        return self.hears(OrderCancelRequested(VENUE, Mode.BACKTEST, client_id, symbol, "test"))

    def enter(self, side: Side, qty: str, price: float, leverage: int = 10) -> list[Event]:
        """A market entry at the open of a new bar, after one quiet bar at that price."""
        self.leverage(leverage)
        self.bar((price, price, price, price))
        self.order("entry", side, qty)
        return self.opens(price)

    def snapshot(self) -> VenueSnapshot:
        said = self.hears(TimerFired(RECONCILE_TIMER, Ns(self.now)))
        assert isinstance(said[-1], VenueSnapshot)
        return said[-1]

    def fills(self) -> list[Fill]:
        return only(Fill, self.record)

    def payments(self) -> list[FundingPaid]:
        return only(FundingPaid, self.record)

    def updates(self, client_id: str) -> list[OrderUpdated]:
        return [u for u in only(OrderUpdated, self.record) if u.client_id == client_id]

    def states(self, client_id: str) -> list[OrderState]:
        return [update.state for update in self.updates(client_id)]


def only(kind: type[E], events: Iterable[Event]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]
