"""What time it is: the only file that reads a wall clock."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final, Protocol


class Clock(Protocol):
    """A source of UTC nanoseconds."""

    def now(self) -> int: ...


class WallClock:
    """The machine's own clock."""

    def now(self) -> int:
        return time.time_ns()


class ReplayClock:
    """A clock that moves only when an event moves it, and never backwards."""

    def __init__(self, start: int = 0) -> None:
        self._ns = start

    def now(self) -> int:
        return self._ns

    def move_to(self, ns: int) -> None:
        self._ns = max(self._ns, ns)


_monotonic: ContextVar[Callable[[], int]] = ContextVar("monotonic", default=time.monotonic_ns)


def monotonic_ns() -> int:
    """Gives nanoseconds that only ever rise; for durations, never for stamps."""
    return _monotonic.get()()


def measure_by(monotonic: Callable[[], int]) -> None:
    """Measures durations in this context, and in the tasks it begins, by the clock of a world."""
    _monotonic.set(monotonic)


perf_ns: Final = time.perf_counter_ns
"""Gives the finest counter there is; for sampled handler timings, never for a decision."""
