"""What a projection says: which row an event touches, and what the row is afterwards."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Table

from quantum_os.events.base import Event
from quantum_os.events.units import Mode

Row = dict[str, Any]
"""Column -> value as the database gives it back. A row is never changed, only replaced."""

Key = tuple[Any, ...]
"""The values of a table's primary key, in its order."""


class Life(msgspec.Struct, frozen=True):
    """The life of the process in which an event was said; all None before the first start."""

    epoch: int | None = None
    mode: Mode | None = None
    venue: str | None = None
    namespace: str | None = None


class Heard(msgspec.Struct, frozen=True):
    """One journaled event: its number, its time (UTC ns), and whose life it happened in."""

    seq: int
    at: int
    event: Any
    life: Life

    @property
    def place(self) -> tuple[str, str]:
        """The venue and mode of this life; raises ValueError when none has begun."""
        if self.life.venue is None or self.life.mode is None:
            raise ValueError("said before any process.started: its venue and mode are unknown")
        return self.life.venue, self.life.mode.value


Fold = Callable[[Row | None], Row]
"""Gives the row after an event from the row before it (None: there was none)."""


class Change(msgspec.Struct, frozen=True):
    """One touched row. Without `reads` the stored row does not matter: it is added or replaced."""

    table: Table
    key: Key
    fold: Fold
    reads: bool = True


Projection = Callable[[Heard], Iterator[Change]]

_BUILTINS = (Decimal,)


def plain(event: Event) -> Row:
    """Gives an event's fields as a column holds them: words for enums, lists for tuples."""
    fields: Row = msgspec.to_builtins(event, builtin_types=_BUILTINS, str_keys=True)
    return fields


def made(heard: Heard) -> Row:
    """Says which event made a row."""
    return {"seq": heard.seq, "at": heard.at}


def changed(heard: Heard, row: Row | None) -> Row:
    """Says which event made a row and which one changed it last."""
    first = made(heard) if row is None else {"seq": row["seq"], "at": row["at"]}
    return {**first, "updated_seq": heard.seq, "updated_at": heard.at}


def has_seen(row: Row, seq: int) -> bool:
    """Whether a row already holds what an event did to it: each event changes a row once."""
    return bool(seq <= (row["updated_seq"] if "updated_seq" in row else row["seq"]))
