"""How single events are told to the old system's readers: our fields, and theirs beside them."""

from collections.abc import Callable
from typing import Any

from quantum_os.formulas.symbols import joined
from quantum_os.kernel.iso_time import iso
from quantum_os.storage.redis.rows import ACTIONS, Fields


def told_to_old_readers(stream: str, event: Fields) -> dict[str, Any] | None:
    """Gives an event's payload as old readers know it; None where ours is all there is to say.

    `symbol` and `side` are spelled the old way, `unified` and `position_side` as we spell them.
    Prices and sizes under old names are numbers; ours stay exact, as text. `position_size_usd` is
    the notional: quantity times price.
    """
    tell = _SHAPES.get(stream)
    if tell is None:
        return None
    ours = {
        **event,
        "symbol": joined(event["symbol"]),
        "unified": event["symbol"],
        "position_side": event["side"],
    }
    action = ACTIONS[event["side"]]
    return ours | {"side": action, "action": action} | tell(event)


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _intent(event: Fields) -> dict[str, Any]:
    return {
        "timestamp": iso(event["created"]),
        "entry_price": _number(event["ref_price"]),
        "stop_loss": _number(event["sl_price"]),
        "take_profit": _number(event["tp_prices"][0]) if event["tp_prices"] else None,
        "position_size_usd": _number(event["notional_usd"]),
        "quantity": _number(event["qty"]),
        "model": event["strategy"],
        "reason": event["strategy"],
    }


def _decision(event: Fields) -> dict[str, Any]:
    return {
        "timestamp": iso(event["bar_close"]),
        "entry_price": event["ref_price"],
        "model": event["strategy"],
        "ensemble_confidence": event["confidence"],
    }


def _size(event: Fields) -> dict[str, Any]:
    return {
        "timestamp": iso(event["bar_close"]),
        "position_size_usd": _number(event["notional_usd"]),
        "quantity": _number(event["qty"]),
    }


def _result(event: Fields) -> dict[str, Any]:
    slippage_bps = event["slippage_bps"]
    return {
        "order_id": event["intent_id"],
        "quantity": _number(event["qty"]),
        "slippage_pct": None if slippage_bps is None else slippage_bps / 100,
    }


def _close(event: Fields) -> dict[str, Any]:
    net, paid = float(event["net"]), float(event["entry_price"]) * float(event["qty"])
    return {
        "timestamp": iso(event["closed_at"]),
        "trade_id": event["position_id"],
        "pnl_usd": net,
        "pnl_percent": 100 * net / paid if paid else None,
        "model": event["strategy"],
    }


_SHAPES: dict[str, Callable[[Fields], dict[str, Any]]] = {
    "ai.decision.made": _decision,
    "sizing.decided": _size,
    "trade.intent": _intent,
    "execution.result": _result,
    "trade.closed": _close,
}
