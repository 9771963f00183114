"""Decides what the endpoints of plain orders and of trades answer."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.call import Answer, Call, Route, Security
from quantum_os.emulator.listing import RATE_LIMITS
from quantum_os.emulator.order_form import number, read_form, wanted, whole
from quantum_os.emulator.orders import ZERO, Json, WireOrder
from quantum_os.emulator.refusals import Refused
from quantum_os.events.units import NS_PER_DAY, NS_PER_MS
from quantum_os.kernel.unreadable import UNREADABLE

BATCH_MAX = 5
CANCELS_MAX = 10

WINDOW_DAYS = 7
"""Days between the ends of one request for history."""

DONE: Json = {"code": 200, "msg": "The operation of cancel all open order is done."}

_SIGNED = Security.SIGNED


def place(call: Call) -> Answer:
    return _place(call, call.params)


def amend(call: Call) -> Answer:
    return _amend(call, call.params)


def cancel(call: Call) -> Answer:
    return _cancel(call, call.params)


def place_batch(call: Call) -> Answer:
    """Each order for itself: one that is refused stands as its code in the list."""
    return [_tried(_place, call, one) for one in _batch(call.params)]


def amend_batch(call: Call) -> Answer:
    return [_tried(_amend, call, one) for one in _batch(call.params)]


def cancel_batch(call: Call) -> Answer:
    symbol = wanted(call.params, "symbol")
    ids = [("orderId", str(one)) for one in _listed(call.params, "orderIdList")]
    names = [("origClientOrderId", one) for one in _listed(call.params, "origClientOrderIdList")]
    wishes = [{"symbol": symbol, name: str(value)} for name, value in ids + names]
    if not 0 < len(wishes) <= CANCELS_MAX:
        raise Refused(-1130, "orderIdList")
    return [_tried(_cancel, call, one) for one in wishes]


def cancel_all(call: Call) -> Answer:
    """Plain orders only: conditional ones have an endpoint of their own."""
    contract = call.exchange.contracts.named(wanted(call.params, "symbol"))
    call.exchange.cancel_all(call.account, contract.symbol)
    return DONE


def count_down(call: Call) -> Answer:
    """Plain orders only, like every cancel of this endpoint's family."""
    contract = call.exchange.contracts.named(wanted(call.params, "symbol"))
    wait_ms = whole(call.params, "countdownTime", -1)
    if wait_ms < 0:
        raise Refused(-1102, "countdownTime")
    slot = (call.account.key, contract.symbol)
    call.exchange.countdowns.pop(slot, None)
    if wait_ms:
        call.exchange.countdowns[slot] = call.exchange.market.now + wait_ms * NS_PER_MS
    return {"symbol": contract.name, "countdownTime": str(wait_ms)}


def order(call: Call) -> Answer:
    found = find(call, call.params, missing=-2013)
    return found.listed(call.account.contract(found.symbol))


def open_order(call: Call) -> Answer:
    found = find(call, call.params, missing=-2013)
    if not found.is_open:
        raise Refused(-2013)
    return found.listed(call.account.contract(found.symbol))


def open_orders(call: Call) -> Answer:
    name = call.params.get("symbol")
    symbol = call.exchange.contracts.named(name).symbol if name else None
    return _written(call.account, _shown(call, call.account.open_orders(symbol)))


def all_orders(call: Call) -> Answer:
    """Orders of a symbol, oldest first; one that never traded is forgotten with its window."""
    contract = call.exchange.contracts.named(wanted(call.params, "symbol"))
    start, end = window(call)
    first = whole(call.params, "orderId", 0)
    found = [
        one
        for one in _shown(call, call.account.orders.values())
        if one.symbol == contract.symbol and one.order_id >= first and start <= one.created <= end
    ]
    limit = call.limit(500, 1_000)
    is_forward = bool(first or call.params.get("startTime"))
    return _written(call.account, found[:limit] if is_forward else found[-limit:])


def user_trades(call: Call) -> Answer:
    """Trades of a symbol, oldest first, from `fromId` or inside a window of at most 7 days."""
    contract = call.exchange.contracts.named(wanted(call.params, "symbol"))
    start, end = window(call)
    first = whole(call.params, "fromId", 0)
    wanted_order = whole(call.params, "orderId", 0)
    found = [
        trade
        for trade in call.account.trades
        if trade.symbol == contract.symbol
        and trade.trade_id >= first
        and (first or start <= trade.time <= end)
        and wanted_order in (0, trade.order_id)
    ]
    limit = call.limit(500, 1_000)
    is_forward = bool(first or call.params.get("startTime"))
    chosen = found[:limit] if is_forward else found[-limit:]
    return [trade.listed(contract) for trade in chosen]


def rate_limits(call: Call) -> Answer:
    return [limit for limit in RATE_LIMITS if limit["rateLimitType"] == "ORDERS"]


def window(call: Call) -> tuple[int, int]:
    """The times asked for, ns: the last 7 days, or what one of the ends says; -4165 beyond."""
    length = WINDOW_DAYS * NS_PER_DAY
    now = call.exchange.market.now
    start = whole(call.params, "startTime", 0) * NS_PER_MS
    end = whole(call.params, "endTime", 0) * NS_PER_MS
    if start and end and end - start > length:
        raise Refused(-4165, WINDOW_DAYS)
    if not start:
        end = end or now
        return end - length, end
    return start, end or start + length


