"""What an event is, and which stream its class names."""

import re
from typing import ClassVar

import msgspec

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fact in the past tense or a noun; it never changes once said.

    `STREAM` is set where the name does not follow from the class (as `TradeIntent` gives
    `trade.intent`).
    `UNHASHED` names fields that describe the run and not the market (a build, an epoch): they are
    journaled whole but take no part in decision and event hashes.
    """

    STREAM: ClassVar[str] = ""
    UNHASHED: ClassVar[tuple[str, ...]] = ()


def stream_of(kind: type[Event]) -> str:
    """Gives the short stream name of an event class, e.g. `trade.intent`."""
    return kind.STREAM or _WORD.sub(".", kind.__name__).lower()


def redis_key_of(kind: type[Event]) -> str:
    """Gives the stream's name in Redis, as the readers of the replaced system know it."""
    return f"quantum:stream:{stream_of(kind)}"
