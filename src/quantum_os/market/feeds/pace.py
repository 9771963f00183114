"""EDGE. When a tape's next time may be played: at once, or at a multiple of real time."""

import asyncio

from quantum_os.kernel.clock import monotonic_ns

LATE_NS = 50_000_000
"""Wall ns that playing may run ahead before it rests."""


class Pace:
    """Rests between tape times. Speed 0 never rests, nor does anything before `paced_from` (ns)."""

    def __init__(self, speed: float = 0.0, paced_from: int = 0) -> None:
        self._speed = speed
        self._paced_from = paced_from
        self._began: tuple[int, int] | None = None

    async def rest_until(self, time: int) -> None:
        """Returns when `time` (ns of the tape) is due; the first paced time is due at once."""
        if self._speed <= 0 or time < self._paced_from:
            return
        tape_ns, wall_ns = self._began = self._began or (time, monotonic_ns())
        ahead = (time - tape_ns) / self._speed - (monotonic_ns() - wall_ns)
        if ahead > LATE_NS:
            await asyncio.sleep(ahead / 1e9)
