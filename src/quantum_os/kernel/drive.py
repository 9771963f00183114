"""How time reaches the bus: inputs in order, and the timers that come due between them."""

from collections.abc import Iterator

from quantum_os.events.base import Event
from quantum_os.events.system import TimerFired
from quantum_os.kernel.bus import Bus, EndlessCascade
from quantum_os.kernel.timers import TIMERS_MAX, Timers

FIRINGS_MAX = TIMERS_MAX
"""Timers that may fire between two inputs; more is a timer that sets itself again in the past."""


class Driver:
    """Feeds the bus from one ordered source, the same way in a backtest and in a live process.

    Before an input, the one-shot timers due earlier fire at their own time. A mark (no event) fires
    everything due by then; periodic timers fire only there, so once between two marks.
    """

    def __init__(self, bus: Bus, timers: Timers, firings_max: int = FIRINGS_MAX) -> None:
        self._bus = bus
        self._timers = timers
        self._firings_max = firings_max

    def offer(self, ts: int, event: Event | None, source: str) -> None:
        """Works one input (or a timer mark, `event` None) off; time never runs backwards.

        Raises EndlessCascade when more than `firings_max` timers fire before it.
        """
        ts = max(ts, self._bus.instant.ns)
        if event is None:
            self._fire(ts, self._timers.due_until(ts))
            return
        self._fire(ts, self._timers.one_shots_before(ts))
        self._bus.process(ts, event, source)

    def _fire(self, ts: int, due: Iterator[TimerFired]) -> None:
        """Fires what is due, one by one; faulted timers hear nothing, so they fire no more."""
        bus, name = self._bus, self._timers.name
        for count, fired in enumerate(due):
            if name in bus.faulted:
                return
            if count >= self._firings_max:
                raise EndlessCascade(f"more than {self._firings_max} timers fired by {ts}")
            bus.process(max(fired.due, bus.instant.ns), fired, name)
