"""How time reaches the bus: inputs in order, and the timers that come due between them."""

from quantum_os.events.base import Event
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.timers import Timers


class Driver:
    """Feeds the bus from one ordered source, the same way in a backtest and in a live process.

    Before an input, the one-shot timers due earlier fire at their own time. A mark (no event) fires
    everything due by then; periodic timers fire only there, so once between two marks.
    """

    def __init__(self, bus: Bus, timers: Timers) -> None:
        self._bus = bus
        self._timers = timers

    def offer(self, ts: int, event: Event | None, source: str) -> None:
        """Works one input (or a timer mark, `event` None) off; time never runs backwards."""
        bus = self._bus
        ts = max(ts, bus.instant.ns)
        if event is None:
            for fired in self._timers.due_until(ts):
                bus.process(max(fired.due, bus.instant.ns), fired, self._timers.name)
            return
        for fired in self._timers.one_shots_before(ts):
            bus.process(max(fired.due, bus.instant.ns), fired, self._timers.name)
        bus.process(ts, event, source)
