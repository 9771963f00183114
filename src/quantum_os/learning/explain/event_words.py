"""How one event of a chain is told: a line of words, and the figures that belong under it."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.base import Event
from quantum_os.learning.explain.candidate_words import CANDIDATE
from quantum_os.learning.explain.market_words import MARKET
from quantum_os.learning.explain.order_words import ORDERS

FIELD_TEXT_MAX = 24
"""Characters of one field of an event that has no words of its own."""

FIELDS_SHOWN = 6

LINES = {**MARKET.lines, **CANDIDATE.lines, **ORDERS.lines}
DETAILS = {**MARKET.details, **CANDIDATE.details, **ORDERS.details}


def said_of(event: Event, symbol: str | None) -> str:
    """Tells an event in a line; of an event with columns the row of the symbol, if one is asked."""
    line = LINES.get(type(event))
    return _fields(event) if line is None else line(event, symbol)


def details_of(event: Event, symbol: str | None) -> Iterator[str]:
    """Gives the lines under it: votes, gates, factors, levels."""
    details = DETAILS.get(type(event))
    return iter(()) if details is None else details(event, symbol)


def _fields(event: Event) -> str:
    """Tells an event that has no words of its own by its first plain fields."""
    plain = [
        f"{name} {value}"
        for name, value in msgspec.structs.asdict(event).items()
        if isinstance(value, str | int | float | bool) and len(str(value)) <= FIELD_TEXT_MAX
    ]
    return ", ".join(plain[:FIELDS_SHOWN])
