"""How a part of the events is put into words: a line for each kind, and details under some."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.market import row_of

Line = Callable[[Any, str | None], str]
Details = Callable[[Any, str | None], Iterator[str]]


class Vocabulary(msgspec.Struct, frozen=True):
    """By kind of event: its line, and its details where it has any. Both get the symbol."""

    lines: dict[type[Event], Line]
    details: dict[type[Event], Details] = {}


def price(value: Decimal | float | None) -> str:
    """Writes a price with all that is known of it and no zeros behind; a dash when unknown."""
    if value is None:
        return "-"
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else f"{value:,.8g}"


def row_for(symbols: tuple[str, ...], symbol: str | None) -> int | None:
    """Gives the row of the symbol that is asked about; None when none is, or it is not there."""
    return None if symbol is None else row_of(symbols, symbol)


def listed(symbols: tuple[str, ...]) -> str:
    """Writes how many symbols an event speaks of."""
    return symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols"
