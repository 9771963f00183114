"""How figures and names are read that every exchange writes alike; a figure that is none raises."""

from decimal import Decimal
from typing import Any

from quantum_os.events.units import NS_PER_MS, Ns, Price, Qty
from quantum_os.formulas.rounding import plain_string
from quantum_os.formulas.symbols import joined, unified

ZERO = Decimal(0)

FIGURE_CHARS_MAX = 60
"""Characters of a figure; a longer text is none."""

MAGNITUDE_MAX = 18
"""Digits before the point, and zeros behind it: no money and no quantity of an exchange has more,
and sums of what is longer would lose digits, or break the books.
"""

TIME_MAX_MS = 4_102_444_800_000
"""2100-01-01: a later time is microseconds read as milliseconds."""


def number(value: Any) -> Decimal:
    """A figure as it was written; raises ValueError for what is none, NaN, infinity and giants."""
    written = str(value)
    if len(written) > FIGURE_CHARS_MAX or not written.isascii() or "_" in written:
        raise ValueError(f"no figure: {written[:FIGURE_CHARS_MAX]!r}")
    try:
        figure = Decimal(written)
    except ArithmeticError as error:
        raise ValueError(f"no figure: {value!r}") from error
    if not figure.is_finite() or (figure and abs(figure.adjusted()) > MAGNITUDE_MAX):
        raise ValueError(f"no figure: {value!r}")
    return figure or ZERO


def text(value: Decimal) -> str:
    """A figure as a request carries it."""
    return plain_string(value)


def time(value: Any) -> Ns:
    """A time in ms as ns; raises ValueError."""
    figure = number(value)
    if not 0 <= figure <= TIME_MAX_MS:
        raise ValueError(f"no time in ms: {value!r}")
    return Ns(int(figure) * NS_PER_MS)


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
    """A price, None for the zero or the nothing that is written where there is none."""
    figure = number(value or 0)
    return Price(figure) if figure > 0 else None