def find(call: Call, params: Mapping[str, str], *, missing: int) -> WireOrder:
    """Finds a plain order by either id; raises Refused with `missing`, -1102 without an id."""
    contract = call.exchange.contracts.named(wanted(params, "symbol"))
    number_ = whole(params, "orderId", 0)
    name = params.get("origClientOrderId")
    if not number_ and not name:
        raise Refused(-1102, "orderId")
    account = call.account
    for one in _shown(call, reversed(account.orders.values())):
        is_it = one.order_id == number_ if number_ else one.client_id == name
        if is_it and one.symbol == contract.symbol:
            return one
    raise Refused(missing)


def _place(call: Call, params: Mapping[str, str]) -> Json:
    form = read_form(params, call.exchange.contracts, is_algo=False)
    placed = call.exchange.orders.place(call.account, form)
    written = placed.listed(call.account.contract(placed.symbol))
    if params.get("newOrderRespType", "ACK") != "RESULT" and form.type == "MARKET":
        # An ACK knows nothing of what happened after the order was taken.
        zero = form.contract.qty(0.0)
        written |= {"status": "NEW", "executedQty": zero, "cumQty": zero, "cumQuote": "0"}
        written["avgPrice"] = form.contract.average(ZERO)
    return written


def _amend(call: Call, params: Mapping[str, str]) -> Json:
    found = find(call, params, missing=-2013)
    if params.get("side") not in (None, found.side.value):
        raise Refused(-1117)
    if not found.is_open:
        raise Refused(-2013)
    amended = call.exchange.orders.amend(
        call.account, found, number(params, "quantity"), number(params, "price")
    )
    return amended.listed(call.account.contract(amended.symbol))


def _cancel(call: Call, params: Mapping[str, str]) -> Json:
    found = find(call, params, missing=-2011)
    cancelled = call.exchange.orders.cancel(call.account, found)
    return cancelled.listed(call.account.contract(cancelled.symbol))


def _tried(
    deed: Callable[[Call, Mapping[str, str]], Json], call: Call, params: Mapping[str, str]
) -> Json:
    try:
        return deed(call, params)
    except Refused as refused:
        return refused.body()


def _shown(call: Call, orders: Iterable[WireOrder]) -> list[WireOrder]:
    """Leaves out what the fault script still hides."""
    now = call.clock.wall_now()
    return [one for one in orders if one.shown_from <= now]


def _written(account: TradingAccount, orders: Iterable[WireOrder]) -> list[Json]:
    return [one.listed(account.contract(one.symbol)) for one in orders]


def _batch(params: Mapping[str, str]) -> list[dict[str, str]]:
    try:
        text = wanted(params, "batchOrders")
        raw = msgspec.json.decode(text, type=list[dict[str, str | bool | float]])
    except UNREADABLE:
        raise Refused(-1102, "batchOrders") from None
    if not 0 < len(raw) <= BATCH_MAX:
        raise Refused(-1130, "batchOrders")
    return [{name: _text(value) for name, value in one.items()} for one in raw]


def _text(value: str | bool | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(params: Mapping[str, str], name: str) -> list[str | int]:
    try:
        return msgspec.json.decode(params.get(name, "[]"), type=list[str | int])
    except UNREADABLE:
        raise Refused(-1102, name) from None


def _open_weight(params: Mapping[str, str]) -> int:
    return 1 if params.get("symbol") else 40


ROUTES: dict[tuple[str, str], Route] = {
    ("POST", "/fapi/v1/order"): Route(place, _SIGNED, weight=0, orders=1),
    ("PUT", "/fapi/v1/order"): Route(amend, _SIGNED, weight=1, orders=1),
    ("DELETE", "/fapi/v1/order"): Route(cancel, _SIGNED),
    ("GET", "/fapi/v1/order"): Route(order, _SIGNED),
    ("POST", "/fapi/v1/batchOrders"): Route(place_batch, _SIGNED, weight=5, orders=5),
    ("PUT", "/fapi/v1/batchOrders"): Route(amend_batch, _SIGNED, weight=5, orders=5),
    ("DELETE", "/fapi/v1/batchOrders"): Route(cancel_batch, _SIGNED),
    ("DELETE", "/fapi/v1/allOpenOrders"): Route(cancel_all, _SIGNED),
    ("POST", "/fapi/v1/countdownCancelAll"): Route(count_down, _SIGNED, weight=10),
    ("GET", "/fapi/v1/openOrder"): Route(open_order, _SIGNED),
    ("GET", "/fapi/v1/openOrders"): Route(open_orders, _SIGNED, weight=_open_weight),
    ("GET", "/fapi/v1/allOrders"): Route(all_orders, _SIGNED, weight=5),
    ("GET", "/fapi/v1/userTrades"): Route(user_trades, _SIGNED, weight=5),
    ("GET", "/fapi/v1/rateLimit/order"): Route(rate_limits, _SIGNED),
}
