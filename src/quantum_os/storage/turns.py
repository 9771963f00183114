"""How long a task that works may hold the loop before it lets the others go on."""

import asyncio

from quantum_os.kernel.clock import perf_ns

TURN_NS = 1_000_000
"""A task that has worked for so long lets every other one have its turn."""


class Turn:
    """Counts the time since the loop was last let go."""

    def __init__(self) -> None:
        self._began = perf_ns()

    async def passes(self) -> None:
        """Lets the others go on if the turn is over; call it after each small step."""
        if perf_ns() - self._began >= TURN_NS:
            await asyncio.sleep(0)
            self._began = perf_ns()
