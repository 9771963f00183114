"""EDGE. When the market moves on: by the clock, or as far as it is told to."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator

import msgspec

from quantum_os.emulator.bar_path import Tick
from quantum_os.emulator.capture import Line
from quantum_os.emulator.clock import VenueClock
from quantum_os.emulator.market import Market
from quantum_os.events.base import Event
from quantum_os.events.market import ExchangeRaw, MarketKlines, RawKind
from quantum_os.execution.venues.sim.tape import bar_of

REST_MAX_S = 0.25
"""Wall seconds after which a resting player looks at the clock again."""

ITEMS_PER_TURN = 200
"""Items played before others get a turn."""

Item = tuple[int, Tick | MarketKlines | ExchangeRaw | Line]


def shifted(event: MarketKlines | ExchangeRaw, by: int) -> MarketKlines | ExchangeRaw:
    """The same event, `by` ns later."""
    if not by:
        return event
    if isinstance(event, MarketKlines):
        return msgspec.structs.replace(
            event, open_time=event.open_time + by, close_time=event.close_time + by
        )
    return msgspec.structs.replace(event, venue_ts=event.venue_ts + by)


class Player:
    """Plays a tape's bars as the trades inside them: up to `begin` as history, then in time.

    `frames` are a tape's; only those of `venue` count, moved by `shift` ns. `broken` holds what
    ended the playing, `ended` says that the tape is over.
    """

    def __init__(
        self,
        market: Market,
        clock: VenueClock,
        frames: Iterable[tuple[int, int, Event | None]],
        venue: str,
        *,
        shift: int = 0,
    ) -> None:
        self._market = market
        self._clock = clock
        self._venue = venue
        self._shift = shift
        self._frames = iter(frames)
        self._items = self._told()
        self._next: Item | None = None
        self.begin = 0
        self.ended = False
        self.settle: Callable[[], Awaitable[None]] | None = None

    def remember_until(self, begin: int) -> None:
        """Plays what was before `begin` as history: nobody is told of it."""
        self.begin = begin
        while (item := self._peek()) is not None and item[0] <= begin:
            self._next = None
            event = item[1]
            if isinstance(event, MarketKlines):
                self._market.remember(event)
            elif isinstance(event, ExchangeRaw):
                self._market.pays(event, quietly=True)
            elif isinstance(event, Tick):
                self._market.symbols[event.symbol].trade(event)

    async def play_until(self, time: int) -> int:
        """Plays all that is due by `time`; gives how many items that were."""
        count = 0
        while (item := self._peek()) is not None and item[0] <= time:
            self._next = None
            self._come_to(item[0])
            self._play(*item)
            count += 1
            if not count % ITEMS_PER_TURN:
                await self._others()
        return count

    async def run(self) -> None:
        """Follows the clock until cancelled."""
        while True:
            if not self._clock.paused:
                await self.play_until(self._clock.now())
            await asyncio.sleep(self._rest_s())

    async def step(self, ns: int) -> int:
        """Moves the clock on by `ns` and plays what lies between, each thing at its time."""
        self._clock.begin_step()
        end = self._clock.now() + ns
        count = await self.play_until(end)
        self._come_to(end)
        await self._others()
        return count

    def _come_to(self, time: int) -> None:
        """Moves the clock on to `time`, unless it is there already."""
        ahead = time - self._clock.now()
        if ahead > 0:
            self._clock.jump(ahead)

    async def _others(self) -> None:
        await asyncio.sleep(0)
        if self.settle is not None:
            await self.settle()

    def _rest_s(self) -> float:
        item = self._peek()
        if item is None or self._clock.paused:
            return REST_MAX_S
        ahead = (item[0] - self._clock.now()) / max(self._clock.pace, 1e-9) / 1e9
        return min(max(ahead, 0.0), REST_MAX_S)

    def _play(self, time: int, event: object) -> None:
        if isinstance(event, Tick):
            self._market.plays(event)
        elif isinstance(event, MarketKlines):
            self._market.closes(event)
        elif isinstance(event, ExchangeRaw):
            self._market.pays(event)

    def _peek(self) -> Item | None:
        if self._next is None and not self.ended:
            self._next = next(self._items, None)
            self.ended = self._next is None
        return self._next

    def _told(self) -> Iterator[Item]:
        """The tape in order: a bar's trades, then the funding due at its end, then its close."""
        facts: list[ExchangeRaw] = []
        for _, _, event in self._frames:
            if isinstance(event, ExchangeRaw):
                if event.venue == self._venue and event.kind is RawKind.FUNDING:
                    moved = shifted(event, self._shift)
                    assert isinstance(moved, ExchangeRaw)
                    facts.append(moved)
            elif isinstance(event, MarketKlines) and event.venue == self._venue:
                klines = shifted(event, self._shift)
                assert isinstance(klines, MarketKlines)
                yield from self._bar(klines)
                for fact in facts:
                    yield klines.close_time, fact
                facts = []
                yield klines.close_time, klines

    def _bar(self, klines: MarketKlines) -> Iterator[Item]:
        if klines.close_time <= self.begin:
            return
        ticks: list[Tick] = []
        for place, symbol in enumerate(klines.symbols):
            found = self._market.symbols.get(symbol)
            if found is not None:
                ticks += found.ticks_of(bar_of(klines, place))
        ticks.sort(key=lambda tick: tick.time)
        for tick in ticks:
            yield tick.time, tick
