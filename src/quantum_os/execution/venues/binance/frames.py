"""How a frame of Binance's user stream is read."""

from collections.abc import Callable, Mapping
from typing import Any

from quantum_os.events.execution import Liquidity
from quantum_os.events.units import Usd
from quantum_os.execution.venues.binance import figures
from quantum_os.execution.venues.binance.orders import conditional_state
from quantum_os.execution.venues.ccxt.facts import (
    NAME_MAX,
    SHAPES,
    OrderSeen,
    Private,
    Signal,
    SignalSeen,
    TradeSeen,
    Unreadable,
)

Json = Mapping[str, Any]
TRADES = frozenset({"TRADE", "CALCULATED"})
"""Execution types with a trade in them; CALCULATED is the venue's own liquidation or ADL."""


def read_frame(message: Any) -> list[Private]:
    """What a frame says; empty for one that is not of the user stream, or says nothing to us.

    Raises Unreadable for a frame of the user stream that cannot be read: nothing of it is taken.
    """
    if not isinstance(message, dict):
        return []
    event = message.get("data", message)
    if not isinstance(event, dict):
        return []
    reader = _READERS.get(str(event.get("e")))
    if reader is None:
        return []
    try:
        return reader(event)
    except SHAPES as error:
        raise Unreadable(f"{event.get('e')}: {error!r}") from error


def _order(event: Json) -> list[Private]:
    row = event["o"]
    symbol = figures.symbol(row["s"])
    if symbol is None:
        return []
    said: list[Private] = [
        OrderSeen(
            client_id=str(row["c"]),
            symbol=symbol,
            state=figures.STATES[row["X"]],
            cum_qty=figures.qty(row["z"]),
            venue_ts=figures.time(row["T"]),
            venue_id=str(row["i"]),
            avg_price=figures.price_or_none(row.get("ap")),
        )
    ]
    if row["x"] in TRADES and figures.number(row["l"]) > 0:
        # The trade first: an order that is filled before its fills is waited for.
        said.insert(0, _trade(row, symbol))
    return said


def _trade(row: Json, symbol: str) -> TradeSeen:
    return TradeSeen(
        trade_id=f"{row['s']}:{row['t']}",
        order_id=str(row["i"]),
        client_id=str(row["c"]),
        symbol=symbol,
        side=figures.side(row["S"]),
        price=_price(row["L"]),
        qty=figures.qty(row["l"]),
        fee=Usd(figures.number(row.get("n") or 0)),
        liquidity=Liquidity.MAKER if row["m"] else Liquidity.TAKER,
        venue_ts=figures.time(row["T"]),
        fee_asset=str(row.get("N") or ""),
    )


def _algo(event: Json) -> list[Private]:
    row = event["o"]
    symbol = figures.symbol(row["s"])
    if symbol is None:
        return []
    done = figures.qty(row.get("aq") or 0)
    state, code = conditional_state(row["X"], done, figures.qty(row["q"]), int(row.get("tt") or 0))
    return [
        OrderSeen(
            client_id=str(row["caid"]),
            symbol=symbol,
            state=state,
            cum_qty=done,
            venue_ts=figures.time(event["T"]),
            venue_id=str(row["aid"]),
            child_id=str(row.get("ai") or ""),
            avg_price=figures.price_or_none(row.get("ap")),
            code=code,
            reason=str(row.get("rm") or "")[:NAME_MAX] if code else "",
        )
    ]


def _account(event: Json) -> list[Private]:
    funded = event["a"].get("m") == "FUNDING_FEE"
    return [SignalSeen(Signal.FUNDING if funded else Signal.ACCOUNT)]


def _settings(event: Json) -> list[Private]:
    changed = event.get("ac") or {}
    return [SignalSeen(Signal.SETTINGS, figures.symbol(changed.get("s")) or "")]


def _margin_call(event: Json) -> list[Private]:
    named = ", ".join(str(row.get("s")) for row in event.get("p", ()))
    return [SignalSeen(Signal.MARGIN_CALL, text=f"margin call: {named}"[:NAME_MAX])]


def _ended(event: Json) -> list[Private]:
    return [SignalSeen(Signal.ENDED)]


def _price(value: Any) -> Any:
    price = figures.price_or_none(value)
    if price is None:
        raise ValueError("a trade without a price")
    return price


_READERS: Mapping[str, Callable[[Json], list[Private]]] = {
    "ORDER_TRADE_UPDATE": _order,
    "ALGO_UPDATE": _algo,
    "ACCOUNT_UPDATE": _account,
    "ACCOUNT_CONFIG_UPDATE": _settings,
    "MARGIN_CALL": _margin_call,
    "listenKeyExpired": _ended,
}
