"""Makes the rows anew from the journal; rows older than the journal stay as they are."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select

from quantum_os.events.units import Mode
from quantum_os.kernel.journal import Journal
from quantum_os.storage.backup.copying import damage_of
from quantum_os.storage.database.address import Address
from quantum_os.storage.database.engines import open_async, open_sync
from quantum_os.storage.database.trade_tables import PROCESSES, PROJECTED, PROJECTION
from quantum_os.storage.mark import ForeignStore, Mark, check_continues, first_of, read_mark
from quantum_os.storage.projecting import Projecting
from quantum_os.storage.projections.change import Life
from quantum_os.storage.store import Store


class Rebuilt(msgspec.Struct, frozen=True):
    """What a rebuild came to; `holes` are events that the journal itself has lost."""

    first_seq: int
    last_seq: int
    events: int
    rows_dropped: int
    older_rows_kept: int
    set_aside: int
    holes: tuple[tuple[int, int], ...]


class NothingToRebuildFrom(RuntimeError):
    """A journal without events: making the store anew from it would only empty it."""


async def rebuild(
    address: Address,
    journal: Journal,
    progress: Callable[[int], None],
    *,
    discard_older: bool = False,
) -> Rebuilt:
    """Drops what the journal can tell again and tells it again; `progress` hears the last seq.

    Rows from before the journal's first event are kept, if the store is this journal's; if it is
    not, they are somebody else's, and `discard_older` must say that they may go. What dies on the
    way goes on from where it stopped, by a projector or by another rebuild. Raises ForeignStore,
    NothingToRebuildFrom, and what the database raises.
    """
    first = first_of(journal)
    if first is None:
        raise NothingToRebuildFrom("the journal holds no event yet: there is nothing to rebuild")
    engine = open_sync(address)
    try:
        with engine.begin() as connection:
            keeps = _may_keep_older(connection, journal, first.seq, discard_older=discard_older)
            dropped = _drop(connection, first.seq if keeps else None)
            older = sum(_count(connection, table) for table in PROJECTED)
            if older:
                connection.execute(insert(PROJECTION), _mark_before(connection, first.seq).row())
    finally:
        engine.dispose()
    projecting = await _told_again(address, journal, progress)
    holes = tuple(projecting.holes)
    return Rebuilt(
        first_seq=first.seq,
        last_seq=projecting.stored,
        events=projecting.stored - first.seq + 1 - sum(last - start + 1 for start, last in holes),
        rows_dropped=dropped,
        older_rows_kept=older,
        set_aside=len(projecting.set_aside),
        holes=holes,
    )


def set_damaged_aside(address: Address) -> Path | None:
    """Renames a store's file that is damaged, so that a new one can be made; None if it is whole.

    The damaged file is kept: a person may still get something out of it.
    """
    path = address.path
    if path is None or not path.exists() or not damage_of(path):
        return None
    aside = next(
        free
        for number in count(1)
        if not (free := path.with_name(f"{path.name}.damaged-{number}")).exists()
    )
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return path.rename(aside)


async def _told_again(
    address: Address, journal: Journal, progress: Callable[[int], None]
) -> Projecting:
    store = Store(open_async(address))
    try:
        projecting = Projecting(journal, store)
        await projecting.open()
        while await projecting.step(to_the_end=True):
            progress(projecting.seq)
        await projecting.finish()
    finally:
        await store.close()
    return projecting


def _may_keep_older(
    connection: Connection, journal: Journal, first_seq: int, *, discard_older: bool
) -> bool:
    try:
        check_continues(read_mark(connection), journal)
    except ForeignStore as error:
        older = sum(_count(connection, table, table.c.seq < first_seq) for table in PROJECTED)
        if older and not discard_older:
            raise ForeignStore(
                f"{error}. It holds {older:,} rows from before this journal, which only "
                "--discard-older drops"
            ) from error
        return False
    return not discard_older


def _drop(connection: Connection, first_seq: int | None) -> int:
    """Drops the rows that began at `first_seq` or later (None: all), and the mark with them."""
    dropped = 0
    for table in PROJECTED:
        statement = delete(table)
        if first_seq is not None:
            statement = statement.where(table.c.seq >= first_seq)
        dropped += connection.execute(statement).rowcount
    connection.execute(delete(PROJECTION))
    return dropped


def _mark_before(connection: Connection, first_seq: int) -> Mark:
    """Gives the mark of a store that stands right before an event, in the life of that time."""
    newest = select(PROCESSES).where(PROCESSES.c.seq < first_seq).order_by(PROCESSES.c.seq.desc())
    row = connection.execute(newest.limit(1)).one_or_none()
    life = Life() if row is None else Life(row.epoch, Mode(row.mode), row.venue, row.namespace)
    return Mark(first_seq - 1, "", "", life)


def _count(connection: Connection, table: Table, where: ColumnElement[bool] | None = None) -> int:
    query = select(func.count()).select_from(table)
    return connection.scalar(query if where is None else query.where(where)) or 0
