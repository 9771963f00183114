"""What a store looks like to somebody who asks: schema, durability, books, and how far behind."""

import msgspec
from sqlalchemy import Connection, func, select, text

from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.journal import Journal
from quantum_os.storage.books import Book, books
from quantum_os.storage.database.address import Address, Dialect
from quantum_os.storage.database.durability import NotDurable, assert_durable
from quantum_os.storage.database.engines import open_sync, reading
from quantum_os.storage.database.revisions import HEAD, Standing, found, standing
from quantum_os.storage.database.schema import TABLES
from quantum_os.storage.database.trade_tables import UNPROJECTED
from quantum_os.storage.mark import ForeignStore, Mark, check_continues, read_mark


class Inspection(msgspec.Struct, frozen=True):
    """One store. `problems` are what a person must look at; without any it is well.

    `differences` lists where its tables are not those of this code; `lag` counts durable events
    that it lacks (None: no journal was looked at, or they do not belong together).
    """

    database: str
    dialect: Dialect
    schema: str | None
    code: str
    standing: Standing
    differences: list[str]
    seq: int
    at: str | None
    journal_seq: int | None
    lag: int | None
    rows: dict[str, int]
    books: list[Book]
    problems: list[str]


def inspect_store(address: Address, journal: Journal | None) -> Inspection:
    """Looks at a whole store without changing it; raises SchemaRefused and database errors."""
    engine = open_sync(address)
    try:
        with reading(engine).connect() as connection:
            schema = found(connection)
            stands = standing(schema)
            has_tables = stands is not Standing.EMPTY
            mark = read_mark(connection) if has_tables else None
            differing = _differences(connection, stands)
            kept = books(connection) if has_tables else []
            problems = [
                *_not_durable(connection),
                *_damage(connection),
                *_lagging_schema(stands),
                *(f"differs from the code: {each}" for each in differing),
                *_foreign(mark, journal),
                *(_unbalanced(book) for book in kept if not book.is_balanced),
            ]
            counts = _counts(connection) if has_tables else {}
    finally:
        engine.dispose()
    if counts.get(UNPROJECTED.name):
        problems.append(f"{counts[UNPROJECTED.name]:,} events left no row: see `unprojected`")
    return Inspection(
        database=address.shown,
        dialect=address.dialect,
        schema=schema.revision,
        code=HEAD,
        standing=stands,
        differences=differing,
        seq=0 if mark is None else mark.seq,
        at=None if mark is None else iso(mark.at),
        journal_seq=None if journal is None else journal.flushed_seq,
        lag=_lag(mark, journal),
        rows=counts,
        books=kept,
        problems=problems,
    )


def _differences(connection: Connection, stands: Standing) -> list[str]:
    """A schema that is behind or ahead differs by its migrations, and that is said already."""
    if stands is not Standing.CURRENT:
        return []
    from quantum_os.storage.database.migrating import differences

    return differences(connection)


def _not_durable(connection: Connection) -> list[str]:
    try:
        assert_durable(connection)
    except NotDurable as error:
        return [str(error)]
    return []


def _damage(connection: Connection) -> list[str]:
    """SQLite's own look at every page; a server looks after its pages itself."""
    if connection.dialect.name != Dialect.SQLITE:
        return []
    said = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check(10)"))]
    return [] if said == ["ok"] else [f"the file is damaged: {line}" for line in said]


def _lagging_schema(stands: Standing) -> list[str]:
    if stands in (Standing.EMPTY, Standing.BEHIND):
        return [f"the schema is {stands}: `quantum-os db upgrade` brings it to {HEAD}"]
    return []


def _foreign(mark: Mark | None, journal: Journal | None) -> list[str]:
    if journal is None:
        return []
    try:
        check_continues(mark, journal)
    except ForeignStore as error:
        return [str(error)]
    return []


def _lag(mark: Mark | None, journal: Journal | None) -> int | None:
    if mark is None or journal is None or _foreign(mark, journal):
        return None
    return journal.flushed_seq - mark.seq


def _counts(connection: Connection) -> dict[str, int]:
    known = found(connection).tables
    return {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0
        for table in TABLES
        if table.name in known
    }


def _unbalanced(book: Book) -> str:
    where = f"the books of {book.venue} ({book.mode})"
    if book.closed_without_trade or book.traded_but_open:
        odd = (*book.closed_without_trade, *book.traded_but_open)
        return f"{where}: positions and closed trades disagree: {', '.join(odd[:5])}"
    return f"{where} do not add up: {book.gap} USD are unaccounted for"
