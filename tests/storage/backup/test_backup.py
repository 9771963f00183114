"""What was backed up comes back as it was, or the backup says that it cannot."""

import gzip
import io
import os
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert

from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.backup.manifest import BackupError, Kept, Manifest, encode
from quantum_os.storage.backup.reading import manifest_of, take_out
from quantum_os.storage.backup.restoring import restore
from quantum_os.storage.database.address import Address, sqlite_address, store_address
from quantum_os.storage.database.desk_tables import TRIALS
from quantum_os.storage.database.engines import open_sync
from quantum_os.storage.database.revisions import SchemaRefused
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.servers.postgres import Server
from tests.storage.backup.homes import (
    SNAPSHOT,
    SPOOL,
    backed_up,
    keep_rows,
    live_in,
    nobody_looks,
)
from tests.storage.journals import eventful
from tests.storage.reading import dump


@pytest.fixture(scope="session")
def hours(day: tuple[Envelope, ...]) -> list[Envelope]:
    return eventful(day, 4_050, 4_450)


@pytest.fixture
def home(tmp_path: Path, hours: list[Envelope]) -> Path:
    live_in(tmp_path / "var", hours)
    return tmp_path / "var"


@pytest.fixture
def archive(tmp_path: Path, home: Path, ready: Address, hours: list[Envelope]) -> Path:
    """A backup of that home and of a store on either database."""
    keep_rows(ready, hours)
    engine = open_sync(ready)
    with engine.begin() as connection:
        connection.execute(insert(TRIALS), trial_row())
    engine.dispose()
    backed_up(home, ready, tmp_path / "kept" / "one.tar.gz")
    return tmp_path / "kept" / "one.tar.gz"


def trial_row() -> dict[str, object]:
    """A record that no journal makes again."""
    return {
        "trial_id": "t1",
        "experiment_id": "e1",
        "config": {"voter": "trend"},
        "figures": {"trades": 7},
        "at": 5,
    }


@pytest.fixture
def other_server(postgres: Server) -> Iterator[Address]:
    """A second database for what comes back."""
    name = f"quantum_os_test_{os.getpid()}_restored"
    yield store_address(postgres.create(name), Path())
    postgres.drop(name)


def events(home: Path) -> list[Envelope]:
    journal = SqliteJournal(home / "journal.sqlite")
    found = list(journal.read())
    journal.close()
    return found


def test_r32_everything_comes_back_as_it_was(
    archive: Path, home: Path, ready: Address, tmp_path: Path
) -> None:
    back = tmp_path / "back"
    done = restore(archive, back, None, nobody_looks)
    assert events(back) == events(home)
    assert (back / SNAPSHOT).read_bytes() == (home / SNAPSHOT).read_bytes()
    assert (back / SPOOL).read_bytes() == (home / SPOOL).read_bytes()
    assert dump(sqlite_address(back / "store.sqlite")) == dump(ready)
    assert {path.name for path in back.iterdir()} == {
        "journal.sqlite",
        "store.sqlite",
        "snapshots",
        "spool",
    }
    assert done.store == str(back / "store.sqlite")
    assert done.manifest == manifest_of(archive)


def test_r32_a_store_comes_back_on_a_server_whatever_it_was(
    archive: Path, ready: Address, other_server: Address, tmp_path: Path
) -> None:
    restore(archive, tmp_path / "back", other_server, nobody_looks)
    assert dump(other_server) == dump(ready)
    assert not (tmp_path / "back" / "store.sqlite").exists()


def test_r32_what_came_back_can_be_backed_up_and_come_back_again(
    archive: Path, ready: Address, tmp_path: Path
) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    restore(archive, once, None, nobody_looks)
    again = backed_up(once, sqlite_address(once / "store.sqlite"), tmp_path / "two.tar.gz")
    assert again.store is not None
    assert (again.store.kept, again.store.name) == (Kept.FILE, "home/store.sqlite")
    restore(tmp_path / "two.tar.gz", twice, None, nobody_looks)
    assert dump(sqlite_address(twice / "store.sqlite")) == dump(ready)
    assert events(twice) == events(once)


def test_a_backup_says_what_is_in_it(archive: Path, ready: Address, hours: list[Envelope]) -> None:
    manifest = manifest_of(archive)
    assert manifest.journal is not None
    assert manifest.journal.last_seq == hours[-1].seq
    assert manifest.store is not None
    assert manifest.store.seq == hours[-1].seq
    assert manifest.store.rows == {name: len(rows) for name, rows in dump(ready).items()}
    assert (manifest.build, manifest.made_at) == ("test", 7)
    assert archive.stat().st_mode & 0o077 == 0


