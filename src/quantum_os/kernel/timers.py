"""When a module that asked to be told is told."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.system import TimerCancelled, TimerFired, TimerSet
from quantum_os.events.units import Ns
from quantum_os.kernel.reactor import Reactor

TIMERS_MAX = 100_000
"""Timers that may wait at once; more is a leak, and a fault."""


class Waiting(msgspec.Struct):
    """A timer that has not fired yet; `period` 0 fires once."""

    due: int
    period: int


class TimersState(msgspec.Struct):
    """Every waiting timer by key, and the earliest dues: the common case is one comparison."""

    waiting: dict[str, Waiting] = {}
    next_one_shot: int = 0
    next_due: int = 0


class Timers(Reactor[TimersState]):
    """Keeps the waiting timers; the driver asks what is due and offers it as an input."""

    name = "kernel.timers"

    def __init__(self) -> None:
        super().__init__(TimersState())

    def on_set(self, event: TimerSet) -> None:
        if len(self.state.waiting) >= TIMERS_MAX and event.key not in self.state.waiting:
            raise OverflowError(f"more than {TIMERS_MAX} timers wait")
        replaced = self.state.waiting.get(event.key)
        timer = self.state.waiting[event.key] = Waiting(max(event.due, 1), event.period_ns or 0)
        if replaced is None:
            self._hasten(timer)
        else:
            self._find_next()

    def on_cancelled(self, event: TimerCancelled) -> None:
        if self.state.waiting.pop(event.key, None) is not None:
            self._find_next()

    def on_fired(self, event: TimerFired) -> None:
        timer = self.state.waiting.get(event.key)
        if timer is None:
            return
        if timer.period:
            timer.due = event.due + timer.period
        else:
            del self.state.waiting[event.key]
        self._find_next()

    def one_shots_before(self, ns: int) -> Iterator[TimerFired]:
        """Gives, earliest first, the one-shot timers due strictly before `ns`.

        Each is given as it is reached, and must be heard before the next one is asked for.
        """
        while 0 < self.state.next_one_shot < ns:
            due, key = min(
                (timer.due, key)
                for key, timer in self.state.waiting.items()
                if not timer.period and timer.due < ns
            )
            yield TimerFired(key=key, due=Ns(due))

    def due_until(self, ns: int) -> Iterator[TimerFired]:
        """Gives, earliest first, every timer due by `ns`; a periodic one once, counting misses."""
        while 0 < self.state.next_due <= ns:
            due, key = min(
                (timer.due, key) for key, timer in self.state.waiting.items() if timer.due <= ns
            )
            period = self.state.waiting[key].period
            missed = (ns - due) // period if period else 0
            yield TimerFired(key=key, due=Ns(due + missed * period), missed=missed)

    def _hasten(self, timer: Waiting) -> None:
        state = self.state
        state.next_due = min(state.next_due or timer.due, timer.due)
        if not timer.period:
            state.next_one_shot = min(state.next_one_shot or timer.due, timer.due)

    def _find_next(self) -> None:
        dues = [timer.due for timer in self.state.waiting.values()]
        once = [timer.due for timer in self.state.waiting.values() if not timer.period]
        self.state.next_due = min(dues, default=0)
        self.state.next_one_shot = min(once, default=0)
