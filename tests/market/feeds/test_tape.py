"""A tape goes on where the journal ends: nothing is said twice, only passed ticks are left out."""

from collections.abc import Iterator

import pytest

from quantum_os.events.base import Event, stream_of
from quantum_os.events.market import FeedWatermark, MarketTick
from quantum_os.events.units import Ns
from quantum_os.kernel.edge import Heard
from quantum_os.market.feeds.tape import TapeFeed

Frame = tuple[int, int, Event | None]
TICKS, MARKS = stream_of(MarketTick), stream_of(FeedWatermark)


class Frames:
    """A few frames."""

    is_synthetic = True

    def __init__(self, *frames: Frame) -> None:
        self._frames = frames

    def frames(self) -> Iterator[Frame]:
        return iter(self._frames)


def mark(time: int) -> Frame:
    return time, 2, FeedWatermark("v", Ns(time))


def tick(time: int, symbol: str = "S") -> Frame:
    return time, 5, MarketTick("v", symbol, 1.0, Ns(time))


def due(time: int) -> Frame:
    return time, 3, None


def left(feed: TapeFeed, ts: int, **inputs: int) -> list[tuple[int, Event | None]]:
    feed.go_on(Heard({feed.name: inputs}, ts))
    return list(feed.left())


def shown(*frames: Frame) -> list[tuple[int, Event | None]]:
    return [(time, event) for time, _, event in frames]


BARS = (mark(1), due(1), mark(2), due(2), mark(3), due(3))


@pytest.mark.parametrize("said", range(4))
def test_it_goes_on_at_the_mark_after_the_last_input(said: int) -> None:
    feed = TapeFeed(Frames(*BARS))
    assert left(feed, said, **{MARKS: said}) == shown(*BARS)[2 * said - (said > 0) :]


def test_what_others_said_is_not_counted() -> None:
    feed = TapeFeed(Frames(*BARS))
    feed.go_on(Heard({"kernel": {MARKS: 2}}, 2))
    assert list(feed.left()) == shown(*BARS)


def test_ticks_conflate_and_so_are_told_by_their_time() -> None:
    """Of three ticks one is journaled, as of the last one's time: none of them comes again."""
    frames = (mark(1), tick(2), tick(3), tick(4), tick(5), mark(6))
    feed = TapeFeed(Frames(*frames))
    assert left(feed, 4, **{MARKS: 1, TICKS: 1}) == shown(tick(5), mark(6))


def test_a_bar_that_was_overtaken_by_no_tick_is_said() -> None:
    frames = (mark(1), tick(2), mark(3), tick(4), mark(5))
    feed = TapeFeed(Frames(*frames))
    assert left(feed, 2, **{MARKS: 1, TICKS: 1}) == shown(mark(3), tick(4), mark(5))
