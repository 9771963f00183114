"""`quantum-os db check`: the store held against the code, the journal and its own books."""

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from rich.table import Table

from quantum_os.cli.console import err, out, print_json
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.stores import existing_store, journal_if_any, on_a_store, refusing

if TYPE_CHECKING:
    from quantum_os.storage.books import Book
    from quantum_os.storage.inspection import Inspection


@click.command()
@on_a_store
def check(database: str | None, home: Path, as_json: bool) -> None:
    """Hold the store against the code, the journal and its own books.

    Exit code 0 when all is well, 1 when something is not: each problem is one line.
    """
    from quantum_os.storage.inspection import inspect_store

    address = existing_store(database, home)
    with refusing(address), journal_if_any(home) as journal:
        seen = inspect_store(address, journal)
    if as_json:
        print_json(seen)
    else:
        _tell(seen)
    if seen.problems:
        raise SystemExit(ExitCode.FAILED)


def _tell(seen: "Inspection") -> None:
    table = Table("store", seen.database, show_edge=False)
    schema = seen.schema or "none"
    table.add_row("schema", f"{schema} ({seen.standing.value}; this code: {seen.code})")
    table.add_row("last event", f"{seen.seq:,} of {seen.at or 'never'}")
    table.add_row("behind the journal", "not known" if seen.lag is None else f"{seen.lag:,}")
    for name, count in seen.rows.items():
        table.add_row(name, f"{count:,}")
    for book in seen.books:
        table.add_row(f"books of {book.venue}, {book.mode}", _in_words(book))
    out.print(table, highlight=False)
    for problem in seen.problems:
        err.print(problem, style="red", highlight=False, markup=False, soft_wrap=True)


def _in_words(book: "Book") -> str:
    told = f"{book.trades:,} trades, net {book.net:.2f} USD"
    if book.gap is None:
        return f"{told}; the store does not reach back to the first deposit"
    return f"{told}; cash off by {abs(book.gap):.2f} USD"
