"""Where everything lies in Redis: which key an event is written under, and what else there is."""

from collections.abc import Container
from enum import StrEnum

SCHEMA = 1
"""The layout's version; a mirror of another version is not written to."""

STREAMS = "quantum:stream:"
META = "quantum:meta"
MARKS = "quantum:marks"

_COLUMNS = ":columns"
_ASIDE = ":fund"

ROWED = frozenset(
    {
        "market.klines",
        "market_data",
        "exchange.normalized",
        "ai.signal_generated",
        "decision.summary",
    }
)
"""Events with columns that readers of the old streams expect symbol by symbol."""


class Form(StrEnum):
    """What a key holds of its stream: whole events, or their rows for readers of old."""

    WHOLE = "whole"
    ROWS = "rows"


def stream_key(stream: str) -> str:
    """Gives the key that the old system's readers know."""
    return STREAMS + stream


def whole_key(stream: str, aside: frozenset[str] = frozenset()) -> str:
    """Gives the key of the entries that a replay reads.

    A stream that others may write to (`aside`) has ids that are not ours, so ours lie beside it.
    """
    if stream in aside:
        return stream_key(stream) + _ASIDE
    return stream_key(stream) + (_COLUMNS if stream in ROWED else "")


def keys_of(stream: str, aside: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Gives every key that an event of this stream is written under."""
    whole = whole_key(stream, aside)
    return (stream_key(stream), whole) if stream in ROWED and stream not in aside else (whole,)


def read_key(key: str) -> tuple[str, Form]:
    """Gives the stream of a key, and what the key holds of it."""
    name = key.removeprefix(STREAMS)
    for ending in (_COLUMNS, _ASIDE):
        if name.endswith(ending):
            return name.removesuffix(ending), Form.WHOLE
    return name, Form.ROWS if name in ROWED else Form.WHOLE


def is_shared(key: str, keys: Container[str]) -> bool:
    """Whether others write under a key too, judged by the keys there are: ours lie beside it."""
    return key + _ASIDE in keys


def group_of(stream: str) -> str:
    """Gives the name of the consumer group through which we read what others write."""
    return f"quantum:group:quantum-os:{stream}"


def dead_key(stream: str) -> str:
    """Gives the key of the entries that could not be taken, as the old system's tools know it."""
    return f"quantum:dlq:{stream}"
