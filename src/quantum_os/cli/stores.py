"""Which store and which journal a command works on, and what it says when they cannot be used."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from quantum_os.cli.console import refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import json_option
from quantum_os.storage.database.address import Address, store_address
from quantum_os.storage.home import JOURNAL_FILE
from quantum_os.storage.sqlite_journal import SqliteJournal

F = TypeVar("F", bound=Callable[..., Any])

database_option = click.option(
    "--database",
    metavar="URL",
    help="The store: sqlite:///PATH or postgresql://USER@HOST/NAME. Without it, a file in --home.",
)

home_option = click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=Path("var"),
    show_default=True,
    help="The folder of the process's state.",
)


def on_a_store(command: F) -> F:
    """Gives a command the options --database, --home and --json."""
    return database_option(home_option(json_option(command)))


def store_of(database: str | None, home: Path) -> Address:
    """Reads --database; ends the process with one line when it names nothing."""
    try:
        return store_address(database, home)
    except ValueError as error:
        refuse(str(error))


def existing_store(database: str | None, home: Path) -> Address:
    """Gives a store that is there: looking at one must not make one."""
    address = store_of(database, home)
    if address.path is not None and not address.path.is_file():
        refuse(f"{address.path}: no such store; `quantum-os db upgrade` makes an empty one")
    return address


@contextmanager
def journal_of(home: Path) -> Iterator[SqliteJournal]:
    """Opens the journal of a home for reading; a process may go on writing it meanwhile."""
    path = home / JOURNAL_FILE
    if not path.is_file():
        refuse(f"{path}: no such journal; name the --home of a process that has run")
    try:
        journal = SqliteJournal(path)
    except sqlite3.Error as error:
        refuse(f"{path}: {error}")
    try:
        yield journal
    finally:
        journal.close()


@contextmanager
def journal_if_any(home: Path) -> Iterator[SqliteJournal | None]:
    if not (home / JOURNAL_FILE).is_file():
        yield None
        return
    with journal_of(home) as journal:
        yield journal


@contextmanager
def refusing(address: Address) -> Iterator[None]:
    """Turns what a database says into one line: 78 where a person must act, else 1."""
    from quantum_os.storage.database.faults import DATABASE_ERRORS, reason_of
    from quantum_os.storage.opening import REFUSALS

    try:
        yield
    except REFUSALS as error:
        refuse(f"{address.shown}: {error}", ExitCode.REFUSED)
    except DATABASE_ERRORS as error:
        refuse(f"{address.shown}: {reason_of(error)}", ExitCode.FAILED)
