"""Decides what an account owns and has done, from the words of its venue."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import count

import msgspec

from quantum_os.emulator.algo_orders import AlgoOrder
from quantum_os.emulator.contracts import Contract, Contracts
from quantum_os.emulator.host import VenueHost
from quantum_os.emulator.orders import ZERO, Json, WireOrder, WireTrade
from quantum_os.emulator.user_events import account_update, order_update, trade_lite
from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    Liquidity,
    OrderState,
    OrderUpdated,
)
from quantum_os.events.units import Side
from quantum_os.execution.venues.sim.account import Account
from quantum_os.execution.venues.sim.liquidation import AUTOCLOSE

ORDERS_KEPT = 20_000
"""Orders of an account that are remembered, the newest."""

TRADES_KEPT = 50_000
INCOMES_KEPT = 50_000

_STATUS = {
    OrderState.ACKED: ("NEW", "NEW"),
    OrderState.CANCELED: ("CANCELED", "CANCELED"),
    OrderState.EXPIRED: ("EXPIRED", "EXPIRED"),
}
"""Execution type and status of what the venue says without a trade."""


class Numbers:
    """The venue's counters: one for orders, one for conditional orders, one for trades."""

    def __init__(self) -> None:
        self.orders = count(8_389_000_001)
        self.algos = count(1_000_000_000_000_001)
        self.trades = count(690_000_001)
        self.incomes = count(9_689_000_001)


class Income(msgspec.Struct, frozen=True):
    """A booking of the wallet in USDT; `time` ns."""

    number: int
    kind: str
    symbol: str
    amount: Decimal
    time: int
    trade_id: int = 0


