"""Decides whether the parameters of a new order make sense, before anybody's money is asked."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import msgspec

from quantum_os.emulator.algo_orders import CONDITIONAL, LIMITS, TRAILING
from quantum_os.emulator.contracts import Contract, Contracts
from quantum_os.emulator.orders import ZERO
from quantum_os.emulator.refusals import Refused
from quantum_os.events.units import Side

Params = Mapping[str, str]

PRICE_BAND = Decimal("0.05")
"""How far a limit may lie beyond the mark, as a fraction (the PERCENT_PRICE filter)."""

CALLBACK_PCT = (Decimal("0.1"), Decimal(10))
"""Percent: the callback rates of a trailing stop."""

_CLIENT_ID = re.compile(r"[.A-Za-z:/0-9_-]{1,36}")
_PLAIN = frozenset({"LIMIT", "MARKET"})
_TIFS = frozenset({"GTC", "IOC", "FOK", "GTX", "GTD"})
_MOST = Decimal(10) ** 15


class OrderForm(msgspec.Struct, frozen=True):
    """What a client asks for. `qty` None closes the position; unused prices are 0."""

    contract: Contract
    side: Side
    type: str
    tif: str
    qty: Decimal | None
    price: Decimal
    trigger: Decimal
    reduce_only: bool
    close_position: bool
    client_id: str | None
    working_type: str
    price_protect: bool
    activate: Decimal | None
    callback_pct: Decimal | None
    good_till: int

    @property
    def is_limit(self) -> bool:
        return self.type == "LIMIT" or self.type in LIMITS


def read_form(params: Params, contracts: Contracts, *, is_algo: bool) -> OrderForm:
    """Reads a new order, plain or conditional; raises Refused with Binance's code."""
    contract = contracts.named(wanted(params, "symbol"))
    side = _side(wanted(params, "side"))
    kind = wanted(params, "type")
    if kind in CONDITIONAL and not is_algo:
        raise Refused(-4120)
    if kind not in (CONDITIONAL if is_algo else _PLAIN):
        raise Refused(-1116)
    if params.get("positionSide", "BOTH") != "BOTH":
        raise Refused(-4061)
    closes = flag(params, "closePosition")
    form = OrderForm(
        contract=contract,
        side=side,
        type=kind,
        tif=_tif(params, kind),
        qty=None if closes else number(params, "quantity"),
        price=number(params, "price") if kind == "LIMIT" or kind in LIMITS else ZERO,
        trigger=number(params, "triggerPrice") if is_algo and kind != TRAILING else ZERO,
        reduce_only=flag(params, "reduceOnly") or closes,
        close_position=closes,
        client_id=_client_id(params, "clientAlgoId" if is_algo else "newClientOrderId"),
        working_type=params.get("workingType", "CONTRACT_PRICE"),
        price_protect=flag(params, "priceProtect"),
        activate=number(params, "activatePrice") if params.get("activatePrice") else None,
        callback_pct=number(params, "callbackRate") if kind == TRAILING else None,
        good_till=whole(params, "goodTillDate", 0),
    )
    _check_combination(form, params)
    check_grid(form)
    return form


def check_grid(form: OrderForm) -> None:
    """Tick, step and limits of quantity; raises Refused."""
    contract, instrument = form.contract, form.contract.instrument
    for price in (form.price, form.trigger, form.activate or ZERO):
        if price and _places(price) > contract.price_digits:
            raise Refused(-1111)
        if price % instrument.tick:
            raise Refused(-4014)
    if form.qty is None:
        return
    if form.qty <= 0:
        raise Refused(-4003)
    if _places(form.qty) > contract.qty_digits:
        raise Refused(-1111)
    if form.qty % instrument.step:
        raise Refused(-4023)
    if form.qty < instrument.min_qty:
        raise Refused(-4004)
    if form.qty > (instrument.max_qty if form.is_limit else instrument.market_max_qty):
        raise Refused(-4005)


def check_band(form: OrderForm, mark: Decimal) -> None:
    """A limit may not lie too far beyond the market; raises Refused."""
    if form.side is Side.BUY and form.price > mark * (1 + PRICE_BAND):
        raise Refused(-4016)
    if form.side is Side.SELL and form.price < mark * (1 - PRICE_BAND):
        raise Refused(-4024)


def wanted(params: Params, name: str) -> str:
    """Gives a parameter that must be there; raises Refused -1102."""
    value = params.get(name)
    if not value:
        raise Refused(-1102, name)
    return value


def number(params: Params, name: str) -> Decimal:
    """Reads a plain positive number; raises Refused -1102."""
    text = wanted(params, name)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Refused(-1102, name) from None
    if not value.is_finite() or abs(value) > _MOST or _places(value) > 18:
        raise Refused(-1102, name)
    return value


def whole(params: Params, name: str, default: int) -> int:
    """Reads a whole number, or gives the default; raises Refused -1102."""
    text = params.get(name)
    if text is None or text == "":
        return default
    if not re.fullmatch(r"-?\d{1,18}", text):
        raise Refused(-1102, name)
    return int(text)


def flag(params: Params, name: str) -> bool:
    """Reads `true` or `false`, in any case; raises Refused -1102."""
    text = params.get(name, "false").lower()
    if text not in ("true", "false"):
        raise Refused(-1102, name)
    return text == "true"


def _check_combination(form: OrderForm, params: Params) -> None:
    if form.close_position and params.get("quantity"):
        raise Refused(-1106, "quantity")
    if form.close_position and params.get("reduceOnly"):
        raise Refused(-1106, "reduceOnly")
    if form.close_position and form.type not in ("STOP_MARKET", "TAKE_PROFIT_MARKET"):
        raise Refused(-1128)
    if form.type == "MARKET" and params.get("price"):
        raise Refused(-1106, "price")
    if form.is_limit and form.price <= 0:
        raise Refused(-4013)
    if form.type in CONDITIONAL and form.type != TRAILING and form.trigger <= 0:
        raise Refused(-1102, "triggerPrice")
    if form.working_type not in ("CONTRACT_PRICE", "MARK_PRICE"):
        raise Refused(-1130, "workingType")
    low, high = CALLBACK_PCT
    if form.callback_pct is not None and not low <= form.callback_pct <= high:
        raise Refused(-1130, "callbackRate")


def _side(text: str) -> Side:
    if text not in ("BUY", "SELL"):
        raise Refused(-1117)
    return Side(text)


def _tif(params: Params, kind: str) -> str:
    if kind == "LIMIT" and not params.get("timeInForce"):
        raise Refused(-1102, "timeInForce")
    tif = params.get("timeInForce", "GTC")
    if tif == "GTE_GTC":
        return tif
    if tif not in _TIFS:
        raise Refused(-1115)
    return tif


def _client_id(params: Params, name: str) -> str | None:
    text = params.get(name)
    if text and not _CLIENT_ID.fullmatch(text):
        raise Refused(-4015)
    return text or None


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
