"""How a frame of Bybit's private stream is read."""

from collections.abc import Callable, Mapping
from typing import Any

from quantum_os.execution.venues.bybit import executions, orders
from quantum_os.execution.venues.ccxt import figures
from quantum_os.execution.venues.ccxt.facts import SHAPES, Private, Signal, SignalSeen, Unreadable

Json = Mapping[str, Any]

TOPICS = ("order", "execution", "position", "wallet")


def read_frame(message: Any) -> list[Private]:
    """What a frame says; empty for one of another topic, or that says nothing to us.

    Raises Unreadable for a frame of these topics that cannot be read: nothing of it is taken.
    """
    if not isinstance(message, dict):
        return []
    reader = _READERS.get(str(message.get("topic")))
    if reader is None:
        return []
    try:
        return [said for row in message["data"] for said in reader(row)]
    except SHAPES as error:
        raise Unreadable(f"{message.get('topic')}: {error!r}") from error


def _order(row: Json) -> list[Private]:
    seen = orders.seen(row)
    return [] if seen is None else [seen]


def _execution(row: Json) -> list[Private]:
    if row["execType"] == executions.FUNDING:
        return [SignalSeen(Signal.FUNDING, figures.symbol(row["symbol"]) or "")]
    trade = executions.trade(row)
    return [] if trade is None else [trade]


def _position(row: Json) -> list[Private]:
    """Under liquidation or deleveraging a person is told; else it only moves with our trades."""
    symbol, status = figures.symbol(row["symbol"]) or "", str(row.get("positionStatus") or "")
    if status in ("Liq", "Adl"):
        return [SignalSeen(Signal.MARGIN_CALL, symbol, f"{symbol} is in {status.lower()}")]
    return [SignalSeen(Signal.ACCOUNT, symbol)]


def _wallet(row: Json) -> list[Private]:
    return [SignalSeen(Signal.ACCOUNT)]


_READERS: Mapping[str, Callable[[Json], list[Private]]] = dict(
    zip(TOPICS, (_order, _execution, _position, _wallet), strict=True)
)
