"""Everything the process knows at one sequence number, checksummed, to go on from there."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import xxhash

from quantum_os.events.system import SafetyFault
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.digest import RunDigest
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.reactor import Module, Snapshot, UnknownSnapshotVersion
from quantum_os.kernel.unreadable import UNREADABLE

KEPT = 5
"""Snapshot files kept in a folder; older ones are removed."""

CHECKSUM_BYTES = 16
"""The bytes before a snapshot's body."""


class ProcessSnapshot(msgspec.Struct, frozen=True):
    """The states of all modules between two inputs, with the running hashes at that point.

    `inputs` counts them by source and stream: from it a feed knows where to go on, and a venue what
    to tell.
    `build` is the code that the states are of.
    """

    seq: int
    ts: int
    digest: RunDigest
    counts: dict[str, tuple[int, int, int]]
    modules: dict[str, Snapshot]
    inputs: dict[str, dict[str, int]] = {}
    faulted: dict[str, SafetyFault] = {}
    build: str = ""


class DamagedSnapshot(ValueError):
    """A snapshot whose checksum or shape is wrong; an older one must do."""


def take(bus: Bus, modules: Sequence[Module], build: str = "") -> ProcessSnapshot:
    """Copies what the bus and its modules know; call it between inputs only."""
    known = {module.name: module.snapshot() for module in modules}
    return ProcessSnapshot(
        seq=bus.seq,
        ts=bus.instant.ns,
        digest=_copied(bus.digest),
        counts={
            route.stream: (route.numbered, route.delivered, route.last_ts)
            for route in bus.routes.values()
        },
        modules={name: state for name, state in known.items() if state is not None},
        inputs={source: dict(counts) for source, counts in bus.inputs.items()},
        faulted=dict(bus.faulted),
        build=build,
    )


def restore(
    snapshot: ProcessSnapshot, bus: Bus, modules: Sequence[Module], build: str = ""
) -> list[str]:
    """Puts a fresh process where the snapshot was taken; gives the modules that start empty.

    A module that the snapshot does not know is new when another build took it, and a damage when
    this one did. Raises DamagedSnapshot for that and for a state of another shape, and
    UnknownSnapshotVersion.
    """
    new = []
    for module in modules:
        if module.snapshot() is None:
            continue
        if module.name in snapshot.modules:
            _restored(module, snapshot.modules[module.name])
        elif snapshot.build == build:
            raise DamagedSnapshot(f"the snapshot does not know {module.name}")
        else:
            new.append(module.name)
    bus.seq = snapshot.seq
    bus.instant.ns = snapshot.ts
    bus.digest = _copied(snapshot.digest)
    bus.inputs = {source: dict(counts) for source, counts in snapshot.inputs.items()}
    for fault in snapshot.faulted.values():
        bus.put_down(fault)
    for route in bus.routes.values():
        route.numbered, route.delivered, route.last_ts = snapshot.counts.get(
            route.stream, (0, 0, 0)
        )
    return new


def _restored(module: Module, state: Snapshot) -> None:
    try:
        module.restore(state)
    except UnknownSnapshotVersion:
        raise
    except (*UNREADABLE, ValueError) as error:
        raise DamagedSnapshot(f"the state of {module.name}: {error}") from error


def _copied(digest: RunDigest) -> RunDigest:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(digest), type=RunDigest)


def to_bytes(snapshot: ProcessSnapshot) -> bytes:
    body = msgspec.msgpack.encode(snapshot)
    return xxhash.xxh3_128_digest(body) + body


def from_bytes(data: bytes) -> ProcessSnapshot:
    """The inverse of `to_bytes`; raises DamagedSnapshot when a byte or the shape has changed."""
    checksum, body = data[:CHECKSUM_BYTES], data[CHECKSUM_BYTES:]
    if xxhash.xxh3_128_digest(body) != checksum:
        raise DamagedSnapshot("the checksum does not match")
    try:
        return msgspec.msgpack.decode(body, type=ProcessSnapshot)
    except (*UNREADABLE, ValueError, ArithmeticError) as error:
        raise DamagedSnapshot(f"it is of another shape: {error}") from error


class SnapshotFolder:
    """The newest snapshots of a run, as files named by their sequence number."""

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        self._folder = folder
        self._kept = kept
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, snapshot: ProcessSnapshot) -> Path:
        """Writes one file (complete, or not at all) and removes the oldest beyond those kept."""
        path = self._folder / f"{snapshot.seq:020d}.snapshot"
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            file.write(to_bytes(snapshot))
            kill_point("snapshot.after_write")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        kill_point("snapshot.after_rename")
        _sync(self._folder)
        for old in self._newest_first()[self._kept :]:
            old.unlink()
        kill_point("snapshot.after_prune")
        return path

    def newest_valid(self) -> ProcessSnapshot | None:
        """Gives the newest snapshot that is whole; None when there is none."""
        return next((found for _, found in self.newest_first() if found is not None), None)

    def newest_first(self) -> Iterator[tuple[Path, ProcessSnapshot | None]]:
        """Gives every file with its snapshot, None where it is damaged."""
        for path in self._newest_first():
            try:
                yield path, from_bytes(path.read_bytes())
            except DamagedSnapshot:
                yield path, None

    def _newest_first(self) -> list[Path]:
        return sorted(self._folder.glob("*.snapshot"), reverse=True)


def _sync(folder: Path) -> None:
    """Makes the names in a folder as durable as what they stand for."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
