"""Which store and which journal a command works on, and what it says when they cannot be used."""

import functools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from quantum_os.cli.console import refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import config_option, flags, json_option
from quantum_os.cli.recorded_choice import HOME
from quantum_os.storage.database.address import Address, store_address
from quantum_os.storage.home import JOURNAL_FILE
from quantum_os.storage.sqlite_journal import SqliteJournal

if TYPE_CHECKING:
    from quantum_os.governance.policy_document import Document
    from quantum_os.settings import StorageSettings

F = TypeVar("F", bound=Callable[..., Any])

database_option = click.option(
    "--database",
    metavar="URL",
    help="The store: sqlite:///PATH or postgresql://USER@HOST/NAME.  [default: storage.database of "
    "the configuration, else a file in --home]",
)

home_option = click.option(
    "--home",
    type=click.Path(path_type=Path),
    help=f"The folder of the process's state.  [default: storage.home of the configuration, else "
    f"{HOME}]",
)


def on_a_store(command: F) -> F:
    """Gives a command the options --config, --database, --home and --json.

    It hears of the places that the configuration comes to, these flags over it; so does its
    --redis, where it has one.
    """

    @functools.wraps(command)
    def placed(
        *, config: Path | None, database: str | None, home: Path | None, **others: Any
    ) -> Any:
        named = None if home is None else str(home)
        given = {"home": named, "database": database, "redis": others.get("redis")}
        kept = _configured(config, flags(storage=given))
        if "redis" in others:
            others["redis"] = kept.redis or None
        return command(database=kept.database or None, home=Path(kept.home or HOME), **others)

    wrapped: Any = placed
    for option in (json_option, home_option, database_option, config_option):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]


def _configured(config: Path | None, given: "Document") -> "StorageSettings":
    """Gives the places that file, environment and flags name; ends the process where they err."""
    from quantum_os.settings import SettingsError, load_settings

    try:
        return load_settings(config, given).storage
    except SettingsError as error:
        refuse(str(error))


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
