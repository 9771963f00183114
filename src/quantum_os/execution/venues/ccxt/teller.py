"""In which order what a venue says reaches the bus: that in which it was heard."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from quantum_os.events.base import Event, stream_of
from quantum_os.events.system import AlertRaised, AlertResolved, Severity
from quantum_os.events.units import Ns
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.lanes import Lanes

WAITING_MAX = 50_000
"""Facts that may wait for the bus; more is a fault of the edge."""


class Teller:
    """Takes facts at once, from any task, and offers them one by one."""

    def __init__(self, source: str, wall: Callable[[], int]) -> None:
        self._source, self._wall = source, wall
        self._waiting: deque[Event] = deque()
        self._filled = asyncio.Event()
        self._raised: dict[str, Ns] = {}

    @property
    def now(self) -> int:
        """The time that facts are stamped with, ns UTC."""
        return self._wall()

    @property
    def waiting(self) -> tuple[Event, ...]:
        """What was said and has not reached the bus yet, oldest first."""
        return tuple(self._waiting)

    def say(self, *events: Event) -> None:
        """Queues facts; raises OverflowError when nobody takes them any more."""
        self.say_all(events)

    def say_all(self, events: Iterable[Event]) -> None:
        self._waiting.extend(events)
        if len(self._waiting) > WAITING_MAX:
            raise OverflowError(f"{WAITING_MAX} facts of the venue wait for the bus")
        self._filled.set()

    def alarm(
        self,
        rule: str,
        summary: str,
        *,
        severity: Severity = Severity.CRITICAL,
        about: str = "",
        value: float | None = None,
    ) -> None:
        """Raises an alert once; it may be raised again when it has been resolved."""
        key = f"{self._source}.{rule}" + (f":{about}" if about else "")
        if key in self._raised:
            return
        since = self._raised[key] = Ns(self.now)
        self.say(AlertRaised(key, rule, severity, summary, since, value))

    def resolve(self, rule: str, *, about: str = "") -> None:
        """Says that an alert's cause is gone, if it was raised."""
        key = f"{self._source}.{rule}" + (f":{about}" if about else "")
        since = self._raised.pop(key, None)
        if since is not None:
            self.say(AlertResolved(key, since, Ns(self.now)))

    async def run(self, lanes: Lanes) -> None:
        """Offers what is queued until cancelled."""
        while True:
            while self._waiting:
                event = self._waiting.popleft()
                word = stream_of(type(event))
                kill_point("teller.before_fact", word)
                await lanes.offer_control(self.now, event, self._source)
                kill_point("teller.after_fact", word)
            self._filled.clear()
            await self._filled.wait()
