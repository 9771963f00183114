"""A venue that does what its script says: it acknowledges, refuses, fills and lists on demand."""

from collections.abc import Iterator
from decimal import Decimal

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    Leg,
    LeverageConfirmed,
    LeverageRequested,
    Liquidity,
    OrderCancelRequested,
    OrderQueryRequested,
    OrderRequested,
    OrderState,
    OrderSubmitted,
    OrderUpdated,
    VenuePosition,
    VenueSnapshot,
)
from quantum_os.events.units import Leverage, Margin, Mode, Ns, Price, Qty, Side, Usd

VENUE = "sim:test"


class FakeVenue:
    """Holds orders and signed positions. Reduce-only orders are cut to what they can reduce.

    `rejects` gives, per leg, the codes with which the next orders are refused; `silent` legs are
    accepted without a word, orders of `lost` legs never arrive; `leverage` overrides what is read
    back, `is_deaf` reads nothing back.
    """

    def __init__(self) -> None:
        self.open: dict[str, OrderRequested] = {}
        self.cum: dict[str, Decimal] = {}
        self.held: dict[str, Decimal] = {}
        self.rejects: dict[Leg, list[str]] = {}
        self.silent: set[Leg] = set()
        self.lost: set[Leg] = set()
        self.leverage: int | None = None
        self.is_deaf = False
        self.ts = Ns(1)
        self.trades = 0

    def hears(self, event: Event) -> Iterator[Event]:
        if isinstance(event, LeverageRequested) and not self.is_deaf:
            read_back = Leverage(self.leverage or event.leverage)
            yield LeverageConfirmed(
                event.venue, event.mode, event.symbol, read_back, event.intent_id
            )
        elif isinstance(event, OrderRequested):
            yield from self._accepts(event)
        elif isinstance(event, OrderQueryRequested):
            yield self.answers(event)
        elif isinstance(event, OrderCancelRequested) and event.client_id in self.open:
            yield self.updates(self._takes_off(event.client_id), OrderState.CANCELED)

    def fills(
        self, order: OrderRequested, qty: str | Decimal | None = None, price: str = "100"
    ) -> list[Event]:
        """Executes an order, whole or in part: the trade, then the word on the order."""
        left = order.qty - self.cum.get(order.client_id, Decimal(0))
        wanted = left if qty is None else min(left, Decimal(qty))
        held = self.held.get(order.symbol, Decimal(0))
        if order.reduce_only:
            wanted = min(wanted, max(-held * order.side.sign, Decimal(0)))
        if wanted <= 0 or order.client_id not in self.open:
            return []
        self.held[order.symbol] = held + order.side.sign * wanted
        cum = self.cum[order.client_id] = self.cum.get(order.client_id, Decimal(0)) + wanted
        whole = cum == order.qty or (order.reduce_only and not self.held[order.symbol])
        said = [
            self.trades_with(order.client_id, order.symbol, order.side, wanted, price),
            self.updates(order, OrderState.FILLED if whole else OrderState.PARTIAL),
        ]
        if whole:
            self._takes_off(order.client_id)
        return said

    def trades_with(
        self, client_id: str, symbol: str, side: Side, qty: Decimal, price: str = "100"
    ) -> Fill:
        self.trades += 1
        self.ts = Ns(self.ts + 1)
        return Fill(
            venue=VENUE,
            mode=Mode.BACKTEST,
            trade_id=f"t{self.trades}",
            client_id=client_id,
            symbol=symbol,
            side=side,
            price=Price(Decimal(price)),
            qty=Qty(qty),
            fee=Usd(qty * Decimal(price) * Decimal("0.0005")),
            liquidity=Liquidity.TAKER,
            venue_ts=self.ts,
        )

    def updates(self, order: OrderRequested, state: OrderState, code: str = "") -> OrderUpdated:
        return OrderUpdated(
            venue=order.venue,
            mode=order.mode,
            client_id=order.client_id,
            symbol=order.symbol,
            state=state,
            cum_qty=Qty(self.cum.get(order.client_id, Decimal(0))),
            venue_ts=self.ts,
            code=code or None,
        )

    def ends(self, order: OrderRequested, state: OrderState, code: str = "") -> OrderUpdated:
        """Ends an order of its own accord."""
        return self.updates(self._takes_off(order.client_id), state, code)

    def answers(self, query: OrderQueryRequested) -> OrderUpdated:
        """The last word on an order that is open, or that it never came."""
        order = self.open.get(query.client_id)
        if order is not None:
            partly = self.cum[order.client_id] > 0
            return self.updates(order, OrderState.PARTIAL if partly else OrderState.ACKED)
        return OrderUpdated(
            venue=query.venue,
            mode=query.mode,
            client_id=query.client_id,
            symbol=query.symbol,
            state=OrderState.EXPIRED,
            cum_qty=Qty(Decimal(0)),
            venue_ts=self.ts,
            code="-2013",
        )

    def lists(self, wallet: str = "1000") -> VenueSnapshot:
        rows = tuple(
            VenuePosition(
                symbol=symbol,
                qty=Qty(qty),
                entry=Price(Decimal(100)),
                mark=Price(Decimal(100)),
                leverage=Leverage(3),
                margin=Margin(abs(qty) * 100 / 3),
                upnl=Usd(Decimal(0)),
                liq_price=None,
            )
            for symbol, qty in self.held.items()
            if qty
        )
        usd = Usd(Decimal(wallet))
        self.ts = Ns(self.ts + 1)
        return VenueSnapshot(VENUE, Mode.BACKTEST, self.ts, usd, usd, rows, ())

    def resting(self, *legs: Leg) -> list[OrderRequested]:
        return [order for order in self.open.values() if not legs or order.leg in legs]

    def _accepts(self, order: OrderRequested) -> Iterator[Event]:
        assert order.client_id not in self.cum, "a client id was used twice"
        if order.leg in self.lost:
            return
        self.cum[order.client_id] = Decimal(0)
        yield OrderSubmitted(order.venue, order.mode, order.client_id, order.symbol)
        codes = self.rejects.get(order.leg, [])
        held = self.held.get(order.symbol, Decimal(0))
        if codes:
            yield self.updates(order, OrderState.REJECTED, codes.pop(0))
        elif order.leg is Leg.CLOSE and held * order.side.sign >= 0:
            yield self.updates(order, OrderState.REJECTED, "-2022")
        else:
            self.open[order.client_id] = order
            if order.leg not in self.silent:
                yield self.updates(order, OrderState.ACKED)

    def _takes_off(self, client_id: str) -> OrderRequested:
        return self.open.pop(client_id)
