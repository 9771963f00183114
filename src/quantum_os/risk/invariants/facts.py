"""What every check of an invariant starts from: orders, fills, positions and latches as heard.

It is kept apart from the books of the modules that trade, so that one mistake is not made twice.
"""

from decimal import Decimal

import msgspec

from quantum_os.events.execution import (
    Fill,
    Leg,
    OrderRequested,
    OrderState,
    OrderUpdated,
    PositionCorrected,
    ReconcileState,
    VenueOrder,
    VenueSnapshot,
)
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import Instrument, InstrumentUpdated, MarketData
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated
from quantum_os.events.risk import SafetyCleared, SafetyTripped
from quantum_os.events.system import FIRST_EPOCH, ProcessStarted
from quantum_os.events.units import Ns, Qty, Side, Usd
from quantum_os.formulas.client_ids import parse
from quantum_os.formulas.order_states import CONFIRMED, TERMINAL

ZERO = Decimal(0)
NEVER = Ns(2**63 - 1)
ENDED_KEPT = 64
"""Orders of one symbol that are remembered after their end, for what comes late."""
TRADES_KEPT = 512
"""Trade ids of one symbol that are remembered, so that a repeated one is known."""


class OrderSeen(msgspec.Struct):
    """An order of ours as it was asked for, and what the venue has said of it since."""

    client_id: str
    leg: Leg
    side: Side
    qty: Qty
    reduce_only: bool
    created: Ns
    intent_id: str | None
    expires: Ns | None
    state: OrderState = OrderState.NEW
    rests: bool = False
    ended_at: Ns | None = None
    told_qty: Decimal = ZERO
    filled: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        return self.qty - self.filled


class SymbolSeen(msgspec.Struct):
    """One symbol: the sum of its fills, our orders on it, and the position as the ledger told it.

    `before` is the sum before the last fill.
    """

    net: Decimal = ZERO
    before: Decimal = ZERO
    orders: dict[str, OrderSeen] = {}
    ended: dict[str, OrderSeen] = {}
    trades: dict[str, None] = {}
    position: PositionUpdated | None = None

    def order(self, client_id: str) -> OrderSeen | None:
        return self.orders.get(client_id) or self.ended.get(client_id)

    @property
    def is_closed(self) -> bool:
        """An exit was executed according to the venue, and its fills are on their way."""
        return any(
            order.told_qty > order.filled and order.side.sign * self.net < 0
            for order in self.ended.values()
        )

    def covered(self) -> bool:
        """A stop for all that is held rests at the venue, or an order that closes it lives."""
        held, resting = self.net, ZERO
        for order in self.orders.values():
            if order.leg is Leg.CLOSE:
                return True
            if order.leg is Leg.STOP and order.rests and order.side.sign * held < 0:
                resting = max(resting, order.left)
        return resting >= abs(held)