class TradingAccount:
    """One API key's account. `say` gets each event of the user stream, as its name and body.

    `ledger` books every fill by itself, beside the matching core: the two must agree to the last
    digit, and each event shows the account as it stood at that very fill. `hushed` are names in
    the matching core of which nothing is said: an order that is being amended has two for a while.
    A cancel of one in `expiring` is told as its expiry.
    """

    def __init__(
        self,
        key: str,
        secret: str,
        host: VenueHost,
        contracts: Contracts,
        numbers: Numbers,
    ) -> None:
        self.key, self.secret = key, secret
        self.host = host
        self.contracts = contracts
        self.numbers = numbers
        self.ledger = Account(leverage=dict(host.account.leverage))
        self.ledger.put_in(host.account.deposit)
        self.orders: dict[int, WireOrder] = {}
        self.algos: dict[int, AlgoOrder] = {}
        self.waiting: dict[int, AlgoOrder] = {}
        self.trades: deque[WireTrade] = deque(maxlen=TRADES_KEPT)
        self.incomes: deque[Income] = deque(maxlen=INCOMES_KEPT)
        self.realised: dict[str, Decimal] = {}
        self.warned: set[str] = set()
        self.touched = 0
        self.say: Callable[[str, Json], None] = _silent
        self.on_end: Callable[[WireOrder], None] = _careless
        self.hushed: set[str] = set()
        self.expiring: set[str] = set()
        self._by_key: dict[str, WireOrder] = {}
        self._pending: WireTrade | None = None

    def contract(self, symbol: str) -> Contract:
        return self.contracts.of(symbol)

    def keep(self, order: WireOrder) -> None:
        """Remembers an order that the venue took."""
        self.orders[order.order_id] = order
        self._by_key[order.key] = order
        if len(self.orders) > ORDERS_KEPT:
            self._forget()

    def open_orders(self, symbol: str | None = None) -> list[WireOrder]:
        """Plain orders that rest."""
        orders = self._by_key.values()
        return [o for o in orders if o.is_open and (symbol is None or o.symbol == symbol)]

    def open_algos(self, symbol: str | None = None) -> list[AlgoOrder]:
        """Conditional orders that wait."""
        return [o for o in self.waiting.values() if symbol is None or o.symbol == symbol]

    def drop(self, order: WireOrder) -> None:
        """Forgets an order that the venue did not take."""
        del self.orders[order.order_id]
        del self._by_key[order.key]

    def rekey(self, order: WireOrder, key: str) -> None:
        """Gives an order another name in the matching core."""
        self._by_key.pop(order.key, None)
        order.key = key
        self._by_key[key] = order

    def hears(self, said: Iterable[Event], now: int) -> None:
        """Books what the venue said, and says it on the user stream."""
        for event in said:
            if isinstance(event, Fill):
                self._fill(event, now)
            elif isinstance(event, OrderUpdated):
                self._update(event, now)
            elif isinstance(event, FundingPaid):
                self._pay(event, now)
        assert self.ledger.wallet == self.host.account.wallet, "the books of an account differ"

    def book_income(
        self, kind: str, symbol: str, amount: Decimal, time: int, trade_id: int = 0
    ) -> None:
        number = next(self.numbers.incomes)
        self.incomes.append(Income(number, kind, symbol, amount, time, trade_id))

    def tell_order(self, order: WireOrder, execution: str, trade: WireTrade | None = None) -> None:
        """Says an ORDER_TRADE_UPDATE."""
        told = order.told(self.contract(order.symbol), execution, trade)
        self.say("ORDER_TRADE_UPDATE", order_update(told, order.updated))

    def tell_account(self, reason: str, symbols: Iterator[str], change: Decimal, now: int) -> None:
        """Says an ACCOUNT_UPDATE; `change` is what the wallet gained besides trading, USDT."""
        self.touched = now
        self.say("ACCOUNT_UPDATE", account_update(self, reason, list(symbols), change, now))

    def _fill(self, fill: Fill, now: int) -> None:
        self._settle_pending()
        order = self._by_key.get(fill.client_id)
        if order is None:
            order = self._liquidation(fill, now)
        before = self.ledger.realised
        self.ledger.book_trade(fill.symbol, fill.side, fill.qty, fill.price)
        self.ledger.book_fee(fill.fee)
        won = self.ledger.realised - before
        self.realised[fill.symbol] = self.realised.get(fill.symbol, ZERO) + won
        trade = WireTrade(
            trade_id=next(self.numbers.trades),
            order_id=order.order_id,
            symbol=fill.symbol,
            side=fill.side,
            price=fill.price,
            qty=fill.qty,
            fee=fill.fee,
            realised=won,
            is_maker=fill.liquidity is Liquidity.MAKER,
            time=now,
        )
        self.trades.append(trade)
        order.cum_qty += fill.qty
        order.cum_quote += fill.qty * fill.price
        order.updated = now
        order.status = "FILLED" if order.cum_qty >= order.qty else "PARTIALLY_FILLED"
        if won:
            self.book_income("REALIZED_PNL", fill.symbol, won, now, trade.trade_id)
        self.book_income("COMMISSION", fill.symbol, -fill.fee, now, trade.trade_id)
        self._tell_trade(order, trade, fill.liquidity is Liquidity.LIQUIDATION)

    def _tell_trade(self, order: WireOrder, trade: WireTrade, is_liquidation: bool) -> None:
        contract = self.contract(order.symbol)
        self.tell_account("ORDER", iter([order.symbol]), ZERO, trade.time)
        if not is_liquidation:
            self.say("TRADE_LITE", trade_lite(order, trade, contract))
        self._pending = trade
        if is_liquidation or order.status == "FILLED":
            self._settle_pending("CALCULATED" if is_liquidation else "TRADE")

    def _settle_pending(self, execution: str = "TRADE") -> None:
        """Says the trade whose order's standing was awaited."""
        trade, self._pending = self._pending, None
        if trade is None:
            return
        order = self.orders[trade.order_id]
        self.tell_order(order, execution, trade)
        if not order.is_open:
            self.on_end(order)

    def _update(self, event: OrderUpdated, now: int) -> None:
        order = self._by_key.get(event.client_id)
        if order is None:
            return
        if event.state in (OrderState.FILLED, OrderState.PARTIAL):
            if event.state is OrderState.FILLED and order.status != "FILLED":
                # A reduce-only order is cut to the position: what it asked for beyond is gone.
                order.qty, order.status = order.cum_qty, "FILLED"
            self._settle_pending()
            return
        self._settle_pending()
        execution, status = _STATUS.get(event.state, ("", ""))
        if event.client_id in self.expiring:
            self.expiring.discard(event.client_id)
            execution, status = "EXPIRED", "EXPIRED"
        if not status or event.client_id in self.hushed:
            return
        order.status = status if status != "NEW" or not order.cum_qty else order.status
        order.updated = now
        self.tell_order(order, execution)
        if not order.is_open:
            self.on_end(order)

    def _pay(self, event: FundingPaid, now: int) -> None:
        self.ledger.book_funding(event.amount)
        self.book_income("FUNDING_FEE", event.symbol, event.amount, event.venue_ts)
        self.tell_account("FUNDING_FEE", iter([event.symbol]), event.amount, now)

    def _liquidation(self, fill: Fill, now: int) -> WireOrder:
        """The order by which the venue itself takes a position away."""
        number = next(self.numbers.orders)
        order = WireOrder(
            order_id=number,
            client_id=f"{AUTOCLOSE}{now // 1_000_000}{number % 1000:03d}",
            symbol=fill.symbol,
            side=Side(fill.side),
            type="LIMIT",
            tif="IOC",
            qty=fill.qty,
            price=fill.price,
            reduce_only=False,
            created=now,
            updated=now,
            key=fill.client_id,
        )
        self.keep(order)
        return order

    def _forget(self) -> None:
        for number, order in list(self.orders.items())[: ORDERS_KEPT // 10]:
            if not order.is_open:
                del self.orders[number]
                self._by_key.pop(order.key, None)


def _silent(name: str, body: Json) -> None:
    """Nobody listens to the account yet."""


def _careless(order: WireOrder) -> None:
    """Nobody waits for the end of an order yet."""
