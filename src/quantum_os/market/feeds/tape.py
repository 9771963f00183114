"""EDGE. Plays a tape into the fund: as fast as it will go, or at a multiple of real time."""

from collections.abc import Iterator
from typing import ClassVar, Protocol

from quantum_os.events.base import Event, stream_of
from quantum_os.events.market import (
    ExchangeRaw,
    FeedWatermark,
    MarketKlines,
    MarketOpens,
    MarketTick,
)
from quantum_os.kernel.edge import Edge, EdgeContext, Heard
from quantum_os.market.feeds.pace import Pace

_TICKS = stream_of(MarketTick)


class Frames(Protocol):
    """What can be played, in order: (time in ns, stage, event or None where due timers fire)."""

    @property
    def is_synthetic(self) -> bool: ...
    def frames(self) -> Iterator[tuple[int, int, Event | None]]: ...


class TapeFeed(Edge):
    """Offers a tape's inputs in their order; the end of the tape is the end of the run.

    Up to `paced_from` (tape time, ns) it plays as fast as it is taken; from then on at `speed`
    times real time. A `speed` of 0 never waits. What an earlier life has journaled is not said
    again.
    """

    name = "market.feeds.tape"
    produces = frozenset({MarketKlines, MarketOpens, MarketTick, FeedWatermark, ExchangeRaw})
    ends_run: ClassVar[bool] = True

    def __init__(self, tape: Frames, *, speed: float = 0.0, paced_from: int = 0) -> None:
        self._tape = tape
        self._pace = Pace(speed, paced_from)
        self._said, self._said_at = 0, 0

    def go_on(self, heard: Heard) -> None:
        """Ticks conflate on their way, so they are told by their time and all else by its count."""
        said = heard.inputs.get(self.name, {})
        self._said = sum(said.values()) - said.get(_TICKS, 0)
        self._said_at = heard.ts

    @property
    def is_synthetic(self) -> bool:
        """Whether the prices it offers were made up."""
        return self._tape.is_synthetic

    def inputs(self) -> Iterator[tuple[int, Event | None]]:
        """Gives (time, event) without any pacing: how a backtest takes the tape."""
        return ((time, event) for time, _, event in self._tape.frames())

    def left(self) -> Iterator[tuple[int, Event | None]]:
        """Gives what no life has journaled yet, from the mark after the last input that one has."""
        said = 0
        for time, event in self.inputs():
            is_tick = isinstance(event, MarketTick)
            if said < self._said:
                said += event is not None and not is_tick
            elif not (is_tick and time <= self._said_at):
                yield time, event

    async def run(self, context: EdgeContext) -> None:
        for time, event in self.left():
            await self._pace.rest_until(time)
            await context.lanes.offer_market(time, event, self.name)
