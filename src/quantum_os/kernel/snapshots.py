"""Everything the process knows at one sequence number, checksummed, to go on from there."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import xxhash

from quantum_os.kernel.bus import Bus
from quantum_os.kernel.digest import RunDigest
from quantum_os.kernel.reactor import Module, Snapshot

KEPT = 5
"""Snapshot files kept in a folder; older ones are removed."""

_CHECKSUM_BYTES = 16


class ProcessSnapshot(msgspec.Struct, frozen=True):
    """The states of all modules between two inputs, with the running hashes at that point."""

    seq: int
    ts: int
    digest: RunDigest
    counts: dict[str, tuple[int, int, int]]
    modules: dict[str, Snapshot]


class DamagedSnapshot(ValueError):
    """A snapshot whose checksum or shape is wrong; an older one must do."""


def take(bus: Bus, modules: Sequence[Module]) -> ProcessSnapshot:
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
    )


def restore(snapshot: ProcessSnapshot, bus: Bus, modules: Sequence[Module]) -> None:
    """Puts a fresh process where the snapshot was taken; raises DamagedSnapshot on a gap."""
    for module in modules:
        if module.snapshot() is None:
            continue
        if module.name not in snapshot.modules:
            raise DamagedSnapshot(f"the snapshot does not know {module.name}")
        module.restore(snapshot.modules[module.name])
    bus.seq = snapshot.seq
    bus.instant.ns = snapshot.ts
    bus.digest = _copied(snapshot.digest)
    for route in bus.routes.values():
        route.numbered, route.delivered, route.last_ts = snapshot.counts.get(
            route.stream, (0, 0, 0)
        )


def _copied(digest: RunDigest) -> RunDigest:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(digest), type=RunDigest)


def to_bytes(snapshot: ProcessSnapshot) -> bytes:
    body = msgspec.msgpack.encode(snapshot)
    return xxhash.xxh3_128_digest(body) + body


def from_bytes(data: bytes) -> ProcessSnapshot:
    """The inverse of `to_bytes`; raises DamagedSnapshot when a byte has changed."""
    checksum, body = data[:_CHECKSUM_BYTES], data[_CHECKSUM_BYTES:]
    if xxhash.xxh3_128_digest(body) != checksum:
        raise DamagedSnapshot("the checksum does not match")
    return msgspec.msgpack.decode(body, type=ProcessSnapshot)


class SnapshotFolder:
    """The newest snapshots of a run, as files named by their sequence number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, snapshot: ProcessSnapshot) -> Path:
        """Writes one file (complete, or not at all) and removes the oldest beyond `KEPT`."""
        path = self._folder / f"{snapshot.seq:020d}.snapshot"
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            file.write(to_bytes(snapshot))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        for old in self._newest_first()[KEPT:]:
            old.unlink()
        return path

    def newest_valid(self) -> ProcessSnapshot | None:
        """Gives the newest snapshot that is whole; None when there is none."""
        for path in self._newest_first():
            try:
                return from_bytes(path.read_bytes())
            except (DamagedSnapshot, msgspec.ValidationError, msgspec.DecodeError):
                continue
        return None

    def _newest_first(self) -> list[Path]:
        return sorted(self._folder.glob("*.snapshot"), reverse=True)
