"""What waits to be numbered: one bounded lane for control, one for the market."""

import asyncio
from collections import deque

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.market import MarketTick
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.conflation import merged

CONTROL_MAX = 10_000
"""Inputs of venue, operator and timers that may wait; then their edge waits."""

MARKET_MAX = 10_000
"""Market inputs that may wait; then ticks conflate further and bars wait."""


class Offered(msgspec.Struct):
    """An input on its way to the bus; `event` None asks to fire the timers due by `ts`.

    `since` is the monotonic ns of its offering, a conflated tick's that of the first of them.
    """

    ts: int
    event: Event | None
    source: str
    since: int = 0


class Lanes:
    """Two queues in front of the bus. Control is drained first and never conflated.

    Ticks of one (venue, symbol) that wait together become one tick that carries their extremes and
    count: offered = numbered + conflated, and both are counted here. None overtakes a bar that way
    (a bar's close must not be told a price from after it) until the lane is full.
    """

    def __init__(self) -> None:
        self._control: deque[Offered] = deque()
        self._market: deque[Offered] = deque()
        self._waiting_ticks: dict[tuple[str, str], tuple[Offered, int]] = {}
        self._fence = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._settled = asyncio.Event()
        self._settled.set()
        self.offered = 0
        self.conflated = 0
        self.taken = 0

    async def offer_control(self, ts: int, event: Event, source: str) -> None:
        """Queues a venue's, operator's or kernel's input; waits while the lane is full."""
        while len(self._control) >= CONTROL_MAX:
            await self._wait_for_room()
        self._count(event)
        self._control.append(Offered(ts, event, source, monotonic_ns()))
        self._wake()

    async def offer_market(self, ts: int, event: Event | None, source: str) -> None:
        """Queues a market input, or a timer mark; ticks conflate with one that still waits."""
        if isinstance(event, MarketTick) and self._conflate(event, ts):
            return
        while len(self._market) >= MARKET_MAX:
            await self._wait_for_room()
        self._count(event)
        offered = Offered(ts, event, source, monotonic_ns())
        self._market.append(offered)
        if isinstance(event, MarketTick):
            self._waiting_ticks[event.venue, event.symbol] = offered, self._fence
        elif event is not None:
            self._fence += 1
        self._wake()

    def note_conflated(self, count: int) -> None:
        """Counts inputs that an edge has conflated before it offered what became of them."""
        self.offered += count
        self.conflated += count

    def take(self) -> Offered | None:
        """Gives the next input, control first; None when nothing waits."""
        if self._control:
            offered = self._control.popleft()
        elif self._market:
            offered = self._market.popleft()
            tick = offered.event
            if isinstance(tick, MarketTick):
                self._forget(offered, tick)
        else:
            self._arrived.clear()
            self._settled.set()
            return None
        self.taken += offered.event is not None
        self._room.set()
        return offered

    async def wait(self) -> None:
        """Returns when something waits to be taken, or who waits was woken."""
        await self._arrived.wait()

    def wake(self) -> None:
        """Lets who waits look round, although nothing may have come."""
        self._arrived.set()

    async def settled(self) -> None:
        """Returns once everything offered has been worked off, with all that followed from it."""
        await self._settled.wait()

    @property
    def backlog(self) -> int:
        return len(self._control) + len(self._market)

    @property
    def oldest(self) -> Offered | None:
        """The input that has waited longest; None when nothing waits."""
        heads = [lane[0] for lane in (self._control, self._market) if lane]
        return min(heads, key=lambda offered: offered.since, default=None)

    @property
    def market_backlog(self) -> int:
        return len(self._market)

    def _conflate(self, tick: MarketTick, ts: int) -> bool:
        waiting, fence = self._waiting_ticks.get((tick.venue, tick.symbol), (None, 0))
        if waiting is None or not isinstance(waiting.event, MarketTick):
            return False
        if fence != self._fence and len(self._market) < MARKET_MAX:
            return False
        waiting.event = merged(waiting.event, tick)
        waiting.ts = ts
        self.offered += 1
        self.conflated += 1
        return True

    def _forget(self, taken: Offered, tick: MarketTick) -> None:
        """A tick that has been taken conflates no more; a newer one that waits still does."""
        key = (tick.venue, tick.symbol)
        waiting = self._waiting_ticks.get(key)
        if waiting is not None and waiting[0] is taken:
            del self._waiting_ticks[key]

    def _count(self, event: Event | None) -> None:
        self.offered += event is not None

    def _wake(self) -> None:
        self._settled.clear()
        self._arrived.set()

    async def _wait_for_room(self) -> None:
        self._room.clear()
        await self._room.wait()