def test_a_backup_is_one_moment_of_a_home_that_is_being_written(tmp_path: Path) -> None:
    """Every event up to the last one, none beyond it, while a process goes on writing."""
    home = tmp_path / "var"
    journal = SqliteJournal(home / "journal.sqlite")
    stop = threading.Event()
    seq = 0

    def write() -> None:
        nonlocal seq
        while not stop.is_set():
            for _ in range(50):
                seq += 1
                journal.append(Envelope(seq, seq, 0, seq, "feed", "feed.watermark", b"x" * 99, 1))
            stop.wait(0.001)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        while journal.flushed_seq < 5_000:
            stop.wait(0.01)
        before = journal.flushed_seq
        manifest = backed_up(home, None, tmp_path / "one.tar.gz")
        after = journal.flushed_seq
    finally:
        stop.set()
        writing.join()
        journal.close()
    part = manifest.journal
    assert part is not None
    assert before <= part.last_seq <= after
    assert part.events == part.last_seq - part.first_seq + 1
    restore(tmp_path / "one.tar.gz", tmp_path / "back", None, nobody_looks)
    assert [each.seq for each in events(tmp_path / "back")] == list(range(1, part.last_seq + 1))


def flip(archive: Path, place: float) -> None:
    data = bytearray(archive.read_bytes())
    data[int(len(data) * place)] ^= 0x20
    archive.write_bytes(bytes(data))


def files_of(folder: Path) -> dict[Path, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in found}


def cut(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-500])


def repacked(
    archive: Path, bend: Callable[[tarfile.TarFile, list[tuple[str, bytes]]], None]
) -> None:
    """Writes the archive anew, bent by somebody who knows how to make one."""
    with tarfile.open(archive, "r:gz") as tar:
        members = [(each.name, _read(tar, each)) for each in tar]
    with tarfile.open(archive, "w:gz") as tar:
        bend(tar, members)


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file is not None
    return file.read()


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    header = tarfile.TarInfo(name)
    header.size = len(data)
    tar.addfile(header, io.BytesIO(data))


def one_byte_in_the_spool(tar: tarfile.TarFile, members: list[tuple[str, bytes]]) -> None:
    for name, data in members:
        add(tar, name, data.replace(b"an order", b"no order"))


def without_the_snapshot(tar: tarfile.TarFile, members: list[tuple[str, bytes]]) -> None:
    for name, data in members:
        if "snapshot" not in name:
            add(tar, name, data)


def with_a_stranger(tar: tarfile.TarFile, members: list[tuple[str, bytes]]) -> None:
    for name, data in members:
        add(tar, name, data)
    add(tar, "home/stranger", b"hello")


def with_a_way_out(tar: tarfile.TarFile, members: list[tuple[str, bytes]]) -> None:
    """The manifest itself names a file outside of the folder, and hashes it well."""
    manifest = msgspec.json.decode(members[0][1], type=Manifest)
    first = msgspec.structs.replace(manifest.members[0], name="../../escaped")
    bent = msgspec.structs.replace(manifest, members=(first, *manifest.members[1:]))
    add(tar, members[0][0], encode(bent))
    add(tar, first.name, members[1][1])
    for name, data in members[2:]:
        add(tar, name, data)


def with_another_format(tar: tarfile.TarFile, members: list[tuple[str, bytes]]) -> None:
    for name, data in members:
        add(tar, name, data.replace(b'"format": 1', b'"format": 2'))


def without_manifest(tar: tarfile.TarFile, members: list[tuple[str, bytes]]) -> None:
    for name, data in members[1:]:
        add(tar, name, data)


@pytest.mark.parametrize(
    ("bend", "finding"),
    [
        (one_byte_in_the_spool, "home/spool is not what was backed up"),
        (without_the_snapshot, r"snapshot is missing"),
        (with_a_stranger, "home/stranger is not in the manifest"),
        (with_a_way_out, "is not whole"),
        (with_another_format, "a backup of format 2"),
        (without_manifest, "does not begin with a manifest"),
    ],
)
def test_a_backup_that_was_bent_is_found_out_and_nothing_comes_back(
    tmp_path: Path,
    home: Path,
    bend: Callable[[tarfile.TarFile, list[tuple[str, bytes]]], None],
    finding: str,
) -> None:
    archive = tmp_path / "one.tar.gz"
    backed_up(home, None, archive)
    repacked(archive, bend)
    with pytest.raises(BackupError, match=finding):
        restore(archive, tmp_path / "back", None, nobody_looks)
    assert not (tmp_path / "back").exists()
    assert not list(tmp_path.glob(".back*"))
    assert not list(tmp_path.parent.glob("escaped*"))


