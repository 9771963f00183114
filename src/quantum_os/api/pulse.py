"""How late the process's one loop is: a beat that says by how much it came too late."""

import asyncio

from quantum_os.kernel.clock import monotonic_ns

BEAT_S = 0.25
KEPT = 60
"""Beats remembered: a quarter of a minute."""


class Pulse:
    """Beats in the loop that trades; `late_s` is the worst of the last beats."""

    def __init__(self) -> None:
        self._late: list[float] = []

    async def run(self) -> None:
        while True:
            due = monotonic_ns() + round(BEAT_S * 1e9)
            await asyncio.sleep(BEAT_S)
            self._late = [*self._late[1 - KEPT :], max(0.0, (monotonic_ns() - due) / 1e9)]

    @property
    def late_s(self) -> float | None:
        """Seconds; None before the first beat."""
        return max(self._late, default=None)
