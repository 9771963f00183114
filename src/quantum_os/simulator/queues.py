"""Whether what waits for the bus is bounded, and whether it takes orders and people one by one."""

from collections import deque
from collections.abc import Callable

from quantum_os.events.base import Event, stream_of
from quantum_os.kernel.lanes import CONTROL_MAX, MARKET_MAX, Lanes, Offered

Breaks = Callable[[int, str, str], None]
"""Takes the number, name and text of what does not hold."""

NAME = "bounded queues"


class WatchedLanes(Lanes):
    """Stands between the edges and a life's lanes: what was offered as control must be taken so.

    Every such input comes out once, as it is and in its order, before any of the market. Lanes that
    lose one, or make one of two, are named at the next input that they give.
    """

    def __init__(self, lanes: Lanes, breaks: Breaks) -> None:
        self._lanes, self._breaks = lanes, breaks
        self._promised: deque[Event] = deque()

    async def offer_control(self, ts: int, event: Event, source: str) -> None:
        await self._lanes.offer_control(ts, event, source)
        self._promised.append(event)
        self._look()

    async def offer_market(self, ts: int, event: Event | None, source: str) -> None:
        await self._lanes.offer_market(ts, event, source)
        self._look()

    def note_conflated(self, count: int) -> None:
        self._lanes.note_conflated(count)

    def take(self) -> Offered | None:
        offered = self._lanes.take()
        if self._promised:
            self._compare(self._promised.popleft(), offered)
        return offered

    async def wait(self) -> None:
        await self._lanes.wait()

    def wake(self) -> None:
        self._lanes.wake()

    async def settled(self) -> None:
        await self._lanes.settled()

    @property
    def backlog(self) -> int:
        return self._lanes.backlog

    @property
    def oldest(self) -> Offered | None:
        return self._lanes.oldest

    @property
    def market_backlog(self) -> int:
        return self._lanes.market_backlog

    def _compare(self, promised: Event, offered: Offered | None) -> None:
        event = None if offered is None else offered.event
        if event is promised:
            return
        given = "nothing" if event is None else stream_of(type(event))
        text = f"{stream_of(type(promised))} was offered, and {given} came in its place"
        self._breaks(21, NAME, text)
        self._promised.clear()

    def _look(self) -> None:
        market = self._lanes.market_backlog
        control = self._lanes.backlog - market
        if control > CONTROL_MAX or market > MARKET_MAX:
            self._breaks(21, NAME, f"{control} inputs of control wait, and {market} of the market")
