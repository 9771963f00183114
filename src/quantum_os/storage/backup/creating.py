"""Makes a backup of a home and its store while the process that lives there goes on."""

import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path

import msgspec

from quantum_os.storage.backup.contents import files_of
from quantum_os.storage.backup.copying import copy_sqlite, damage_of, is_sqlite
from quantum_os.storage.backup.manifest import (
    FORMAT,
    HOME,
    MANIFEST,
    STORE,
    BackupError,
    Manifest,
    Member,
    StorePart,
    encode,
    member_of,
)
from quantum_os.storage.backup.parts import journal_part, rows_part, store_part
from quantum_os.storage.database.address import STORE_FILE, Address
from quantum_os.storage.home import JOURNAL_FILE

COMPRESSION = 3
"""Of gzip's nine: the disk is the slower part from here on."""

PRIVATE = 0o600
"""Who may read an archive: it holds everything the fund did."""

Progress = Callable[[str, int], None]
"""Hears what is being copied and how many bytes or rows of it are done."""


class Source(msgspec.Struct, frozen=True):
    """What is backed up: a home, its store (None: there is none yet), by which code, and when."""

    home: Path
    store: Address | None
    build: str
    now: int


def create(source: Source, archive: Path, progress: Progress) -> Manifest:
    """Writes the archive, complete or not at all; raises BackupError and database errors.

    `store` is the one that the process uses: another store's file in the home stays behind.
    Everything is copied beside the archive first, so the disk needs room for the home twice.
    """
    if archive.exists():
        raise BackupError(f"{archive} is there already; name another --out")
    if not source.home.is_dir():
        raise BackupError(f"{source.home}: no such home")
    archive.parent.mkdir(parents=True, exist_ok=True)
    _check_room(source.home, archive.parent)
    unfinished = archive.with_name(archive.name + ".part")
    with _staging(archive) as staging:
        store = _stage_store(source, staging, progress)
        for path in files_of(source.home, without=_left_out(source)):
            _stage(path, staging / HOME / path.relative_to(source.home), progress)
        manifest = Manifest(
            format=FORMAT,
            made_at=source.now,
            build=source.build,
            journal=journal_part(staging / HOME / JOURNAL_FILE),
            store=store,
            members=tuple(_members(staging)),
        )
        _write(manifest, staging, unfinished, progress)
    _put_in_place(unfinished, archive)
    return manifest


def _left_out(source: Source) -> list[Path]:
    """A store's file that is in the home while the store is elsewhere is from another time."""
    usual = source.home / STORE_FILE
    named = None if source.store is None else source.store.path
    return [] if named is not None and named.resolve() == usual.resolve() else [usual]


def _check_room(home: Path, folder: Path) -> None:
    needed = 2 * sum(path.stat().st_size for path in files_of(home))
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupError(
            f"{folder} has {free >> 20:,} MiB left and a backup of {home} may take "
            f"{needed >> 20:,} MiB; name an --out with more room"
        )


@contextmanager
def _staging(archive: Path) -> Iterator[Path]:
    """Gives a folder beside the archive that is gone afterwards, with everything half done."""
    folder = Path(tempfile.mkdtemp(prefix=f".{archive.name}-", suffix=".part", dir=archive.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stage_store(source: Source, staging: Path, progress: Progress) -> StorePart | None:
    """Copies the store, wherever it is: a file as a file, a server's rows as rows."""
    address = source.store
    if address is None:
        return None
    if address.path is None:
        (staging / STORE).mkdir()
        return rows_part(address, staging / STORE, partial(progress, address.shown))
    name = f"{STORE}/{address.path.name}"
    if address.path.resolve().is_relative_to(source.home.resolve()):
        inside = address.path.resolve().relative_to(source.home.resolve())
        name = f"{HOME}/{inside.as_posix()}"
    _stage(address.path, staging / name, progress)
    return store_part(staging / name, name)


def _stage(path: Path, target: Path, progress: Progress) -> None:
    """Copies one file as it is at one moment; one that has gone meanwhile is not missed."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not is_sqlite(path):
            shutil.copyfile(path, target)
            return
    except FileNotFoundError:
        return
    copy_sqlite(path, target, partial(progress, path.name))
    if damage := damage_of(target):
        raise BackupError(f"{path} is damaged ({damage}): what a backup of it would give is none")


def _members(staging: Path) -> Iterator[Member]:
    for path in sorted(path for path in staging.rglob("*") if path.is_file()):
        yield member_of(path, path.relative_to(staging).as_posix())


def _write(manifest: Manifest, staging: Path, archive: Path, progress: Progress) -> None:
    done = 0
    with (
        os.fdopen(os.open(archive, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, PRIVATE), "wb") as file,
        tarfile.open(fileobj=file, mode="w:gz", compresslevel=COMPRESSION) as tar,
    ):
        text = encode(manifest)
        header = tarfile.TarInfo(MANIFEST)
        header.size, header.mode = len(text), PRIVATE
        tar.addfile(header, BytesIO(text))
        for member in manifest.members:
            tar.add(staging / member.name, member.name, filter=_nobodys)
            done += member.bytes
            progress("archive", done)


def _nobodys(header: tarfile.TarInfo) -> tarfile.TarInfo:
    """An archive tells nothing of the machine it was made on."""
    header.uid = header.gid = 0
    header.uname = header.gname = ""
    header.mode = PRIVATE
    return header


def _put_in_place(unfinished: Path, archive: Path) -> None:
    for path, flags in ((unfinished, os.O_RDWR), (archive.parent, os.O_RDONLY)):
        descriptor = os.open(path, flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if path == unfinished:
            unfinished.rename(archive)
