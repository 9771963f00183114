"""What is new in what the venue says of orders and trades, whatever order it says it in."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TypeVar

import msgspec

from quantum_os.events.execution import (
    Fill,
    Leg,
    Liquidity,
    OrderRequested,
    OrderState,
    OrderUpdated,
)
from quantum_os.events.units import Mode, Ns, Qty, Usd
from quantum_os.execution.venues.ccxt.facts import OrderSeen, TradeSeen
from quantum_os.formulas.client_ids import parse
from quantum_os.formulas.order_states import Standing, advance

ORDERS_MAX = 10_000
"""Orders remembered; those that ended are forgotten first."""

TRADES_MAX = 50_000
"""Trade ids remembered, so that each is told once."""

UNNAMED_MAX = 1_000
"""Trades that wait until it is known whose order they belong to."""

EXTERNAL = ("autoclose-", "adl_autoclose", "settlement_autoclose")
"""Client ids of the venue's own liquidations, deleveraging and settlements."""

K = TypeVar("K")
V = TypeVar("V")


class Known(msgspec.Struct):
    """An order of ours. `heard` once the venue has said anything of it.

    `childless` once a conditional one has ended as itself: it has become no other order.
    """

    client_id: str
    symbol: str
    conditional: bool
    reduces: bool
    standing: Standing = Standing()
    traded: Decimal = Decimal(0)
    heard: bool = False
    venue_id: str = ""
    child_id: str = ""
    childless: bool = False

    @property
    def lacks_fills(self) -> bool:
        """True while more was executed than trades have been heard of."""
        return self.standing.cum_qty > self.traded


