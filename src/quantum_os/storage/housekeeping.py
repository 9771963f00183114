"""When old things go: a small step at a time, once everything that is due has been done."""

import asyncio
from collections.abc import Sequence

from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.journal import Journal
from quantum_os.storage.retention import Floor, Keeping, trim_before, trim_some
from quantum_os.storage.store import Store

EVERY_NS = 3_600 * 1_000_000_000
"""How often it is seen to; the first time as long after the start."""


class Housekeeping:
    """Trims the journal behind the floors and prunes the store, without anybody waiting for it."""

    def __init__(
        self, journal: Journal, store: Store, keeping: Keeping, floors: Sequence[Floor]
    ) -> None:
        self._journal = journal
        self._store = store
        self._keeping = keeping
        self._floors = floors
        self._due_at = monotonic_ns() + EVERY_NS
        self._before = 0
        self.trimmed = 0
        self.pruned = 0

    async def turn(self, now: int) -> bool:
        """Does one small step of what is due; False when there is nothing to do. `now` in UTC ns.

        Raises what the database raises; the next turn goes on.
        """
        if monotonic_ns() < self._due_at:
            return False
        self._before = self._before or trim_before(self._journal, self._keeping, now, self._floors)
        trimmed = await asyncio.to_thread(trim_some, self._journal, self._before)
        pruned = 0 if trimmed else await self._store.prune(self._keeping, now)
        self.trimmed += trimmed
        self.pruned += pruned
        if not trimmed and not pruned:
            self._due_at, self._before = monotonic_ns() + EVERY_NS, 0
        return bool(trimmed or pruned)

    def hurry(self) -> None:
        """Makes everything due now."""
        self._due_at = 0
