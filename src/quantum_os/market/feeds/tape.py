"""EDGE. Plays a tape into the fund: as fast as it will go, or at a multiple of real time."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Protocol

from quantum_os.events.base import Event
from quantum_os.events.market import (
    ExchangeRaw,
    FeedWatermark,
    MarketKlines,
    MarketOpens,
    MarketTick,
)
from quantum_os.kernel.edge import Edge, EdgeContext
from quantum_os.market.feeds.pace import Pace


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
        self._said = 0

    def go_on(self, inputs: Mapping[str, int]) -> None:
        self._said = inputs.get(self.name, 0)

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
            if said < self._said:
                said += event is not None
            else:
                yield time, event

    async def run(self, context: EdgeContext) -> None:
        for time, event in self.left():
            await self._pace.rest_until(time)
            await context.lanes.offer_market(time, event, self.name)
