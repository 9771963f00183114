"""`quantum-os backup`: a home and its store in one file, made while the fund trades."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import rich_click as click
from rich.progress import BarColumn, Progress, TextColumn

from quantum_os.cli.build import build
from quantum_os.cli.console import err, out, print_json, progress_bar, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import json_option
from quantum_os.cli.stores import on_a_store, refusing, store_of
from quantum_os.kernel.clock import WallClock
from quantum_os.kernel.iso_time import iso

if TYPE_CHECKING:
    from quantum_os.storage.backup.manifest import Manifest

archive_argument = click.argument("archive", type=click.Path(path_type=Path))


@click.group()
def backup() -> None:
    """Keep a copy of everything: journal, snapshots, spool and store in one file.

    A backup is made while the fund trades, verifies itself, and is restored into nothing only.
    """


@backup.command()
@click.option(
    "--out",
    "archive",
    type=click.Path(path_type=Path),
    help="The file to write.  [default: quantum-os-TIME.tar.gz, here]",
)
@on_a_store
def create(archive: Path | None, database: str | None, home: Path, as_json: bool) -> None:
    """Write a backup of --home and of its store; a process may go on trading there."""
    from quantum_os.storage.backup.creating import Source
    from quantum_os.storage.backup.creating import create as make

    now = WallClock().now()
    named = archive or Path(f"quantum-os-{iso(now)[:19].replace(':', '')}Z.tar.gz")
    address = store_of(database, home)
    is_missing = address.path is not None and not address.path.exists()
    if is_missing and database is not None:
        refuse(f"{address.path}: no such store")
    source = Source(home, None if is_missing else address, build(), now)
    with refusing(address), _refusing_backups(), _named_progress() as moved:
        made = make(source, named, moved)
    _tell(made, named, "backed up", as_json=as_json)


@backup.command()
@archive_argument
@json_option
def verify(archive: Path, as_json: bool) -> None:
    """Read a whole backup and hold every byte of it to its hash; exit code 1 when one differs."""
    from quantum_os.storage.backup.manifest import BackupError
    from quantum_os.storage.backup.reading import manifest_of, take_out

    folder = Path(tempfile.mkdtemp(prefix="quantum-os-verify-"))
    try:
        total = sum(member.bytes for member in manifest_of(archive).members)
        with progress_bar("verify", 0, total) as moved:
            found = take_out(archive, folder, moved)
    except BackupError as error:
        refuse(str(error), ExitCode.FAILED if archive.is_file() else ExitCode.BAD_INPUT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _tell(found, archive, "whole", as_json=as_json)


@backup.command()
@archive_argument
@on_a_store
def restore(archive: Path, database: str | None, home: Path, as_json: bool) -> None:
    """Bring a backup back into a --home, and a store, that hold nothing yet.

    The store may change its kind: what was a file can come back on a server, and the other way.
    """
    from quantum_os.storage.backup.restoring import restore as bring_back

    address = store_of(database, home)
    with refusing(address), _refusing_backups(), _named_progress() as moved:
        done = bring_back(archive, home, None if database is None else address, moved)
    if as_json:
        print_json({"home": str(home), "store": done.store, "manifest": done.manifest})
        return
    _tell(done.manifest, archive, f"restored into {home}", as_json=False)


def _tell(manifest: "Manifest", archive: Path, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"archive": str(archive), **msgspec.structs.asdict(manifest)})
        return
    total = sum(member.bytes for member in manifest.members)
    journal, store = manifest.journal, manifest.store
    events = (
        "no journal" if journal is None else f"events {journal.first_seq} to {journal.last_seq}"
    )
    rows = "no store" if store is None else f"{sum(store.rows.values()):,} rows"
    out.print(
        f"{archive}: {done}; {len(manifest.members)} files, {total / 2**20:,.1f} MiB, {events}, "
        f"{rows}, made {iso(manifest.made_at)[:19]}Z by {manifest.build}",
        highlight=False,
        soft_wrap=True,
    )


@contextmanager
def _refusing_backups() -> Iterator[None]:
    from quantum_os.storage.backup.manifest import BackupError

    try:
        yield
    except BackupError as error:
        refuse(str(error))


@contextmanager
def _named_progress() -> Iterator[Callable[[str, int], None]]:
    """Shows what is being worked on and how much of it is done: its end is not always known."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}"))
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda name, done: bar.update(task, description=name, completed=done)
