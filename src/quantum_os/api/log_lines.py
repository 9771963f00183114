"""How an event reads as a line of a log: its stream, then `name=value` for all that is known."""

import json
from collections.abc import Mapping
from string import ascii_letters, digits
from types import MappingProxyType
from typing import Any

from quantum_os.kernel.logs import SHOWN_MAX

LEVELS: Mapping[str, str] = MappingProxyType(
    {
        "safety.fault": "ERROR",
        "safety.tripped": "WARNING",
        "invariant.violated": "ERROR",
        "alert.raised": "WARNING",
    }
)
"""Streams that call for attention; all others are INFO."""


def level_of(stream: str) -> str:
    """Gives the level under which an event is logged."""
    return LEVELS.get(stream, "INFO")


def message_of(stream: str, event: Mapping[str, Any]) -> str:
    """Writes an event as JSON holds it; what is null or empty is left out.

    Values with anything but plain characters are quoted as JSON is, so that no value can begin a
    line or a field of its own.
    """
    fields = (f"{name}={_value(value)}" for name, value in event.items() if value not in _NOTHING)
    return " ".join([stream, *fields])[:SHOWN_MAX]


_NOTHING: tuple[object, ...] = (None, "", [], {})
_PLAIN = frozenset(ascii_letters + digits + "+-.,:;/_%#@*")


def _value(value: object) -> str:
    if isinstance(value, str) and _PLAIN.issuperset(value):
        return value
    return json.dumps(value, separators=(",", ":"))
