"""How far the exchange's clock is from ours, by the quickest of the last answers."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec

from quantum_os.kernel.clock import WallClock, monotonic_ns

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
_WALL = WallClock()
SAMPLES_KEPT = 16
"""Measurements of which the quickest counts: its middle can be wrong by half its round trip."""

DRIFT_MAX_MS = 1_000.0
"""Beyond it our stamps are refused sooner or later: no entry leaves."""


class Sample(msgspec.Struct, frozen=True):
    """One measurement: what to add to our clock, ms, and how long it took."""

    offset_ms: float
    round_trip_ms: float


class VenueClock:
    """Gives the exchange's time. Between measurements it goes on by a clock that is never set.

    So a step of our own wall clock does not move it. `ours` is our own time, ns: the machine's, or
    that of an emulated world. `monotonic` is what durations of its world are measured by, ns.
    """

    is_followed: ClassVar[bool] = False

    def __init__(
        self,
        wall: Callable[[], int] = _WALL.now,
        monotonic: Callable[[], int] = monotonic_ns,
    ) -> None:
        self.ours, self.monotonic = wall, monotonic
        self._wall, self._monotonic = wall, monotonic
        self._origin = wall() - monotonic()
        self._samples: deque[Sample] = deque(maxlen=SAMPLES_KEPT)
        self.best: Sample | None = None

    @property
    def offset_ms(self) -> float:
        """What the exchange's clock is ahead of ours, ms; 0 before the first measurement."""
        return 0.0 if self.best is None else self.best.offset_ms + self._set_back_ms()

    @property
    def is_measured(self) -> bool:
        return self.best is not None

    def now_ms(self) -> int:
        """The exchange's time, ms UTC."""
        ahead_ms = 0.0 if self.best is None else self.best.offset_ms
        return (self._origin + self._monotonic() + int(ahead_ms * NS_PER_MS)) // NS_PER_MS

    def now_ns(self) -> int:
        """The exchange's time, ns UTC."""
        return self.now_ms() * NS_PER_MS

    def begin(self) -> int:
        """Starts a measurement; the mark goes to `measure`."""
        return self._monotonic()

    def measure(self, mark: int, venue_ms: int) -> Sample:
        """Books an answer with the exchange's time to a question that was sent at `mark`."""
        ended = self._monotonic()
        ahead_ns = venue_ms * NS_PER_MS - self._origin - (mark + ended) // 2
        sample = Sample(ahead_ns / NS_PER_MS, (ended - mark) / NS_PER_MS)
        self._samples.append(sample)
        self.best = min(self._samples, key=lambda each: each.round_trip_ms)
        return sample

    def hears(self, message: Any) -> None:
        """Hears every frame of a websocket; a clock that goes by itself needs none of them."""

    async def rest(self, seconds: float) -> None:
        """Returns after so many seconds of the exchange's time."""
        await asyncio.sleep(seconds)

    def forget(self) -> None:
        """Drops the measurements: the exchange has refused a stamp that came of them."""
        self._samples.clear()

    def _set_back_ms(self) -> float:
        """How far our own wall clock was set back since the start, ms."""
        return (self._origin + self._monotonic() - self._wall()) / NS_PER_MS