class Facts(msgspec.Struct):
    """All that was heard; `now` is the time of the input being worked on.

    `due` is when the next check is that time alone can fail; `touched` are the symbols to look at
    again when this instant is over, and `account_is_new` while the ledger's last word was not
    looked at. `nets` are the sums of fills that are not 0. `whole` says that all was heard from the
    first fill on: without that, sums begin with the next listing of the venue. `reconciled` is how
    the last comparison of this life ended.
    """

    now: Ns = Ns(0)
    due: Ns = NEVER
    touched: dict[str, None] = {}
    process: ProcessStarted | None = None
    whole: bool = False
    policy: PolicyUpdated | None = None
    account: AccountUpdated | None = None
    account_is_new: bool = False
    market: MarketData | None = None
    reconciled: bool = False
    symbols: dict[str, SymbolSeen] = {}
    nets: dict[str, Decimal] = {}
    instruments: dict[str, Instrument] = {}
    latches: dict[str, SafetyTripped] = {}
    is_repeat: bool = False

    def symbol(self, name: str) -> SymbolSeen:
        seen = self.symbols.get(name)
        if seen is None:
            seen = self.symbols[name] = SymbolSeen()
        return seen

    def wake(self, at: int) -> None:
        """Asks to be looked at when that time has come."""
        self.due = Ns(min(self.due, at))

    def touch(self, symbol: str) -> SymbolSeen:
        self.touched[symbol] = None
        return self.symbol(symbol)

    def on_started(self, event: ProcessStarted) -> None:
        if self.process is None:
            self.whole = event.epoch <= FIRST_EPOCH
        self.process = event
        if event.world_went_on:
            self.reconciled = False

    def on_policy(self, event: PolicyUpdated) -> None:
        self.policy = event

    def on_account(self, event: AccountUpdated) -> None:
        self.account, self.account_is_new = event, True

    def on_market(self, event: MarketData) -> None:
        self.market = event

    def on_reconciled(self, event: ReconcileState) -> None:
        self.reconciled = event.ok

    def on_instruments(self, event: InstrumentUpdated) -> None:
        for each in event.instruments:
            self.instruments[each.symbol] = each

    def on_tripped(self, event: SafetyTripped) -> None:
        self.latches.setdefault(event.cause, event)

    def on_cleared(self, event: SafetyCleared) -> None:
        self.latches.pop(event.cause, None)

    def on_requested(self, event: OrderRequested) -> None:
        self.touch(event.symbol).orders[event.client_id] = OrderSeen(
            client_id=event.client_id,
            leg=event.leg,
            side=event.side,
            qty=event.qty,
            reduce_only=event.reduce_only,
            created=event.created,
            intent_id=event.intent_id,
            expires=event.expires,
        )

    def on_updated(self, event: OrderUpdated) -> None:
        """Takes the venue's word; a stop on its way out rests until the venue says it is gone."""
        seen = self.touch(event.symbol)
        order = seen.orders.get(event.client_id)
        if order is None:
            return
        order.state = event.state
        order.told_qty = max(order.told_qty, event.cum_qty)
        order.rests = order.rests or event.state in CONFIRMED
        if event.state in TERMINAL:
            order.ended_at, order.rests = self.now, False
            del seen.orders[event.client_id]
            seen.ended[event.client_id] = order
            _forget_oldest(seen.ended, ENDED_KEPT)

    def on_fill(self, event: Fill) -> None:
        seen = self.touch(event.symbol)
        self.is_repeat = event.trade_id in seen.trades
        if self.is_repeat:
            return
        seen.trades[event.trade_id] = None
        _forget_oldest(seen.trades, TRADES_KEPT)
        seen.before = seen.net
        seen.net += event.side.sign * event.qty
        self._hold(event.symbol, seen.net)
        order = seen.order(event.client_id)
        if order is not None:
            order.filled += event.qty

    def on_position(self, event: PositionUpdated) -> None:
        self.touch(event.symbol).position = event if event.qty else None

    def on_corrected(self, event: PositionCorrected) -> None:
        seen = self.touch(event.symbol)
        seen.before, seen.net = seen.net, event.qty
        self._hold(event.symbol, seen.net)

    def on_listing(self, event: VenueSnapshot) -> None:
        """Begins with the venue's quantities where the fills before were not heard."""
        if self.whole:
            return
        self.whole = True
        for row in event.positions:
            self.symbol(row.symbol).net = row.qty
            self._hold(row.symbol, row.qty)
        for order in event.orders:
            self._adopt(order)

    def _hold(self, symbol: str, net: Decimal) -> None:
        if net != 0:
            self.nets[symbol] = net
        else:
            self.nets.pop(symbol, None)

    def _adopt(self, order: VenueOrder) -> None:
        parts = parse(order.client_id)
        seen = self.symbol(order.symbol)
        if parts is not None and order.client_id not in seen.orders:
            seen.orders[order.client_id] = OrderSeen(
                client_id=order.client_id,
                leg=parts.leg,
                side=order.side,
                qty=order.qty,
                reduce_only=order.reduce_only,
                created=self.now,
                intent_id=None,
                expires=None,
                rests=True,
                filled=order.cum_qty,
            )

    @property
    def equity(self) -> Usd | None:
        account = self.account
        return account.equity if account is not None and account.equity > 0 else None


def _forget_oldest(kept: dict[str, OrderSeen] | dict[str, None], at_most: int) -> None:
    if len(kept) > at_most:
        del kept[next(iter(kept))]
