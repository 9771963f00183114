"""How Binance writes figures and names, and what each means for us."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from quantum_os.events.execution import OrderKind, OrderState
from quantum_os.events.units import NS_PER_MS, Ns, Price, Qty, Side
from quantum_os.formulas.rounding import plain_string
from quantum_os.formulas.symbols import joined, unified

ZERO = Decimal(0)

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


def number(value: Any) -> Decimal:
    """A figure as it was written; raises ValueError for what is none, NaN and infinity."""
    try:
        figure = Decimal(str(value))
    except ArithmeticError as error:
        raise ValueError(f"no figure: {value!r}") from error
    if not figure.is_finite():
        raise ValueError(f"no figure: {value!r}")
    return figure


def text(value: Decimal) -> str:
    """A figure as a request carries it."""
    return plain_string(value)


def time(value: Any) -> Ns:
    """A time in ms as ns; raises ValueError."""
    return Ns(int(value) * NS_PER_MS)


def side(value: Any) -> Side:
    return Side(str(value))


def symbol(value: Any) -> str | None:
    """The unified name of a perpetual; None for a delivery contract or another kind of name."""
    try:
        return unified(str(value))
    except ValueError:
        return None


def market_id(name: str) -> str:
    """`BTCUSDT` for `BTC/USDT:USDT`."""
    return joined(name)


def qty(value: Any) -> Qty:
    return Qty(number(value))


def price_or_none(value: Any) -> Price | None:
    """A price, None for the zero that Binance writes where there is none."""
    figure = number(value or 0)
    return Price(figure) if figure > 0 else None


def flag(value: Any) -> bool:
    """A truth value, which Binance writes as a word here and as JSON there."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[str(value).lower()]
