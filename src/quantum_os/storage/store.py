"""Writes batches into the store: the rows and the mark in one transaction, each event once."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from sqlalchemy import Insert, Select, Table, and_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from quantum_os.storage.database.desk_tables import EXPERIMENTS, MODELS, SNAPSHOTS, TRIALS
from quantum_os.storage.database.engines import BEGINS_AS, READING
from quantum_os.storage.database.trade_tables import (
    AUDIT,
    FILLS,
    FUNDING,
    PROCESSES,
    PROJECTION,
    UNPROJECTED,
)
from quantum_os.storage.mark import NAME, NOWHERE, QUERY, Mark, mark_of
from quantum_os.storage.projections.batch import Batch
from quantum_os.storage.projections.change import Key, Row
from quantum_os.storage.retention import Keeping, prune
from quantum_os.storage.turns import Turn

ROWS_PER_CALL = 20
"""Rows handed to the driver at once; then the other tasks of the loop get a turn."""

FIRST_STANDS = frozenset(
    {AUDIT, EXPERIMENTS, FILLS, FUNDING, MODELS, PROCESSES, SNAPSHOTS, TRIALS, UNPROJECTED}
)
"""Tables whose rows never change by being said again: the first word stands."""


class MarkMoved(RuntimeError):
    """Another writer has written meanwhile; the mark must be read again."""


class Store:
    """An open database with our schema."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        is_sqlite = engine.dialect.name == "sqlite"
        self._insert = sqlite.insert if is_sqlite else postgresql.insert
        self._statements: dict[Table, Insert] = {}

    async def mark(self) -> Mark | None:
        """Reads how far the store has come; also how it is seen to be alive."""
        async with self._engine.connect() as connection:
            await connection.execution_options(**{BEGINS_AS: READING})
            return mark_of((await connection.execute(QUERY)).one_or_none())

    async def write(self, batch: Batch, before: Mark | None, after: Mark) -> None:
        """Writes a batch that takes the store from one mark to the next, or nothing at all.

        Raises MarkMoved when the store is not at `before`, and what the database raises.
        """
        batch.forget_rows()
        async with self._engine.begin() as connection:
            await self._claim(connection, before, after)
            for table, keys in batch.wanted.items():
                async for rows in _stored(connection, table, list(keys)):
                    batch.know(table, rows)
            turn = Turn()
            for _ in batch.work_out():
                await turn.passes()
            for table, rows in batch.written():
                await self._put(connection, table, rows)

    async def note_snapshots(self, snapshots: Sequence[Row]) -> set[str]:
        """Writes down snapshots, each once; gives the files that are seen to.

        One that reaches further than the store waits. One of a life whose start nobody stored
        leaves no row: its epoch would be a guess.
        """
        async with self._engine.begin() as connection:
            mark = mark_of((await connection.execute(QUERY)).one_or_none())
            known = [row for row in snapshots if mark is not None and row["seq"] <= mark.seq]
            epochs = [await connection.scalar(_epoch_at(row["seq"])) for row in known]
            lives = zip(known, epochs, strict=True)
            rows = [{**row, "epoch": epoch} for row, epoch in lives if epoch is not None]
            await self._put(connection, SNAPSHOTS, rows)
        return {row["file"] for row in known}

    async def note(self, records: Mapping[Table, list[Row]]) -> None:
        """Writes down records that no journal holds, all or none."""
        async with self._engine.begin() as connection:
            for table, rows in records.items():
                await self._put(connection, table, rows)

    async def prune(self, keeping: Keeping, now: int) -> int:
        """Deletes some rows that are kept no longer; 0 when all of them are gone."""
        async with self._engine.begin() as connection:
            return sum((await connection.run_sync(prune, keeping, now)).values())

    async def close(self) -> None:
        await self._engine.dispose()

    async def _claim(self, connection: AsyncConnection, before: Mark | None, after: Mark) -> None:
        """Moves the mark first: a second writer waits here, and then finds it moved."""
        if before is None:
            fresh = self._insert(PROJECTION).on_conflict_do_nothing()
            fresh = fresh.execution_options(preserve_rowcount=True)
            done = await connection.execute(fresh, after.row())
        else:
            at = and_(PROJECTION.c.name == NAME, PROJECTION.c.watermark == before.seq)
            done = await connection.execute(update(PROJECTION).where(at).values(after.row()))
        if done.rowcount != 1:
            stood = NOWHERE if before is None else before.seq
            raise MarkMoved(f"the store no longer stands at {stood}")

    async def _put(self, connection: AsyncConnection, table: Table, rows: list[Row]) -> None:
        statement = self._statement(table)
        for start in range(0, len(rows), ROWS_PER_CALL):
            await connection.execute(statement, rows[start : start + ROWS_PER_CALL])
            await asyncio.sleep(0)

    def _statement(self, table: Table) -> Insert:
        if table not in self._statements:
            self._statements[table] = self._upsert(table)
        return self._statements[table]

    def _upsert(self, table: Table) -> Insert:
        statement = self._insert(table)
        keys = [column.name for column in table.primary_key]
        if table in FIRST_STANDS:
            return statement.on_conflict_do_nothing(index_elements=keys)
        others = [column.name for column in table.columns if column.name not in keys]
        values = {name: statement.excluded[name] for name in others}
        return statement.on_conflict_do_update(index_elements=keys, set_=values)


def _epoch_at(seq: int) -> Select[tuple[int]]:
    """Asks for the epoch of the life that an event belongs to."""
    starts = select(PROCESSES.c.epoch).where(PROCESSES.c.seq <= seq)
    return starts.order_by(PROCESSES.c.seq.desc()).limit(1)


async def _stored(
    connection: AsyncConnection, table: Table, keys: Sequence[Key]
) -> AsyncIterator[Iterable[Row]]:
    """Gives the stored rows of some keys, a few at a time."""
    columns = list(table.primary_key)
    for start in range(0, len(keys), ROWS_PER_CALL):
        some = keys[start : start + ROWS_PER_CALL]
        if len(columns) == 1:
            wanted = columns[0].in_([key[0] for key in some])
        else:
            wanted = tuple_(*columns).in_(some)
        found = await connection.execute(select(table).where(wanted))
        yield [dict(row) for row in found.mappings()]
