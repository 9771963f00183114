"""How Bybit writes states, kinds and sides, and what each means for us."""

from collections.abc import Mapping
from typing import Any

from quantum_os.events.execution import OrderKind, OrderState
from quantum_os.events.units import Side

LINEAR = "linear"
"""The category of the perpetuals that are settled in a stable coin."""

STATES: Mapping[str, OrderState] = {
    "New": OrderState.ACKED,
    "Untriggered": OrderState.ACKED,
    "Triggered": OrderState.ACKED,
    "PartiallyFilled": OrderState.PARTIAL,
    "Filled": OrderState.FILLED,
    "Cancelled": OrderState.CANCELED,
    "PartiallyFilledCanceled": OrderState.CANCELED,
    "Deactivated": OrderState.CANCELED,
    "Rejected": OrderState.REJECTED,
}
"""Of an order. A conditional one that is taken back before its trigger is `Deactivated`."""

KINDS: Mapping[str, OrderKind] = {"Market": OrderKind.MARKET, "Limit": OrderKind.LIMIT}

_SIDES: Mapping[str, Side] = {"Buy": Side.BUY, "Sell": Side.SELL}


def side(value: Any) -> Side:
    """Raises KeyError for a word that is no side."""
    return _SIDES[str(value)]


def word(side: Side) -> str:
    """A side as a request carries it."""
    return side.value.capitalize()


def flag(value: Any) -> bool:
    """A truth value; raises ValueError for what is none."""
    if not isinstance(value, bool):
        raise ValueError(f"no truth value: {value!r}")
    return value
