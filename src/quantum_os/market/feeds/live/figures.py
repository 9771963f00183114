"""Which figures of a foreign message can be true: finite, in bounds, spelt as a number."""

from functools import lru_cache
from math import inf, isfinite

from quantum_os.events.units import NS_PER_MS, Ns
from quantum_os.formulas.symbols import unified

FIGURE_MAX = 1e15
"""No price, quantity or volume of an exchange reaches it; one that does is a broken message."""

FIGURE_CHARS_MAX = 40
"""Characters of a number; a longer text is none."""

TIME_MAX_MS = 4_102_444_800_000
"""2100-01-01: times beyond it are microseconds read as milliseconds."""

RATE_MAX = 0.25
"""Funding per interval, absolute; exchanges cap it near 0.03."""

LEVELS_MAX = 5_000
"""Levels of one message about a book."""

SYMBOLS_KEPT = 4_096

Fields = dict[str, object]


class Unreadable(ValueError):
    """A message that is not what its kind must be; the text says where."""


class AnotherProduct(ValueError):
    """A sound message about something else than a linear perpetual."""


def fields_of(message: object, what: str) -> Fields:
    """Takes an object apart; raises Unreadable for anything else."""
    if not isinstance(message, dict):
        raise Unreadable(f"{what}: not an object")
    return message


def rows_of(message: object, what: str, at_most: int = LEVELS_MAX) -> list[object]:
    """Takes a list apart; raises Unreadable for anything else and for one that is too long."""
    if not isinstance(message, list):
        raise Unreadable(f"{what}: not a list")
    if len(message) > at_most:
        raise Unreadable(f"{what}: {len(message)} entries")
    return message


def text_of(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise Unreadable(f"{name}: no text")
    return value


def number(value: object, name: str, least: float = -FIGURE_MAX) -> float:
    """Reads a figure of at least `least`; raises Unreadable for one that cannot be."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unreadable(f"{name}: no number")
    if isinstance(value, str) and (len(value) > FIGURE_CHARS_MAX or "_" in value):
        raise Unreadable(f"{name}: no number")
    try:
        found = float(value)
    except (ValueError, OverflowError):
        raise Unreadable(f"{name}: no number") from None
    if not isfinite(found):
        raise Unreadable(f"{name}: not finite")
    if not least <= found <= FIGURE_MAX:
        raise Unreadable(f"{name}: {found:g} is out of bounds")
    return found


def price(fields: Fields, name: str) -> float:
    """Reads a price: above 0."""
    found = number(fields.get(name), name, 0.0)
    if found == 0.0:
        raise Unreadable(f"{name}: 0 is no price")
    return found


def price_if_any(fields: Fields, name: str) -> float | None:
    """Reads a price; None where the message has no such field or leaves it empty."""
    return price(fields, name) if fields.get(name) not in (None, "") else None


def quantity(fields: Fields, name: str) -> float:
    """Reads a quantity: 0 or above."""
    return number(fields.get(name), name, 0.0)


def rate_if_any(fields: Fields, name: str) -> float | None:
    """Reads a funding rate, a fraction per interval; None where none is given."""
    if fields.get(name) in (None, ""):
        return None
    found = number(fields.get(name), name)
    if abs(found) > RATE_MAX:
        raise Unreadable(f"{name}: {found:g} is no funding rate")
    return found


def whole(fields: Fields, name: str) -> int:
    """Reads a whole number that is not negative."""
    value = fields.get(name)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise Unreadable(f"{name}: no whole number")
    return value


def time_of(fields: Fields, name: str) -> Ns:
    """Reads milliseconds since 1970 as ns."""
    found = whole(fields, name)
    if not 0 < found <= TIME_MAX_MS:
        raise Unreadable(f"{name}: {found} is no time in ms")
    return Ns(found * NS_PER_MS)


def time_if_any(fields: Fields, name: str) -> Ns | None:
    return time_of(fields, name) if fields.get(name) not in (None, "", 0, "0") else None


def flag(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    if not isinstance(value, bool):
        raise Unreadable(f"{name}: neither true nor false")
    return value


def perpetual_of(fields: Fields, name: str) -> str:
    """Reads a symbol; raises AnotherProduct for one that is no linear perpetual."""
    found = _unified(text_of(fields, name))
    if found is None:
        raise AnotherProduct(f"{name}: no linear perpetual")
    return found


def levels(fields: Fields, name: str) -> tuple[tuple[float, float], ...]:
    """Reads one side of a book: [price, quantity] pairs."""
    found = []
    for row in rows_of(fields.get(name, []), name):
        pair = rows_of(row, name)
        if len(pair) < 2:
            raise Unreadable(f"{name}: a level without a quantity")
        at = number(pair[0], name, 0.0)
        if at == 0.0:
            raise Unreadable(f"{name}: 0 is no price")
        found.append((at, number(pair[1], name, 0.0)))
    return tuple(found)


def candle(fields: Fields, names: tuple[str, ...]) -> tuple[float, float, float, float, float]:
    """Reads open, high, low, close and volume under their names; a bar must contain its ends."""
    opened, high, low, close = (price(fields, name) for name in names[:4])
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise Unreadable("bar: high and low do not contain open and close")
    return opened, high, low, close, quantity(fields, names[4])


def narrowest(bid: float | None, ask: float | None) -> None:
    """Raises Unreadable for a quote of which the bid is above the ask."""
    if (bid or 0.0) > (ask or inf):
        raise Unreadable("quote: the bid is above the ask")


@lru_cache(SYMBOLS_KEPT)
def _unified(name: str) -> str | None:
    try:
        return unified(name)
    except ValueError:
        return None
