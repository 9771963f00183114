"""How an order is put to Bybit, and how its word on one is read; listings and stream write alike.

A conditional order keeps its number and its name when it triggers; so both are heard as one.
"""

import re
from collections.abc import Mapping
from typing import Any

from quantum_os.events.execution import OrderKind, OrderRequested, OrderState, VenueOrder
from quantum_os.execution.protection import TRIGGER_FAILED
from quantum_os.execution.venues.bybit.figures import KINDS, LINEAR, STATES, flag, side, word
from quantum_os.execution.venues.ccxt import figures
from quantum_os.execution.venues.ccxt.facts import NAME_MAX as WORDS_MAX
from quantum_os.execution.venues.ccxt.facts import OrderSeen

Json = Mapping[str, Any]

NAME_MAX = 36
"""Characters of a client id."""

_NUMBER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RISES, _FALLS = 1, 2
_BY_USER = "CancelByUser"
_NO_ERROR = "EC_NoError"


def request(order: OrderRequested) -> dict[str, Any]:
    """The body of POST /v5/order/create; raises ValueError for an order that lacks a price."""
    if len(order.client_id) > NAME_MAX:
        raise ValueError(f"{order.client_id}: over {NAME_MAX} characters")
    body: dict[str, Any] = {
        "category": LINEAR,
        "symbol": figures.market_id(order.symbol),
        "side": word(order.side),
        "orderType": "Market",
        "qty": figures.text(order.qty),
        "positionIdx": 0,
        "orderLinkId": order.client_id,
        "reduceOnly": order.reduce_only,
    }
    if order.kind in (OrderKind.LIMIT, OrderKind.LIMIT_IOC):
        if order.price is None:
            raise ValueError(f"{order.client_id}: a limit without a price")
        is_ioc = order.kind is OrderKind.LIMIT_IOC
        body |= {"orderType": "Limit", "price": figures.text(order.price)}
        body["timeInForce"] = "IOC" if is_ioc else "GTC"
    if order.kind is OrderKind.STOP_MARKET:
        body |= _condition(order)
    return body


def _condition(order: OrderRequested) -> dict[str, Any]:
    """It triggers on the mark: a last price can be painted. What it closes needs no margin."""
    if order.trigger is None:
        raise ValueError(f"{order.client_id}: a stop without a trigger")
    return {
        "triggerPrice": figures.text(order.trigger),
        "triggerDirection": _RISES if order.side.sign > 0 else _FALLS,
        "triggerBy": "MarkPrice",
        "closeOnTrigger": order.reduce_only,
    }


def which(client_id: str, symbol: str) -> dict[str, str]:
    """Names an order in a request: an order without a name of its own goes by its number."""
    name = "orderId" if _NUMBER.fullmatch(client_id) else "orderLinkId"
    return {"category": LINEAR, "symbol": figures.market_id(symbol), name: client_id}


def name_of(row: Json) -> str:
    """The client id; an order that was given none is called by its number."""
    return str(row.get("orderLinkId") or row["orderId"])


def seen(row: Json) -> OrderSeen | None:
    """What a row says of an order; None for one of another kind of contract."""
    symbol = figures.symbol(row["symbol"])
    if symbol is None or row.get("category", LINEAR) != LINEAR:
        return None
    done, number = figures.qty(row["cumExecQty"] or 0), str(row["orderId"])
    state = STATES[row["orderStatus"]]
    code, reason = _why(row, state)
    return OrderSeen(
        client_id=name_of(row),
        symbol=symbol,
        state=state,
        cum_qty=done,
        venue_ts=figures.time(row["updatedTime"]),
        venue_id=number,
        child_id=number if _is_conditional(row) else "",
        avg_price=figures.price_or_none(row.get("avgPrice")),
        code=code,
        reason=reason,
    )


def _why(row: Json, state: OrderState) -> tuple[str, str]:
    """Code and words for an order that ended unfilled; TRIGGER_FAILED for a stop that came to
    nothing: one that still waits is `Deactivated` when it is taken back.
    """
    if state not in (OrderState.CANCELED, OrderState.REJECTED):
        return "", ""
    refusal, cancelled_by = str(row.get("rejectReason") or ""), str(row.get("cancelType") or "")
    reason = (refusal if refusal not in ("", _NO_ERROR) else cancelled_by)[:WORDS_MAX]
    was_triggered = _is_conditional(row) and row["orderStatus"] in (
        "Cancelled",
        "PartiallyFilledCanceled",
    )
    if was_triggered and cancelled_by != _BY_USER:
        return TRIGGER_FAILED, reason
    return (reason if state is OrderState.REJECTED else ""), reason


def is_open(row: Json) -> bool:
    """True for an order that still rests: a listing may hold some that have just ended."""
    return STATES[row["orderStatus"]] in (OrderState.ACKED, OrderState.PARTIAL)


def listed(row: Json) -> VenueOrder | None:
    """A resting or waiting order, of whomever it is."""
    symbol = figures.symbol(row["symbol"])
    if symbol is None:
        return None
    kind = KINDS.get(row["orderType"], OrderKind.LIMIT)
    is_stop = _is_conditional(row) and kind is OrderKind.MARKET
    return VenueOrder(
        client_id=name_of(row),
        symbol=symbol,
        kind=OrderKind.STOP_MARKET if is_stop else kind,
        side=side(row["side"]),
        qty=figures.qty(row["qty"]),
        cum_qty=figures.qty(row["cumExecQty"] or 0),
        reduce_only=flag(row["reduceOnly"]) or flag(row["closeOnTrigger"]),
        price=figures.price_or_none(row.get("price")),
        trigger=figures.price_or_none(row.get("triggerPrice")),
    )


def _is_conditional(row: Json) -> bool:
    return figures.price_or_none(row.get("triggerPrice")) is not None
