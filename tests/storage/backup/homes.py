"""Homes to back up: lived in, with a journal, a store, snapshots and a spool."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.backup.creating import Source, create
from quantum_os.storage.backup.manifest import Manifest
from quantum_os.storage.database.address import Address
from quantum_os.storage.sqlite_journal import SqliteJournal
from tests.storage.journals import journal_of
from tests.storage.test_projecting import project

SNAPSHOT, SPOOL = Path("snapshots/00000000000000000007.snapshot"), Path("spool")


def live_in(home: Path, envelopes: Iterable[Envelope]) -> None:
    """Leaves a journal, a snapshot and a spool, as a process would."""
    journal = SqliteJournal(home / "journal.sqlite")
    for envelope in envelopes:
        journal.append(envelope)
    asyncio.run(journal.barrier(journal.last_seq))
    journal.close()
    (home / SNAPSHOT).parent.mkdir()
    (home / SNAPSHOT).write_bytes(b"all that was known")
    (home / SPOOL).write_bytes(b"an order that must not be lost")
    (home / "journal.sqlite-shm").write_bytes(b"")
    (home / "half.part").write_bytes(b"never finished")


def keep_rows(address: Address, envelopes: Iterable[Envelope]) -> None:
    asyncio.run(project(address, journal_of(envelopes)))


def backed_up(home: Path, store: Address | None, archive: Path) -> Manifest:
    return create(Source(home, store, "test", 7), archive, nobody_looks)


def nobody_looks(_what: str, _done: int) -> None:
    """A progress that is not shown."""
