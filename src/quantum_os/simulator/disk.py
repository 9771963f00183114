"""EDGE. What survives a life: the journal, snapshots and spool, on a disk that fails.

A transaction is whole or nothing, as SQLite's are. What a failed fsync has left is not known before
the next life looks.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.snapshots import (
    KEPT,
    DamagedSnapshot,
    ProcessSnapshot,
    SnapshotFolder,
    from_bytes,
    to_bytes,
)
from quantum_os.simulator.faults import Faults, Kind
from quantum_os.simulator.mortality import Tether
from quantum_os.storage.emergency_spool import SPOOL_BYTES, SpoolFile
from quantum_os.storage.journal_file import JournalFile

NOWHERE = Path("simulated")
TORN_MAX = 2
"""Damaged snapshots on the disk at once: there is always a whole one."""


class Disk:
    """The disk of one home; each life opens what lies on it. `on_write` hears of durable rows."""

    def __init__(self, faults: Faults, snapshot: bytes, rows: Sequence[Envelope]) -> None:
        self.faults = faults
        self.rows = list(rows)
        self.snapshots: dict[int, bytes] = {rows[-1].seq: snapshot}
        self.torn: set[int] = set()
        self.spool = bytearray(SPOOL_BYTES)
        self.full = False

    def journal(self, tether: Tether) -> JournalFile:
        return SimulatedJournalFile(self, tether)

    def snapshot_folder(self, tether: Tether) -> SnapshotFolder:
        return SimulatedSnapshots(self, tether)

    def spool_file(self, tether: Tether) -> SpoolFile:
        return SimulatedSpool(self, tether)


class SimulatedJournalFile(JournalFile):
    """The journal's table as rows in memory."""

    def __init__(self, disk: Disk, tether: Tether) -> None:
        self._disk, self._tether = disk, tether

    def write(self, envelopes: Sequence[Envelope]) -> None:
        self._tether.visit("before_write")
        faults = self._disk.faults
        if faults.strikes(Kind.FAILED_WRITE):
            raise _error("SQLITE_FULL")
        if self._tether.fsync_fails:
            if faults.draws(Kind.FAILED_FSYNC).hits(0.5):
                self._disk.rows.extend(envelopes)
            raise _error("SQLITE_IOERR_FSYNC")
        self._disk.rows.extend(envelopes)
        self._tether.visit("after_write")

    def read(self, start: int = 1) -> Iterator[Envelope]:
        rows = self._disk.rows
        first = rows[0].seq if rows else 1
        yield from rows[max(0, start - first) :]

    def read_streams(self, streams: Sequence[str]) -> Iterator[Envelope]:
        return (row for row in tuple(self._disk.rows) if row.stream in streams)

    def first_of(self, stream: str) -> Envelope | None:
        return next((row for row in self._disk.rows if row.stream == stream), None)

    def has(self, stream: str, payload: bytes) -> bool:
        rows = self._disk.rows
        return any(row.stream == stream and row.payload == payload for row in rows)

    def whole_from(self) -> int | None:
        return self._disk.rows[0].seq if self._disk.rows else None

    def last_seq(self) -> int:
        return self._disk.rows[-1].seq if self._disk.rows else 0

    def last_ts(self) -> int:
        return self._disk.rows[-1].ts if self._disk.rows else 0

    def trim(self, before: int) -> None:
        self._disk.rows = [row for row in self._disk.rows if row.seq >= before]

    def close(self) -> None:
        return


class SimulatedSnapshots(SnapshotFolder):
    """The snapshots as bytes in memory; one that is torn is found out by its checksum."""

    def __init__(self, disk: Disk, tether: Tether) -> None:
        self._disk, self._tether = disk, tether

    def save(self, snapshot: ProcessSnapshot) -> Path:
        self._tether.visit("before_snapshot")
        disk, faults = self._disk, self._disk.faults
        if faults.strikes(Kind.FAILED_SNAPSHOT):
            raise OSError("no space left on device")
        data = to_bytes(snapshot)
        if len(disk.torn) < TORN_MAX and faults.strikes(Kind.TORN_SNAPSHOT):
            data = data[: faults.draws(Kind.TORN_SNAPSHOT).whole(len(data))]
            disk.torn.add(snapshot.seq)
        disk.snapshots[snapshot.seq] = data
        self._tether.visit("after_snapshot")
        for seq in sorted(disk.snapshots)[:-KEPT]:
            del disk.snapshots[seq]
            disk.torn.discard(seq)
        return _name(snapshot.seq)

    def newest_first(self) -> Iterator[tuple[Path, ProcessSnapshot | None]]:
        for seq in sorted(self._disk.snapshots, reverse=True):
            try:
                yield _name(seq), from_bytes(self._disk.snapshots[seq])
            except DamagedSnapshot:
                yield _name(seq), None


class SimulatedSpool(SpoolFile):
    """The emergency spool's file."""

    def __init__(self, disk: Disk, tether: Tether) -> None:
        self._disk, self._tether = disk, tether

    def read(self, size: int, place: int) -> bytes:
        return bytes(self._disk.spool[place : place + size])

    def put(self, data: bytes, place: int) -> None:
        self._tether.visit("before_spool")
        if self._disk.faults.strikes(Kind.FAILED_SPOOL):
            raise OSError("input/output error")
        self._disk.spool[place : place + len(data)] = data
        self._tether.visit("after_spool")

    def close(self) -> None:
        return


def _name(seq: int) -> Path:
    return NOWHERE / f"{seq:020d}.snapshot"


def _error(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(name)
    error.sqlite_errorname = name
    return error
