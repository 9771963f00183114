"""How Binance writes figures and names, and what each means for us."""

from collections.abc import Mapping
from typing import Any

from quantum_os.events.execution import OrderKind, OrderState
from quantum_os.events.units import Side
from quantum_os.execution.venues.ccxt.figures import (
    ZERO,
    market_id,
    number,
    price_or_none,
    qty,
    symbol,
    text,
    time,
)

__all__ = [
    "KINDS",
    "STATES",
    "ZERO",
    "flag",
    "market_id",
    "number",
    "price_or_none",
    "qty",
    "rows",
    "side",
    "symbol",
    "text",
    "time",
]

STATES: Mapping[str, OrderState] = {
    "NEW": OrderState.ACKED,
    "PENDING_NEW": OrderState.ACKED,
    "PARTIALLY_FILLED": OrderState.PARTIAL,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELED,
    "PENDING_CANCEL": OrderState.CANCELING,
    "REJECTED": OrderState.REJECTED,
    "EXPIRED": OrderState.EXPIRED,
    "EXPIRED_IN_MATCH": OrderState.EXPIRED,
    "NEW_INSURANCE": OrderState.ACKED,
    "NEW_ADL": OrderState.ACKED,
}
"""Of a plain order. Filled is said by executed quantity alone, whatever the word."""

KINDS: Mapping[str, OrderKind] = {
    "MARKET": OrderKind.MARKET,
    "LIMIT": OrderKind.LIMIT,
    "STOP_MARKET": OrderKind.STOP_MARKET,
}


def side(value: Any) -> Side:
    return Side(str(value))


def flag(value: Any) -> bool:
    """A truth value, which Binance writes as a word here and as JSON there."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[str(value).lower()]


def rows(answer: Any) -> list[Any]:
    """The rows of a listing; raises ValueError for what is none, lest it pass for an empty one."""
    if not isinstance(answer, list):
        raise ValueError(f"no list but {str(answer)[:80]!r}")
    return answer
