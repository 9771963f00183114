"""Brings a backup back: into a home and a store that hold nothing, whole or not at all."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Table, select

from quantum_os.storage.backup.manifest import HOME, BackupError, Kept, Manifest, StorePart
from quantum_os.storage.backup.reading import take_out
from quantum_os.storage.backup.rows import Row, count_rows, load_rows, read_rows
from quantum_os.storage.database.address import STORE_FILE, Address, sqlite_address
from quantum_os.storage.database.engines import open_sync, reading
from quantum_os.storage.database.migrating import upgrade
from quantum_os.storage.database.revisions import HEAD, Standing, found, standing
from quantum_os.storage.database.trade_tables import SCHEMA_REVISIONS

Progress = Callable[[str, int], None]


class Restored(msgspec.Struct, frozen=True):
    """What came back, and where; `store` is None when the backup had none."""

    manifest: Manifest
    home: Path
    store: str | None


def restore(archive: Path, home: Path, database: Address | None, progress: Progress) -> Restored:
    """Unpacks, verifies, fills the store, and then puts the home in its place.

    `database` is where the store shall be, of either kind, whatever kind it was; without one
    it is a file in the home. Raises BackupError, SchemaRefused and database errors: then there is
    no home.
    """
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise BackupError(f"{home} is not empty: a backup is restored into nothing")
    target = database or sqlite_address(home / STORE_FILE)
    _check_empty(target)
    home.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{home.name}-", suffix=".part", dir=home.parent))
    try:
        manifest = take_out(archive, folder, partial(progress, "unpack"))
        (folder / HOME).mkdir(exist_ok=True)
        if manifest.store is not None:
            place = _while_unpacked(target, home, folder)
            _bring(manifest.store, folder, place, partial(progress, "store"))
        if home.exists():
            home.rmdir()
        (folder / HOME).rename(home)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Restored(manifest, home, None if manifest.store is None else target.shown)


def _check_empty(address: Address) -> None:
    """Refuses a store that holds a row; one that has only its schema will do."""
    if address.path is not None:
        if address.path.exists():
            raise BackupError(f"{address.path} is there already: a store is restored into nothing")
        return
    engine = open_sync(address)
    try:
        with reading(engine).connect() as connection:
            if standing(found(connection)) is Standing.EMPTY:
                return
            taken = {
                name: count
                for name, count in count_rows(connection).items()
                if count and name != SCHEMA_REVISIONS.name
            }
    finally:
        engine.dispose()
    if taken:
        name, count = next(iter(taken.items()))
        raise BackupError(
            f"{address.shown} holds {count:,} rows in {name}: a store is restored into nothing"
        )


def _while_unpacked(target: Address, home: Path, folder: Path) -> Address:
    """Gives where a store inside the home is made before the home is in its place."""
    if target.path is None or not target.path.resolve().is_relative_to(home.resolve()):
        return target
    return sqlite_address(folder / HOME / target.path.resolve().relative_to(home.resolve()))


def _bring(part: StorePart, folder: Path, target: Address, progress: Callable[[int], None]) -> None:
    """Puts the store where it shall be: a file stays a file, anything else goes row by row."""
    source = folder / part.name
    if part.kept is Kept.FILE and target.path is not None:
        _refuse_later_schema(source)
        if source != target.path:
            target.path.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, target.path)
        return
    if part.kept is Kept.FILE:
        _load_file(source, target, progress)
        source.unlink()
        return
    if part.schema > HEAD:
        raise BackupError(f"its rows are of schema {part.schema}, this release knows {HEAD}")
    _load(partial(read_rows, source), target, progress)


def _refuse_later_schema(path: Path) -> None:
    engine = open_sync(sqlite_address(path))
    try:
        with reading(engine).connect() as connection:
            standing(found(connection))
    finally:
        engine.dispose()


def _load_file(path: Path, target: Address, progress: Callable[[int], None]) -> None:
    """Reads the rows of an unpacked file, which is brought to this code's schema first."""
    upgrade(sqlite_address(path))
    engine = open_sync(sqlite_address(path))
    try:
        with reading(engine).connect() as connection:
            _load(partial(_stored, connection), target, progress)
    finally:
        engine.dispose()


def _stored(connection: Connection, table: Table) -> Iterator[Row]:
    for row in connection.execute(select(table).order_by(*table.primary_key)).mappings():
        yield dict(row)


def _load(
    rows_of: Callable[[Table], Iterator[Row]], target: Address, progress: Callable[[int], None]
) -> None:
    upgrade(target)
    engine = open_sync(target)
    try:
        with engine.begin() as connection:
            load_rows(connection, rows_of, progress)
    finally:
        engine.dispose()
