"""Decides what the endpoints of conditional orders answer: a book and an id space of their own."""

from collections.abc import Iterable, Mapping

from quantum_os.emulator.algo_orders import AlgoOrder
from quantum_os.emulator.call import Answer, Call, Route, Security
from quantum_os.emulator.order_form import read_form, wanted, whole
from quantum_os.emulator.orders import Json
from quantum_os.emulator.refusals import Refused
from quantum_os.emulator.rest_orders import DONE, window

_SIGNED = Security.SIGNED


def place(call: Call) -> Answer:
    if call.params.get("algoType") != "CONDITIONAL":
        raise Refused(-1102, "algoType")
    form = read_form(call.params, call.exchange.contracts, is_algo=True)
    placed = call.exchange.algos.place(call.account, form)
    return placed.listed(form.contract)


def cancel(call: Call) -> Answer:
    found = _find(call, missing=-2011)
    call.exchange.algos.cancel(call.account, found)
    # Documented as the two ids and a code, recorded as the whole order: this is both.
    return {**found.listed(call.account.contract(found.symbol)), "code": "200", "msg": "success"}


def cancel_all(call: Call) -> Answer:
    """Conditional orders only: plain ones have an endpoint of their own."""
    contract = call.exchange.contracts.named(wanted(call.params, "symbol"))
    call.exchange.cancel_all_algos(call.account, contract.symbol)
    return DONE


def order(call: Call) -> Answer:
    found = _find(call, missing=-2013)
    return found.listed(call.account.contract(found.symbol))


def open_orders(call: Call) -> Answer:
    name = call.params.get("symbol")
    symbol = call.exchange.contracts.named(name).symbol if name else None
    return _written(call, call.account.open_algos(symbol))


def all_orders(call: Call) -> Answer:
    contract = call.exchange.contracts.named(wanted(call.params, "symbol"))
    start, end = window(call)
    first = whole(call.params, "algoId", 0)
    found = [
        one
        for one in call.account.algos.values()
        if one.symbol == contract.symbol and one.algo_id >= first and start <= one.created <= end
    ]
    limit = call.limit(500, 1_000)
    return _written(call, found[-limit:])


def _find(call: Call, *, missing: int) -> AlgoOrder:
    number = whole(call.params, "algoId", 0)
    name = call.params.get("clientAlgoId")
    if not number and not name:
        raise Refused(-1102, "algoId")
    for one in reversed(call.account.algos.values()):
        is_it = one.algo_id == number if number else one.client_id == name
        if is_it and one.shown_from <= call.clock.wall_now():
            return one
    raise Refused(missing)


def _written(call: Call, orders: Iterable[AlgoOrder]) -> list[Json]:
    now = call.clock.wall_now()
    shown = (one for one in orders if one.shown_from <= now)
    return [one.listed(call.account.contract(one.symbol)) for one in shown]


def _open_weight(params: Mapping[str, str]) -> int:
    return 1 if params.get("symbol") else 40


ROUTES: dict[tuple[str, str], Route] = {
    ("POST", "/fapi/v1/algoOrder"): Route(place, _SIGNED, weight=0, orders=1),
    ("DELETE", "/fapi/v1/algoOrder"): Route(cancel, _SIGNED),
    ("GET", "/fapi/v1/algoOrder"): Route(order, _SIGNED),
    ("GET", "/fapi/v1/openAlgoOrders"): Route(open_orders, _SIGNED, weight=_open_weight),
    ("GET", "/fapi/v1/allAlgoOrders"): Route(all_orders, _SIGNED, weight=5),
    ("DELETE", "/fapi/v1/algoOpenOrders"): Route(cancel_all, _SIGNED),
}
