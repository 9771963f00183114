"""A ledger on a bus of its own, with the facts of a venue made short to say."""

from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    Leg,
    LeverageConfirmed,
    Liquidity,
    OrderKind,
    OrderRequested,
    OrderState,
    OrderUpdated,
)
from quantum_os.events.market import MarketKlines, MarketOpens, MarketTick
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.risk import RiskPermit
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import (
    NS_PER_MINUTE,
    Frac,
    Leverage,
    Mode,
    Ns,
    PositionSide,
    Price,
    Qty,
    Side,
    Usd,
)
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.portfolio.ledger import Ledger
from tests.events.examples import example_of

E = TypeVar("E", bound=Event)

BTC = "BTC/USDT:USDT"
VENUE = "sim:binance"
MODE = Mode.BACKTEST
DEPOSIT = Decimal(10_000)


def dec(value: str | int | Decimal) -> Decimal:
    return Decimal(value)


def started() -> ProcessStarted:
    return ProcessStarted(0, "b", "c", MODE, VENUE, "n", 1, Usd(DEPOSIT), Ns(0))


class Book:
    """Says facts to a ledger, a minute apart, and shows what it answered."""

    def __init__(self, ledger: Ledger | None = None) -> None:
        self.ledger = ledger or Ledger()
        self.journal = MemoryJournal()
        self.bus = Bus([self.ledger], self.journal)
        self._fills = 0
        self._payments = 0
        self.hear(started())

    def hear(self, event: Event) -> list[Event]:
        """Gives what the ledger said to one fact; a fault of the ledger is raised."""
        before = self.bus.seq + 1
        self.bus.process(self.bus.instant.ns + NS_PER_MINUTE, event, "test")
        for fault in self.bus.faulted.values():
            raise AssertionError(fault.traceback)
        return [envelope.event() for envelope in self.journal.read(before + 1)]

    def permit(self, side: PositionSide = PositionSide.LONG, **changes: Any) -> None:
        """Lets an intent `i` through: a stop 2 % away unless said otherwise."""
        wish: dict[str, Any] = {"intent_id": "i", "side": side, "stop_distance": Frac(0.02)}
        intent = example_of(TradeIntent)
        assert isinstance(intent, TradeIntent)
        intent = msgspec.structs.replace(intent, **(wish | changes))
        self.hear(RiskPermit(intent, intent.qty, intent.leverage, ()))

    def leverage(self, leverage: int) -> None:
        self.hear(LeverageConfirmed(VENUE, MODE, BTC, Leverage(leverage), "i"))

    def order(
        self,
        client_id: str,
        leg: Leg,
        side: Side,
        qty: str,
        trigger: str | None = None,
        why: str = "",
    ) -> None:
        self.hear(
            OrderRequested(
                venue=VENUE,
                mode=MODE,
                client_id=client_id,
                symbol=BTC,
                leg=leg,
                kind=OrderKind.MARKET,
                side=side,
                qty=Qty(dec(qty)),
                reduce_only=leg is not Leg.ENTRY,
                created=Ns(0),
                intent_id="i",
                position_id="p",
                trigger=None if trigger is None else Price(dec(trigger)),
                reason=why,
            )
        )

    def update(self, client_id: str, state: OrderState) -> list[Event]:
        return self.hear(OrderUpdated(VENUE, MODE, client_id, BTC, state, Qty(dec(0)), Ns(0)))

    def fill(
        self,
        side: Side,
        qty: str | Decimal,
        price: str | Decimal,
        *,
        fee: str = "0",
        order: str = "entry",
        trade: str = "",
        symbol: str = BTC,
        liquidity: Liquidity = Liquidity.TAKER,
    ) -> list[Event]:
        self._fills += 1
        return self.hear(
            Fill(
                VENUE,
                MODE,
                trade or f"t{self._fills}",
                order,
                symbol,
                side,
                Price(dec(price)),
                Qty(dec(qty)),
                Usd(dec(fee)),
                liquidity,
                Ns(0),
            )
        )

    def funding(self, amount: str, symbol: str = BTC, *, payment: str = "") -> list[Event]:
        self._payments += 1
        return self.hear(
            FundingPaid(
                VENUE,
                MODE,
                payment or f"f{self._payments}",
                symbol,
                Usd(dec(amount)),
                Frac(0.0001),
                Price(dec(1)),
                Qty(dec(1)),
                Ns(0),
            )
        )

    def bar(
        self, open_: float, high: float, low: float, close: float, venue: str = "binance"
    ) -> list[Event]:
        columns = ((open_,), (high,), (low,), (close,), (1.0,))
        return self.hear(MarketKlines(venue, "1m", Ns(0), Ns(60), (BTC,), *columns))

    def tick(self, price: float, venue: str = "binance") -> list[Event]:
        return self.hear(MarketTick(venue, BTC, price, Ns(0)))

    def open(self, price: float) -> list[Event]:
        return self.hear(MarketOpens("binance", Ns(0), (BTC,), (price,)))

    @property
    def cash(self) -> Decimal:
        return self.ledger.state.wallet.cash


def only(events: list[Event], kind: type[E]) -> E:
    """Gives the one event of a kind among what was said."""
    (found,) = [event for event in events if isinstance(event, kind)]
    return found


def position(events: list[Event]) -> PositionUpdated:
    return only(events, PositionUpdated)


def account(events: list[Event]) -> AccountUpdated:
    return only(events, AccountUpdated)


def closed(events: list[Event]) -> TradeClosed:
    return only(events, TradeClosed)
