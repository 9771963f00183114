"""Which snapshots there were, as rows: a file that appears in the home is written down once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.snapshots import CHECKSUM_BYTES, DamagedSnapshot, from_bytes
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.storage.projections.change import Row
from quantum_os.storage.store import Store

EVERY_NS = 1_000_000_000
"""How often the folder is looked at."""


class SnapshotIndex:
    """Follows a folder of snapshots into the store; what was deleted since stays written down."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._known: set[str] = set()
        self._due_at = 0

    async def turn(self) -> int:
        """Writes down what is new, if it is time; gives how many. Raises what the database does.

        A file waits until the store holds all that it stands for: then its life is known too.
        """
        if monotonic_ns() < self._due_at:
            return 0
        self._due_at = monotonic_ns() + EVERY_NS
        found = sorted(self._folder.glob("*.snapshot"))
        new = [path for path in found if path.name not in self._known]
        rows = await asyncio.to_thread(lambda: list(_read(new))) if new else []
        written = await self._store.note_snapshots(rows) if rows else set()
        damaged = {path.name for path in new} - {row["file"] for row in rows}
        self._known |= damaged | written
        return len(written)


def _read(paths: list[Path]) -> Iterator[Row]:
    """Gives a row for each file that is whole, without the epoch; one that went away has none."""
    for path in paths:
        try:
            data = path.read_bytes()
            snapshot = from_bytes(data)
        except (*UNREADABLE, OSError, DamagedSnapshot):
            continue
        yield {
            "seq": snapshot.seq,
            "at": snapshot.ts,
            "file": path.name,
            "bytes": len(data),
            "checksum": data[:CHECKSUM_BYTES].hex(),
            "build": snapshot.build,
        }