@pytest.mark.parametrize("place", [0.0, 0.02, 0.05, 0.1, 0.3, 0.6, 0.9, 0.9999])
def test_a_byte_that_turned_is_found_or_meant_the_same(
    tmp_path: Path, home: Path, place: float
) -> None:
    """Packed bytes have spellings that unpack alike; all others are refused, and leave nothing."""
    archive = tmp_path / "one.tar.gz"
    backed_up(home, None, archive)
    restore(archive, tmp_path / "whole", None, nobody_looks)
    flip(archive, place)
    try:
        restore(archive, tmp_path / "back", None, nobody_looks)
    except BackupError:
        assert not (tmp_path / "back").exists()
    else:
        assert files_of(tmp_path / "back") == files_of(tmp_path / "whole")


def test_a_backup_that_was_cut_is_found(tmp_path: Path, home: Path) -> None:
    archive = tmp_path / "one.tar.gz"
    backed_up(home, None, archive)
    cut(archive)
    with pytest.raises(BackupError, match="is not whole"):
        restore(archive, tmp_path / "back", None, nobody_looks)


@pytest.mark.parametrize(
    "content",
    [b"", b"a letter", gzip.compress(b"a letter", mtime=0)],
    ids=["nothing", "a letter", "a packed letter"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    (tmp_path / "out").mkdir()
    with pytest.raises(BackupError):
        take_out(tmp_path / "x", tmp_path / "out", lambda done: None)


def test_nothing_is_restored_over_a_home(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "mine").touch()
    with pytest.raises(BackupError, match="is not empty"):
        restore(archive, tmp_path / "back", None, nobody_looks)
    assert [path.name for path in (tmp_path / "back").iterdir()] == ["mine"]


def test_nothing_is_restored_over_a_store(archive: Path, ready: Address, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="restored into nothing"):
        restore(archive, tmp_path / "back", ready, nobody_looks)
    assert not (tmp_path / "back").exists()


def test_a_store_outside_of_the_home_comes_back_where_it_is_told(
    archive: Path, ready: Address, tmp_path: Path
) -> None:
    elsewhere = sqlite_address(tmp_path / "else" / "kept.sqlite")
    restore(archive, tmp_path / "back", elsewhere, nobody_looks)
    assert dump(elsewhere) == dump(ready)


def test_rows_of_an_older_schema_come_back_with_what_they_lack_empty(
    tmp_path: Path, home: Path, hours: list[Envelope], postgres: Server, postgres_template: str
) -> None:
    name = f"{postgres_template}_older"
    address = store_address(postgres.create(name, postgres_template), tmp_path)
    keep_rows(address, hours)
    archive = tmp_path / "one.tar.gz"
    backed_up(home, address, archive)
    before = dump(address)
    postgres.drop(name)

    def older(tar: tarfile.TarFile, members: list[tuple[str, bytes]]) -> None:
        manifest = msgspec.json.decode(members[0][1], type=Manifest)
        assert manifest.store is not None
        kept = {path: data for path, data in members[1:] if not path.endswith("audit.jsonl")}
        rows = {table: count for table, count in manifest.store.rows.items() if table != "audit"}
        store = msgspec.structs.replace(manifest.store, rows=rows)
        named = tuple(each for each in manifest.members if each.name in kept)
        bent = msgspec.structs.replace(manifest, store=store, members=named)
        add(tar, members[0][0], encode(bent))
        for path, data in kept.items():
            add(tar, path, data)

    repacked(archive, older)
    restore(archive, tmp_path / "back", None, nobody_looks)
    assert dump(sqlite_address(tmp_path / "back" / "store.sqlite")) == before


def test_a_store_of_a_later_release_is_refused(tmp_path: Path, sqlite_template: Path) -> None:
    home = tmp_path / "var"
    home.mkdir()
    store = home / "store.sqlite"
    store.write_bytes(sqlite_template.read_bytes())
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0042'")
        connection.commit()
    backed_up(home, sqlite_address(store), tmp_path / "one.tar.gz")
    with pytest.raises(SchemaRefused, match="install the newer release"):
        restore(tmp_path / "one.tar.gz", tmp_path / "back", None, nobody_looks)
    assert not (tmp_path / "back").exists()


def test_a_damaged_journal_is_not_backed_up_in_silence(tmp_path: Path, home: Path) -> None:
    """A page that is broken: better no backup than one that would not come back."""
    path = home / "journal.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'journal'"
        ).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * 200)
    with pytest.raises((BackupError, sqlite3.DatabaseError), match=r"damaged|malformed"):
        backed_up(home, None, tmp_path / "one.tar.gz")
    assert not (tmp_path / "one.tar.gz").exists()
    assert not list(tmp_path.glob(".one*"))


def test_a_backup_is_never_written_over(archive: Path, home: Path) -> None:
    data = archive.read_bytes()
    with pytest.raises(BackupError, match="is there already"):
        backed_up(home, None, archive)
    assert archive.read_bytes() == data
