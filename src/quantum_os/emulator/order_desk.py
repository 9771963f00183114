"""Decides what becomes of a request to place, amend or cancel a plain order."""

from collections.abc import Callable
from decimal import Decimal

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.contracts import Contract
from quantum_os.emulator.host import MODE, VENUE
from quantum_os.emulator.market import Market, SymbolMarket
from quantum_os.emulator.order_form import OrderForm, check_band, check_grid
from quantum_os.emulator.orders import ZERO, WireOrder
from quantum_os.emulator.refusals import Refused
from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Leg,
    OrderCancelRequested,
    OrderKind,
    OrderRequested,
    OrderState,
    OrderUpdated,
)
from quantum_os.events.units import NS_PER_MS, Ns, Price, Qty, Side
from quantum_os.formulas.rounding import decimal_of

AMENDS_MAX = 10_000
"""How often one order can be modified."""

SWEEPS_MAX = 10
"""How often a market order takes from the quote before what is left of it expires."""

_KINDS = {"GTC": OrderKind.LIMIT, "GTX": OrderKind.LIMIT, "GTD": OrderKind.LIMIT}


class OrderDesk:
    """Carries plain orders to the matching core of an account."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def place(
        self,
        account: TradingAccount,
        form: OrderForm,
        *,
        algo_id: int = 0,
        client_id: str | None = None,
        stop_price: Decimal = ZERO,
        orig_type: str = "",
        on_taken: Callable[[WireOrder], None] = lambda order: None,
    ) -> WireOrder:
        """Places an order and lets it meet the market once; raises Refused, and nothing is placed.

        The keywords are for the order that a conditional one becomes.
        """
        symbol = self._market.symbols[form.contract.symbol]
        self.show_quote(account, symbol)
        self._check(account, form, symbol)
        number = next(account.numbers.orders)
        now = self._market.now
        order = WireOrder(
            order_id=number,
            client_id=client_id or form.client_id or f"emu{number}",
            symbol=form.contract.symbol,
            side=form.side,
            type="LIMIT" if form.is_limit else "MARKET",
            tif=form.tif,
            qty=form.qty or ZERO,
            price=form.price,
            reduce_only=form.reduce_only,
            created=now,
            updated=now,
            key=str(number),
            stop_price=stop_price,
            orig_type=orig_type,
            close_position=form.close_position,
            working_type=form.working_type,
            price_protect=form.price_protect,
            good_till=form.good_till,
            algo_id=algo_id,
        )
        self._submit(account, order, on_taken)
        if order.is_open:
            self._meet(account, symbol, order)
        return order

    def amend(
        self, account: TradingAccount, order: WireOrder, qty: Decimal, price: Decimal
    ) -> WireOrder:
        """Gives a resting limit another price and quantity; raises Refused and leaves it as is."""
        contract = account.contract(order.symbol)
        if order.type != "LIMIT":
            raise Refused(-5025)
        if (qty, price) == (order.qty, order.price):
            raise Refused(-5027)
        if order.amended >= AMENDS_MAX:
            raise Refused(-5026)
        if qty <= order.cum_qty:
            return self.cancel(account, order)
        form = _form_of(order, contract, qty, price)
        check_grid(form)
        symbol = self._market.symbols[order.symbol]
        self.show_quote(account, symbol)
        check_band(form, self._mark(symbol))
        self._check_taking(form, symbol)
        self._replace(account, order, qty, price)
        account.tell_order(order, "AMENDMENT")
        if order.is_open:
            self._meet(account, symbol, order)
        return order

    def cancel(self, account: TradingAccount, order: WireOrder) -> WireOrder:
        """Takes an order out; raises Refused -2011 for one that has ended."""
        if not order.is_open:
            raise Refused(-2011)
        event = OrderCancelRequested(VENUE, MODE, order.key, order.symbol, "asked")
        account.hears(account.host.hear(self._market.now, event), self._market.now)
        return order

    def show_quote(self, account: TradingAccount, symbol: SymbolMarket) -> None:
        """Lets the account's venue see what the market is now."""
        quote = symbol.quote
        if quote is None:
            raise Refused(-4141)
        now, name = self._market.now, symbol.contract.symbol
        if symbol.room is not None and not account.host.may_take(name, symbol.room):
            return
        said = account.host.quotes(now, name, quote.bid, quote.ask)
        account.hears(said, now)

    def _check(self, account: TradingAccount, form: OrderForm, symbol: SymbolMarket) -> None:
        status = form.contract.instrument.status
        if status != "TRADING" and not (form.reduce_only and status == "PENDING_TRADING"):
            raise Refused(-4140)
        resting = account.open_orders(form.contract.symbol)
        if form.client_id and any(order.client_id == form.client_id for order in resting):
            raise Refused(-4116)
        if len(resting) >= form.contract.orders_max:
            raise Refused(-2025)
        if form.is_limit:
            check_band(form, self._mark(symbol))
        self._check_taking(form, symbol)

    def _check_taking(self, form: OrderForm, symbol: SymbolMarket) -> None:
        """A post-only order may not take, one that fills or dies must be able to."""
        quote = symbol.quote
        if quote is None or not form.is_limit:
            return
        price = float(form.price)
        takes = price >= quote.ask if form.side is Side.BUY else price <= quote.bid
        if form.tif == "GTX" and takes:
            raise Refused(-5022)
        if form.tif == "FOK" and not takes:
            raise Refused(-5021)

    def _submit(
        self, account: TradingAccount, order: WireOrder, on_taken: Callable[[WireOrder], None]
    ) -> None:
        """Hands an order to the core; what the core refuses was never an order."""
        account.keep(order)
        said = account.host.hear(self._market.now, self._request(order, order.qty))
        refused = _refusal(said, order.key)
        if refused is not None:
            account.drop(order)
            raise _as_binance(refused, account.contract(order.symbol))
        on_taken(order)
        account.hears(said, self._market.now)

    def _meet(self, account: TradingAccount, symbol: SymbolMarket, order: WireOrder) -> None:
        """Lets an order meet the quote at once; a market order does not rest."""
        sweeps = SWEEPS_MAX if order.type == "MARKET" and symbol.room is None else 1
        for _ in range(sweeps):
            self.show_quote(account, symbol)
            if not order.is_open:
                return
        if order.type == "MARKET":
            event = OrderCancelRequested(VENUE, MODE, order.key, order.symbol, "no more liquidity")
            account.expiring.add(order.key)
            account.hears(account.host.hear(self._market.now, event), self._market.now)

    def _replace(
        self, account: TradingAccount, order: WireOrder, qty: Decimal, price: Decimal
    ) -> None:
        """Takes the old name out of the core and puts the new one in, in the same instant."""
        now, old = self._market.now, order.key
        order.amended += 1
        new = f"{order.order_id}.{order.amended}"
        account.hushed |= {old, new}
        cancel = OrderCancelRequested(VENUE, MODE, old, order.symbol, "amended")
        account.hears(account.host.hear(now, cancel), now)
        before = order.qty, order.price
        for name, (whole, at) in ((new, (qty, price)), (f"{new}r", before)):
            account.rekey(order, name)
            account.hushed.add(name)
            order.qty, order.price, order.updated = whole, at, now
            said = account.host.hear(now, self._request(order, whole - order.cum_qty))
            refused = _refusal(said, name)
            if refused is None:
                account.hears(said, now)
                break
        account.hushed.clear()
        if (order.qty, order.price) == before:
            raise Refused(-2019)

    def _request(self, order: WireOrder, qty: Decimal) -> OrderRequested:
        kind = OrderKind.MARKET
        if order.type == "LIMIT":
            kind = _KINDS.get(order.tif, OrderKind.LIMIT_IOC)
        return OrderRequested(
            venue=VENUE,
            mode=MODE,
            client_id=order.key,
            symbol=order.symbol,
            leg=Leg.CLOSE if order.reduce_only else Leg.ENTRY,
            kind=kind,
            side=order.side,
            qty=Qty(qty),
            reduce_only=order.reduce_only,
            created=Ns(self._market.now),
            price=Price(order.price) if kind is not OrderKind.MARKET else None,
            expires=Ns(order.good_till * NS_PER_MS) if order.good_till else None,
        )

    def _mark(self, symbol: SymbolMarket) -> Decimal:
        return decimal_of(symbol.mark)


def _form_of(order: WireOrder, contract: Contract, qty: Decimal, price: Decimal) -> OrderForm:
    return OrderForm(
        contract=contract,
        side=order.side,
        type="LIMIT",
        tif=order.tif,
        qty=qty,
        price=price,
        trigger=ZERO,
        reduce_only=order.reduce_only,
        close_position=False,
        client_id=order.client_id,
        working_type=order.working_type,
        price_protect=order.price_protect,
        activate=None,
        callback_pct=None,
        good_till=order.good_till,
    )


def _refusal(said: list[Event], key: str) -> OrderUpdated | None:
    for event in said:
        if (
            isinstance(event, OrderUpdated)
            and event.client_id == key
            and event.state is OrderState.REJECTED
        ):
            return event
    return None


def _as_binance(refused: OrderUpdated, contract: Contract) -> Refused:
    code = int(refused.code or "-2010")
    return Refused(code, contract.instrument.min_notional if code == -4164 else "")
