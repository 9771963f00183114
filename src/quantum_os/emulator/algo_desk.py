"""Decides what becomes of a conditional order: kept, cancelled, triggered, refused at last."""

from collections.abc import Callable
from decimal import Decimal

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.algo_orders import LIMITS, TRAILING, AlgoOrder
from quantum_os.emulator.market import Market, SymbolMarket
from quantum_os.emulator.order_desk import OrderDesk
from quantum_os.emulator.order_form import OrderForm
from quantum_os.emulator.orders import ZERO, WireOrder
from quantum_os.emulator.refusals import Refused
from quantum_os.emulator.user_events import algo_update
from quantum_os.events.units import Side
from quantum_os.formulas.rounding import decimal_of

ALGOS_KEPT = 5_000

Refusal = Callable[[TradingAccount, AlgoOrder], Refused | None]


class AlgoDesk:
    """Keeps conditional orders and, when one triggers, places what it stands for.

    `refuse_child` is the fault script's word on the order that a triggered one becomes.
    """

    def __init__(self, market: Market, desk: OrderDesk) -> None:
        self._market = market
        self._desk = desk
        self.refuse_child: Refusal = lambda account, order: None

    def place(self, account: TradingAccount, form: OrderForm) -> AlgoOrder:
        """Takes a conditional order; raises Refused."""
        symbol = self._market.symbols[form.contract.symbol]
        self._check(account, form, symbol)
        number = next(account.numbers.algos)
        now = self._market.now
        order = AlgoOrder(
            algo_id=number,
            client_id=form.client_id or f"emu{number}",
            symbol=form.contract.symbol,
            side=form.side,
            type=form.type,
            tif=form.tif,
            qty=form.qty,
            trigger=form.trigger,
            price=form.price,
            reduce_only=form.reduce_only,
            close_position=form.close_position,
            working_type=form.working_type,
            price_protect=form.price_protect,
            created=now,
            updated=now,
            activate=form.activate,
            callback_pct=form.callback_pct,
        )
        if order.type != TRAILING and order.is_met(self._watched(symbol, order)):
            raise Refused(-2021)
        account.algos[number] = account.waiting[number] = order
        self._forget(account)
        self._tell(account, order)
        return order

    def cancel(self, account: TradingAccount, order: AlgoOrder) -> AlgoOrder:
        """Takes a conditional order out; raises Refused -2011 for one that no longer waits."""
        if not order.is_open:
            raise Refused(-2011)
        self._end(account, order, "CANCELED")
        return order

    def watch(self, account: TradingAccount, symbol: SymbolMarket) -> None:
        """Triggers what the newest price has reached."""
        for order in account.open_algos(symbol.contract.symbol):
            if order.is_met(self._watched(symbol, order)) and order.is_open:
                self._trigger(account, order)

    def ends(self, account: TradingAccount, child: WireOrder) -> None:
        """Hears that the order of a triggered one has ended."""
        order = account.algos.get(child.algo_id)
        if order is None:
            return
        order.average, order.filled = child.average, child.cum_qty
        self._end(account, order, "FINISHED")
        if order.close_position or account.ledger.positions.get(order.symbol) is None:
            self._close_others(account, order)

    def _trigger(self, account: TradingAccount, order: AlgoOrder) -> None:
        now = self._market.now
        order.triggered = now
        self._end(account, order, "TRIGGERING")
        refused = self.refuse_child(account, order)
        try:
            if refused is not None:
                raise refused
            self._place_child(account, order)
        except Refused as error:
            order.reason = error.text
            self._end(account, order, "REJECTED")

    def _place_child(self, account: TradingAccount, order: AlgoOrder) -> None:
        qty = order.qty
        held = account.ledger.positions.get(order.symbol)
        if qty is None:
            if held is None or (held.qty > 0) is (order.side is Side.BUY):
                raise Refused(-2022)
            qty = abs(held.qty)
        order.status = "TRIGGERED"
        child = self._desk.place(
            account,
            _child_form(account, order, qty),
            algo_id=order.algo_id,
            client_id=order.client_id,
            stop_price=order.trigger,
            orig_type=order.type,
            on_taken=lambda taken: self._taken(account, order, taken),
        )
        assert child.order_id == order.order_id, "a child has the id that was announced"

    def _taken(self, account: TradingAccount, order: AlgoOrder, child: WireOrder) -> None:
        order.order_id = child.order_id
        self._tell(account, order)

    def _close_others(self, account: TradingAccount, ended: AlgoOrder) -> None:
        """A flat position has nothing left to close."""
        for order in account.open_algos(ended.symbol):
            if order.close_position and account.ledger.positions.get(order.symbol) is None:
                self._end(account, order, "EXPIRED")

    def _check(self, account: TradingAccount, form: OrderForm, symbol: SymbolMarket) -> None:
        if form.contract.instrument.status != "TRADING" and not form.reduce_only:
            raise Refused(-4140)
        waiting = account.open_algos(form.contract.symbol)
        if form.client_id and any(order.client_id == form.client_id for order in waiting):
            raise Refused(-4116)
        if len(waiting) >= form.contract.algos_max:
            raise Refused(-4045)
        same = (o for o in waiting if o.close_position and o.side is form.side)
        if form.close_position and any(o.type == form.type for o in same):
            raise Refused(-4130)
        held = account.ledger.positions.get(form.contract.symbol)
        if form.reduce_only and (held is None or (held.qty > 0) is (form.side is Side.BUY)):
            raise Refused(-2022)
        if symbol.quote is None:
            raise Refused(-4141)
        self._check_worth(form)

    def _check_worth(self, form: OrderForm) -> None:
        least = form.contract.instrument.min_notional
        if form.qty is None or form.reduce_only or form.type == TRAILING:
            return
        if form.qty * (form.price or form.trigger) < least:
            raise Refused(-4164, least)

    def _watched(self, symbol: SymbolMarket, order: AlgoOrder) -> Decimal:
        price = symbol.mark if order.working_type == "MARK_PRICE" else symbol.price
        return decimal_of(price or symbol.mark)

    def _end(self, account: TradingAccount, order: AlgoOrder, status: str) -> None:
        order.status = status
        account.waiting.pop(order.algo_id, None)
        self._tell(account, order)

    def _tell(self, account: TradingAccount, order: AlgoOrder) -> None:
        order.updated = self._market.now
        told = order.told(account.contract(order.symbol))
        account.say("ALGO_UPDATE", algo_update(told, order.updated))

    def _forget(self, account: TradingAccount) -> None:
        if len(account.algos) <= ALGOS_KEPT:
            return
        for number, order in list(account.algos.items())[: ALGOS_KEPT // 10]:
            if not order.is_open:
                del account.algos[number]


def _child_form(account: TradingAccount, order: AlgoOrder, qty: Decimal) -> OrderForm:
    return OrderForm(
        contract=account.contract(order.symbol),
        side=order.side,
        type="LIMIT" if order.type in LIMITS else "MARKET",
        tif="GTC" if order.tif == "GTE_GTC" else order.tif,
        qty=qty,
        price=order.price if order.type in LIMITS else ZERO,
        trigger=ZERO,
        reduce_only=order.reduce_only,
        close_position=order.close_position,
        client_id=None,
        working_type=order.working_type,
        price_protect=order.price_protect,
        activate=None,
        callback_pct=None,
        good_till=0,
    )
