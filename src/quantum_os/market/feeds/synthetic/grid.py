"""Which moments a day of the made-up market consists of: bars, and the points inside each bar."""

import msgspec
import numpy as np

from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_S

POINTS = 15
"""Prices inside a bar: the first is its open, the last, a second before its end, its close."""

EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday."""


class Grid(msgspec.Struct, frozen=True):
    """The moments of one day; times in ns UTC, `step_ns` the length of a bar."""

    start: int
    step_ns: int

    @property
    def steps(self) -> int:
        return NS_PER_DAY // self.step_ns

    @property
    def step_min(self) -> float:
        return self.step_ns / NS_PER_MINUTE

    def opens(self) -> np.ndarray:
        """Gives the open times [steps]."""
        return self.start + np.arange(self.steps, dtype=np.int64) * self.step_ns

    def points(self) -> np.ndarray:
        """Gives the times of all points [steps, POINTS]."""
        times: np.ndarray = self.opens()[:, None] + np.array(self._inside())
        return times

    def inside(self, step: int) -> list[int]:
        """Gives the times of the points of one bar."""
        opened = self.start + step * self.step_ns
        return [opened + offset for offset in self._inside()]

    def clock(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gives hour, weekday (Monday 0) and 5m slot of the hour of each open [steps]."""
        opens = self.opens()
        weekday = np.full(self.steps, (self.start // NS_PER_DAY + EPOCH_WEEKDAY) % 7)
        slot = opens % NS_PER_HOUR // (5 * NS_PER_MINUTE)
        return opens % NS_PER_DAY // NS_PER_HOUR, weekday, slot

    def _inside(self) -> list[int]:
        """Gives when the points of a bar come (ns after its open)."""
        return [
            *(point * self.step_ns // POINTS for point in range(POINTS - 1)),
            self.step_ns - NS_PER_S,
        ]
