"""How long things are kept: the journal by days and events, the store's crowded tables by days.

The journal is only trimmed behind what others still need of it, and in steps so small that the
writer of an order never waits long for one.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Delete, Table, and_, delete, exists, func, select, tuple_
from sqlalchemy.sql import ColumnElement

from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR
from quantum_os.kernel.journal import Journal
from quantum_os.storage.database.trade_tables import DECISIONS, EQUITY, UNPROJECTED
from quantum_os.storage.mark import first_of

EVENTS_PER_TRIM = 500
"""Events forgotten at once: some milliseconds of disk, for which the journal's writer waits."""

ROWS_PER_PRUNE = 1_000
"""Rows deleted in one transaction."""

LONGEST_DAYS = 36_500
"""A hundred years: beyond any clock, and far from the end of 64 bits."""

Floor = Callable[[], int]
"""Gives the first sequence number that somebody still needs; everything before it may go."""


class Keeping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much is kept, in days and counts.

    Decisions older than `decision_days` go; of the equity points older than `minute_days` the last
    of each hour stays. Orders, fills, trades, money and everything people did are kept for ever.
    """

    journal_days: int = 30
    journal_events_max: int = 50_000_000
    decision_days: int = 400
    minute_days: int = 90
    unprojected_max: int = 10_000

    def __post_init__(self) -> None:
        for name in ("journal_days", "decision_days", "minute_days"):
            if not 1 <= getattr(self, name) <= LONGEST_DAYS:
                raise ValueError(f"{name} is 1 to {LONGEST_DAYS}, not {getattr(self, name)}")
        for name in ("journal_events_max", "unprojected_max"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, not {getattr(self, name)}")


USUAL = Keeping()


def snapshot_floor(folder: Path) -> int:
    """Gives the oldest kept snapshot's number; without one the whole journal is needed."""
    seqs = [int(path.stem) for path in folder.glob("*.snapshot") if path.stem.isdigit()]
    return min(seqs, default=0)


def trim_before(journal: Journal, keeping: Keeping, now: int, floors: Sequence[Floor]) -> int:
    """Gives the sequence number before which the journal may forget; 0 when nothing may go.

    `now` in UTC ns. Without floors nothing is known to be safe, so nothing goes.
    """
    first = first_of(journal)
    if first is None or not floors:
        return 0
    last = journal.flushed_seq
    too_old = _first_since(journal, now - keeping.journal_days * NS_PER_DAY, first.seq, last)
    too_many = last - keeping.journal_events_max + 1
    before = min(max(too_old, too_many), *(floor() for floor in floors))
    return before if before > first.seq else 0


def trim_some(journal: Journal, before: int) -> int:
    """Forgets the oldest few of the events before a sequence number; gives how many went.

    Call it until it gives 0, away from the loop: it waits for the disk.
    """
    first = first_of(journal)
    if first is None or before <= first.seq:
        return 0
    upto = min(before, first.seq + EVENTS_PER_TRIM)
    journal.trim(upto)
    return upto - first.seq


def prune(connection: Connection, keeping: Keeping, now: int) -> dict[str, int]:
    """Deletes some rows that are kept no longer; gives how many by table. Call it until all are 0.

    `now` in UTC ns. Each call is one small transaction of the caller's.
    """
    return {
        table.name: connection.execute(_some(table, old)).rowcount
        for table, old in (
            (DECISIONS, DECISIONS.c.bar_close < now - keeping.decision_days * NS_PER_DAY),
            (EQUITY, _is_one_of_an_hour(now - keeping.minute_days * NS_PER_DAY)),
            (UNPROJECTED, _is_beyond(keeping.unprojected_max)),
        )
    }


def _some(table: Table, old: ColumnElement[bool]) -> Delete:
    keys = tuple_(*table.primary_key)
    some = select(*table.primary_key).where(old).limit(ROWS_PER_PRUNE)
    return delete(table).where(keys.in_(some))


def _is_one_of_an_hour(before: int) -> ColumnElement[bool]:
    """An old point after which another one of the same hour was kept."""
    later = EQUITY.alias("later")
    hour_end = (EQUITY.c.minute // NS_PER_HOUR + 1) * NS_PER_HOUR
    same = and_(
        later.c.venue == EQUITY.c.venue,
        later.c.mode == EQUITY.c.mode,
        later.c.minute > EQUITY.c.minute,
        later.c.minute < hour_end,
    )
    return and_(EQUITY.c.minute < before, exists().where(same))


def _is_beyond(count: int) -> ColumnElement[bool]:
    newest = select(UNPROJECTED.c.seq).order_by(UNPROJECTED.c.seq.desc()).limit(count).subquery()
    return UNPROJECTED.c.seq < select(func.min(newest.c.seq)).scalar_subquery()


def _first_since(journal: Journal, since: int, low: int, high: int) -> int:
    """Finds the first event not older than a time, by halves; times never fall along a journal."""
    while low < high:
        middle = (low + high) // 2
        found = first_of(journal, middle)
        if found is None or found.ts >= since:
            high = middle
        else:
            low = found.seq + 1
    return low
