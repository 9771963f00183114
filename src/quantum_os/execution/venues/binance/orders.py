"""How an order is put to Binance's two books, and how a book's word on one is read."""

from collections.abc import Mapping
from typing import Any

from quantum_os.events.execution import OrderKind, OrderRequested, OrderState, VenueOrder
from quantum_os.events.units import Price, Qty
from quantum_os.execution.protection import TRIGGER_FAILED
from quantum_os.execution.venues.binance import figures
from quantum_os.execution.venues.ccxt.facts import OrderSeen

Json = Mapping[str, Any]


def plain_request(order: OrderRequested) -> dict[str, str]:
    """The body of POST /fapi/v1/order."""
    body = {
        "symbol": figures.market_id(order.symbol),
        "side": order.side.value,
        "type": "MARKET" if order.kind is OrderKind.MARKET else "LIMIT",
        "quantity": figures.text(order.qty),
        "newClientOrderId": order.client_id,
        "newOrderRespType": "RESULT",
    }
    if order.kind is not OrderKind.MARKET:
        if order.price is None:
            raise ValueError(f"{order.client_id}: a limit without a price")
        body["price"] = figures.text(order.price)
        body["timeInForce"] = "IOC" if order.kind is OrderKind.LIMIT_IOC else "GTC"
    if order.reduce_only:
        body["reduceOnly"] = "true"
    return body


def conditional_request(order: OrderRequested) -> dict[str, str]:
    """The body of POST /fapi/v1/algoOrder. It triggers on the mark: a last price can be painted."""
    if order.trigger is None:
        raise ValueError(f"{order.client_id}: a stop without a trigger")
    body = {
        "algoType": "CONDITIONAL",
        "symbol": figures.market_id(order.symbol),
        "side": order.side.value,
        "type": "STOP_MARKET",
        "quantity": figures.text(order.qty),
        "triggerPrice": figures.text(order.trigger),
        "workingType": "MARK_PRICE",
        "priceProtect": "FALSE",
        "clientAlgoId": order.client_id,
    }
    if order.reduce_only:
        body["reduceOnly"] = "true"
    return body


def plain_seen(row: Json) -> OrderSeen | None:
    """The word of the plain book on an order; None for one of another kind of contract."""
    symbol = figures.symbol(row["symbol"])
    if symbol is None:
        return None
    return OrderSeen(
        client_id=str(row["clientOrderId"]),
        symbol=symbol,
        state=figures.STATES[row["status"]],
        cum_qty=figures.qty(row["executedQty"]),
        venue_ts=figures.time(row["updateTime"]),
        venue_id=str(row["orderId"]),
        avg_price=figures.price_or_none(row.get("avgPrice")),
    )


def conditional_seen(row: Json) -> OrderSeen | None:
    """The word of the algo book on an order."""
    symbol = figures.symbol(row["symbol"])
    if symbol is None:
        return None
    done = figures.qty(row.get("actualQty") or 0)
    state, code = conditional_state(
        row["algoStatus"], done, figures.qty(row["quantity"]), int(row.get("triggerTime") or 0)
    )
    return OrderSeen(
        client_id=str(row["clientAlgoId"]),
        symbol=symbol,
        state=state,
        cum_qty=done,
        venue_ts=figures.time(row["updateTime"]),
        venue_id=str(row["algoId"]),
        child_id=str(row.get("actualOrderId") or ""),
        avg_price=figures.price_or_none(row.get("actualPrice")),
        code=code,
    )


def conditional_state(word: str, done: Qty, whole: Qty, triggered: int) -> tuple[OrderState, str]:
    """What the status of an algo order means, and TRIGGER_FAILED where it came to nothing.

    FINISHED only says that the order it became has ended: how, its executed quantity says.
    """
    if word in ("NEW", "TRIGGERING", "TRIGGERED"):
        return (OrderState.PARTIAL if done > 0 else OrderState.ACKED), ""
    if word == "FINISHED":
        if done >= whole:
            return OrderState.FILLED, ""
        return OrderState.CANCELED, TRIGGER_FAILED
    state = {
        "CANCELED": OrderState.CANCELED,
        "REJECTED": OrderState.REJECTED,
        "EXPIRED": OrderState.EXPIRED,
    }[word]
    return state, TRIGGER_FAILED if triggered and word != "CANCELED" else ""


def plain_listed(row: Json) -> VenueOrder | None:
    """A resting order of the plain book, of whomever it is."""
    symbol = figures.symbol(row["symbol"])
    if symbol is None:
        return None
    return VenueOrder(
        client_id=str(row["clientOrderId"]),
        symbol=symbol,
        kind=figures.KINDS.get(row["type"], OrderKind.LIMIT),
        side=figures.side(row["side"]),
        qty=figures.qty(row["origQty"]),
        cum_qty=figures.qty(row["executedQty"]),
        reduce_only=figures.flag(row["reduceOnly"]) or figures.flag(row["closePosition"]),
        price=figures.price_or_none(row.get("price")),
        trigger=figures.price_or_none(row.get("stopPrice")),
    )


def conditional_listed(row: Json) -> VenueOrder | None:
    """A waiting order of the algo book, of whomever it is."""
    symbol = figures.symbol(row["symbol"])
    if symbol is None:
        return None
    trigger = figures.price_or_none(row["triggerPrice"])
    return VenueOrder(
        client_id=str(row["clientAlgoId"]),
        symbol=symbol,
        kind=OrderKind.STOP_MARKET,
        side=figures.side(row["side"]),
        qty=figures.qty(row["quantity"] or 0),
        cum_qty=figures.qty(row.get("actualQty") or 0),
        reduce_only=figures.flag(row["reduceOnly"]) or figures.flag(row["closePosition"]),
        price=_limit_of(row),
        trigger=trigger,
    )


def _limit_of(row: Json) -> Price | None:
    return figures.price_or_none(row.get("price"))
