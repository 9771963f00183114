"""When everything that the process knows is written down, so that a restart is short."""

import asyncio
from collections.abc import Sequence

import structlog

from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.journal import Journal, JournalFailed
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.snapshots import ProcessSnapshot, SnapshotFolder, take

EVERY_S = 300.0
"""Wall seconds between two snapshots: what a person waits for."""

EVERY_EVENTS = 50_000
"""Events between two snapshots: what a restart costs."""

_log = structlog.get_logger("quantum_os.checkpoints")


class Checkpoints:
    """Takes snapshots between inputs and saves them beside the loop, once the journal is as far.

    A snapshot that cannot be saved is given up and said; the older ones stay.
    """

    def __init__(
        self,
        folder: SnapshotFolder,
        journal: Journal,
        build: str,
        *,
        every_s: float = EVERY_S,
        every_events: int = EVERY_EVENTS,
    ) -> None:
        self.saved_seq = 0
        self.failure = ""
        self._folder = folder
        self._journal = journal
        self._build = build
        self._every_ns = int(every_s * 1e9)
        self._every_events = every_events
        self._taken_seq = 0
        self._taken_at = monotonic_ns()
        self._saving: asyncio.Task[None] | None = None

    def begin(self, snapshot_seq: int) -> None:
        """Counts from the snapshot that the process has come back from, its tail included."""
        self._taken_seq, self._taken_at = snapshot_seq, monotonic_ns()

    def consider(self, bus: Bus, modules: Sequence[Module]) -> None:
        """Takes a snapshot if one is due and none is being saved; call it between two inputs."""
        if self._saving is not None or bus.seq == self._taken_seq:
            return
        is_far = bus.seq - self._taken_seq >= self._every_events
        if is_far or monotonic_ns() - self._taken_at >= self._every_ns:
            self._saving = asyncio.create_task(self._save(self._take(bus, modules)))

    async def finish(self, bus: Bus, modules: Sequence[Module]) -> None:
        """Saves where the process stands at its end, so that the next life has no tail to play."""
        if self._saving is not None:
            await self._saving
        if not bus.broken:
            await self._save(self._take(bus, modules))

    def _take(self, bus: Bus, modules: Sequence[Module]) -> ProcessSnapshot:
        self.begin(bus.seq)
        snapshot = take(bus, modules, self._build)
        kill_point("snapshot.after_take")
        return snapshot

    async def _save(self, snapshot: ProcessSnapshot) -> None:
        try:
            await self._journal.barrier(snapshot.seq)
            kill_point("snapshot.after_barrier")
            await asyncio.to_thread(self._folder.save, snapshot)
            self.saved_seq, self.failure = snapshot.seq, ""
        except (JournalFailed, OSError) as error:
            self.failure = str(error)
            _log.warning("no snapshot", seq=snapshot.seq, why=self.failure)
        finally:
            self._saving = None
