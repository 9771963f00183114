"""When the record of an instruction is safe enough for its bytes to leave."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from quantum_os.events.base import Event
from quantum_os.kernel.journal import Journal

SLICE_S = 0.125
"""Wall seconds between two looks at whether an exit waits behind an entry."""

ENTRY_SLICES_MAX = 16
"""Slices that an entry waits for its barrier: 2 s, then it is not sent at all."""

EXIT_WAIT_S = 0.125
"""Wall seconds that an exit waits for its barrier; with one slice before it, 250 ms at most."""


class Spool(Protocol):
    """Keeps what must not be lost while the journal cannot be written."""

    async def keep(self, seq: int, ts: int, event: Event) -> None:
        """Returns once the event is on the disk; raises OSError when it cannot be put there."""


class NoSpool:
    """Stands where a process keeps nothing on a disk."""

    async def keep(self, seq: int, ts: int, event: Event) -> None:
        raise OSError("this process has no emergency spool")


async def holds(journal: Journal, seq: int, wait_s: float) -> bool:
    """True once the journal holds everything up to `seq`; False when it fails or takes too long."""
    return await _holds(journal, seq, wait_s, 1, lambda: False)


async def holds_entry(journal: Journal, seq: int, hurry: Callable[[], bool]) -> bool:
    """The same for an entry, which gives way as soon as `hurry` says that an exit waits."""
    return await _holds(journal, seq, SLICE_S, ENTRY_SLICES_MAX, hurry)


async def _holds(
    journal: Journal, seq: int, slice_s: float, slices: int, hurry: Callable[[], bool]
) -> bool:
    if journal.flushed_seq >= seq:
        return True
    barrier = asyncio.ensure_future(journal.barrier(seq))
    try:
        for _ in range(slices):
            await asyncio.wait({barrier}, timeout=slice_s)
            if barrier.done():
                return barrier.exception() is None
            if hurry():
                return False
    finally:
        barrier.cancel()
    return False