class Register:
    """Monotone: an order never comes back from its end, its executed quantity never falls.

    `on_lack` is called when more of an order was executed than trades have been heard of,
    `on_foreign_fee` with a trade whose fee was taken in something that the ledger does not hold.
    """

    def __init__(self, venue: str, mode: Mode) -> None:
        self._venue, self._mode = venue, mode
        self.orders: dict[str, Known] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._trades: dict[str, None] = {}
        self.unnamed: dict[str, TradeSeen] = {}
        self.on_lack: Callable[[], None] = lambda: None
        self.on_foreign_fee: Callable[[TradeSeen], None] = lambda trade: None
        self.changes = 0
        self.repeated = 0
        self.foreign: dict[str, None] = {}

    def recall(self, trade_ids: Iterator[str]) -> None:
        """Takes over the trades that a life before this one has told."""
        for trade_id in trade_ids:
            _keep(self._trades, trade_id, None, TRADES_MAX)

    def takes(self, order: OrderRequested) -> Known:
        """Begins to follow an order that is about to leave."""
        return self.follow(order.client_id, order.symbol, order.leg, reduces=order.reduce_only)

    def follow(self, client_id: str, symbol: str, leg: Leg, *, reduces: bool) -> Known:
        """Gives what is known of an order, and begins to follow one that is not known."""
        known = self.orders.get(client_id)
        if known is None:
            known = Known(client_id, symbol, leg is Leg.STOP, reduces)
            self._forget_ended()
            self.orders[client_id] = known
        return known

    def followed(self, client_id: str, symbol: str) -> Known | None:
        """The same by the id alone; None for an id that is not of our making."""
        ours = parse(client_id)
        if ours is None:
            return self.orders.get(client_id)
        return self.follow(client_id, symbol, ours.leg, reduces=ours.leg is not Leg.ENTRY)

    def hears(self, seen: OrderSeen) -> Iterator[OrderUpdated | Fill]:
        """Gives the update if it says anything new, and the trades that it gives an owner to."""
        known = self.followed(seen.client_id, seen.symbol)
        if known is None:
            return
        known.heard = True
        self._name(known, seen)
        yield from self._moves(known, seen)
        yield from self._give_owner(known)

    def hears_us(self, word: OrderSeen) -> Iterator[OrderUpdated]:
        """The same for what we say of an order ourselves: the venue has not spoken by that."""
        known = self.followed(word.client_id, word.symbol)
        if known is not None:
            yield from self._moves(known, word)

    def again(self, known: Known, now: Ns) -> OrderUpdated:
        """Says once more where an order stands, for who has not heard it."""
        state, cum_qty = known.standing.state, Qty(known.standing.cum_qty)
        last = OrderSeen(known.client_id, known.symbol, state, cum_qty, now, known.venue_id)
        return self._updated(last, known.standing)

    def hears_trade(self, seen: TradeSeen) -> Iterator[Fill]:
        """Gives the fill if this trade was never told; one without an owner waits for a name."""
        if seen.trade_id in self._trades:
            self.repeated += 1
            return
        client_id = self._owner_of(seen)
        if client_id is None:
            _keep(self.unnamed, seen.trade_id, seen, UNNAMED_MAX)
            return
        yield self._filled(seen, client_id)

    def name(self, symbol: str, order_id: str, client_id: str) -> Iterator[Fill]:
        """Learns who owns an order of the venue; gives the trades that waited for it."""
        if not order_id:
            return
        _keep(self._names, (symbol, order_id), client_id, ORDERS_MAX)
        of_it = [each for each in self.unnamed.values() if each.order_id == order_id]
        for trade in (each for each in of_it if each.symbol == symbol):
            yield self._filled(trade, client_id)

    def knows(self, trade_id: str) -> bool:
        """Whether a trade was told, or waits for the name of its order."""
        return trade_id in self._trades or trade_id in self.unnamed

    def has_named(self, trade: TradeSeen) -> bool:
        """Whether the order of a trade is one that we know by its name."""
        return (trade.symbol, trade.order_id) in self._names

    def is_followed(self, client_id: str) -> bool:
        return client_id in self.orders

    def _owner_of(self, seen: TradeSeen) -> str | None:
        """Whose trade it is: a conditional order trades as another one, with another name."""
        named = self._names.get((seen.symbol, seen.order_id))
        if named is not None:
            return named
        if seen.client_id.startswith(EXTERNAL) or parse(seen.client_id) is not None:
            return seen.client_id
        if seen.client_id and not self._may_be_child(seen):
            return seen.client_id
        return None

    def _may_be_child(self, seen: TradeSeen) -> bool:
        """True while a conditional order of ours could have become this one."""
        return any(
            known.conditional
            and known.symbol == seen.symbol
            and not (known.child_id or known.childless)
            for known in self.orders.values()
        )

    def _name(self, known: Known, seen: OrderSeen) -> None:
        # One that was triggered and came to nothing ends so as well, but then with a code.
        known.childless = known.childless or (
            seen.state is OrderState.CANCELED and not seen.code and seen.cum_qty == 0
        )
        if seen.venue_id and not known.conditional:
            known.venue_id = seen.venue_id
            _keep(self._names, (seen.symbol, seen.venue_id), known.client_id, ORDERS_MAX)
        if seen.child_id:
            known.child_id = seen.child_id
            _keep(self._names, (seen.symbol, seen.child_id), known.client_id, ORDERS_MAX)

    def _give_owner(self, known: Known) -> Iterator[Fill]:
        for order_id in (known.venue_id, known.child_id):
            if order_id and self.unnamed:
                yield from self.name(known.symbol, order_id, known.client_id)

    def _filled(self, seen: TradeSeen, client_id: str) -> Fill:
        self.unnamed.pop(seen.trade_id, None)
        _keep(self._trades, seen.trade_id, None, TRADES_MAX)
        self.changes += 1
        known = self.followed(client_id, seen.symbol)
        if known is not None:
            known.heard = True
            known.traded += seen.qty
        else:
            _keep(self.foreign, client_id, None, UNNAMED_MAX)
        if not seen.is_fee_cash:
            self.on_foreign_fee(seen)
        is_liquidation = client_id.startswith(EXTERNAL[0])
        return Fill(
            self._venue,
            self._mode,
            seen.trade_id,
            client_id,
            seen.symbol,
            seen.side,
            seen.price,
            seen.qty,
            # Nothing left the wallet that the ledger is compared with; it is called out instead.
            seen.fee if seen.is_fee_cash else Usd(Decimal(0)),
            Liquidity.LIQUIDATION if is_liquidation else seen.liquidity,
            seen.venue_ts,
        )

    def _moves(self, known: Known, seen: OrderSeen) -> Iterator[OrderUpdated]:
        before, after = known.standing, advance(known.standing, seen.state, seen.cum_qty)
        if after != before:
            known.standing = after
            self.changes += 1
            yield self._updated(seen, after)
            if known.lacks_fills:
                self.on_lack()

    def _updated(self, seen: OrderSeen, standing: Standing) -> OrderUpdated:
        return OrderUpdated(
            self._venue,
            self._mode,
            seen.client_id,
            seen.symbol,
            standing.state,
            Qty(standing.cum_qty),
            Ns(seen.venue_ts),
            venue_id=seen.venue_id or None,
            avg_price=seen.avg_price if standing.cum_qty > 0 else None,
            code=seen.code or None,
            reason=seen.reason,
        )

    def _forget_ended(self) -> None:
        if len(self.orders) < ORDERS_MAX:
            return
        ended = (name for name, known in self.orders.items() if known.standing.is_terminal)
        self.orders.pop(next(ended, next(iter(self.orders))))


def _keep(kept: dict[K, V], key: K, value: V, limit: int) -> None:
    kept[key] = value
    while len(kept) > limit:
        del kept[next(iter(kept))]
