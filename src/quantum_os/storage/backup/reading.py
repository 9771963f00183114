"""Takes a backup out of its archive and holds every byte of it to the manifest."""

import gzip
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from quantum_os.storage.backup.copying import damage_of, is_sqlite
from quantum_os.storage.backup.manifest import (
    CHUNK_BYTES,
    HOME,
    MANIFEST,
    BackupError,
    Kept,
    Manifest,
    Member,
    decode,
    member_of,
)
from quantum_os.storage.backup.parts import journal_part, store_part
from quantum_os.storage.backup.rows import read_rows
from quantum_os.storage.database.schema import TABLES
from quantum_os.storage.home import JOURNAL_FILE

MANIFEST_BYTES_MAX = 64 << 20
"""A manifest of more than that is none."""

_DAMAGE = (tarfile.TarError, zlib.error, EOFError, OSError)


def manifest_of(archive: Path) -> Manifest:
    """Reads what a backup says of itself; raises BackupError."""
    with _opened(archive) as (tar, _):
        return _manifest(tar)


def take_out(archive: Path, folder: Path, progress: Callable[[int], None]) -> Manifest:
    """Unpacks an archive into an empty folder and verifies it; raises BackupError.

    `progress` hears the bytes so far. What raises leaves things in the folder: it is the caller's.
    """
    with _opened(archive) as (tar, packed):
        manifest = _manifest(tar)
        _unpack(tar, manifest, folder, progress)
        while packed.read(CHUNK_BYTES):
            pass  # to the very end, where the checksum over all of it stands
    for path in sorted(folder.rglob("*")):
        if path.is_file() and is_sqlite(path) and (damage := damage_of(path)):
            raise BackupError(f"{path.relative_to(folder)} is damaged: {damage}")
    _check_journal(manifest, folder)
    _check_store(manifest, folder)
    return manifest


@contextmanager
def _opened(archive: Path) -> Iterator[tuple[tarfile.TarFile, gzip.GzipFile]]:
    try:
        with gzip.open(archive) as packed, tarfile.open(fileobj=packed, mode="r:") as tar:
            yield tar, packed
    except FileNotFoundError:
        raise BackupError(f"{archive}: no such file") from None
    except _DAMAGE as error:
        raise BackupError(f"{archive} is not whole: {error}") from error


def _manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or first.size > MANIFEST_BYTES_MAX:
        raise BackupError("it is no backup of ours: it does not begin with a manifest")
    file = tar.extractfile(first)
    assert file is not None
    return decode(file.read())


def _unpack(
    tar: tarfile.TarFile, manifest: Manifest, folder: Path, progress: Callable[[int], None]
) -> None:
    """Takes out exactly what the manifest names, and nothing outside of the folder."""
    missing = {member.name: member for member in manifest.members}
    done = 0
    for entry in tar:
        member = missing.pop(entry.name, None)
        if member is None:
            if entry.name == MANIFEST:
                continue
            raise BackupError(f"{entry.name} is not in the manifest")
        tar.extract(entry, folder, filter="data")
        _check_member(folder, member)
        done += member.bytes
        progress(done)
    if missing:
        raise BackupError(f"{min(missing)} is missing")


def _check_member(folder: Path, member: Member) -> None:
    path = folder / member.name
    if not path.is_file() or path.is_symlink():
        raise BackupError(f"{member.name} is no file")
    if member_of(path, member.name) != member:
        raise BackupError(f"{member.name} is not what was backed up: its hash differs")


def _check_journal(manifest: Manifest, folder: Path) -> None:
    journal, store = manifest.journal, manifest.store
    if journal_part(folder / HOME / JOURNAL_FILE) != journal:
        raise BackupError("the journal does not reach as far as the manifest says")
    if journal is not None and store is not None and store.seq > journal.last_seq:
        raise BackupError(
            f"the store stands at event {store.seq}, after the journal's last, {journal.last_seq}: "
            "they do not belong together"
        )


def _check_store(manifest: Manifest, folder: Path) -> None:
    store = manifest.store
    if store is None:
        return
    if store.kept is Kept.FILE:
        if store_part(folder / store.name, store.name) != store:
            raise BackupError("the store does not hold what the manifest says")
        return
    rows = {table.name: sum(1 for _ in read_rows(folder / store.name, table)) for table in TABLES}
    if {name: count for name, count in rows.items() if name in store.rows} != store.rows:
        raise BackupError("the store's rows are not as many as the manifest says")
