"""A timer fires once, at its own time and in its place; a periodic one once between two marks."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.base import Event
from quantum_os.events.market import FeedWatermark
from quantum_os.events.system import TimerCancelled, TimerFired, TimerSet
from quantum_os.events.units import Ns
from quantum_os.kernel.bus import Bus, EndlessCascade
from quantum_os.kernel.drive import Driver
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.timers import Timers
from tests.kernel.fakes import Fake, mark, nothing


class Desk:
    """Timers behind a driver, and the tape of all that was heard at which time."""

    def __init__(self, *more: Fake, timers: Timers | None = None) -> None:
        self.timers = timers or Timers()
        self.listener = Fake("listener", {TimerFired: nothing, FeedWatermark: nothing})
        self.bus = Bus([self.timers, self.listener, *more], MemoryJournal())
        self.driver = Driver(self.bus, self.timers)

    def set(self, key: str, due: int, period_ns: int | None = None) -> None:
        self.driver.offer(self.bus.instant.ns, TimerSet(key, Ns(due), period_ns), "test")

    def at(self, ts: int, event: Event | None = None) -> None:
        self.driver.offer(ts, event, "test")

    @property
    def fired(self) -> list[tuple[str, int, int, int]]:
        """(key, due, missed, time heard) of each firing."""
        return [
            (event.key, event.due, event.missed, at)
            for event, at in zip(self.listener.heard, self.listener.times, strict=True)
            if isinstance(event, TimerFired)
        ]


def test_one_shots_fire_at_their_own_time_in_order_before_the_next_input() -> None:
    desk = Desk()
    desk.set("late", 30)
    desk.set("early", 10)
    desk.set("b", 20)
    desk.set("a", 20)
    desk.at(35, mark(35))
    assert desk.fired == [
        ("early", 10, 0, 10),
        ("a", 20, 0, 20),
        ("b", 20, 0, 20),
        ("late", 30, 0, 30),
    ]
    assert desk.listener.heard[-1] == mark(35)


def test_a_one_shot_due_at_an_input_fires_after_it_at_the_mark() -> None:
    desk = Desk()
    desk.set("k", 10)
    desk.at(10, mark(10))
    assert desk.fired == []
    desk.at(10)
    assert desk.fired == [("k", 10, 0, 10)]


def test_a_one_shot_fires_once() -> None:
    desk = Desk()
    desk.set("k", 10)
    for ts in (20, 30, 40):
        desk.at(ts, mark(ts))
        desk.at(ts)
    assert len(desk.fired) == 1


def test_a_periodic_timer_waits_for_a_mark_and_counts_what_it_missed() -> None:
    desk = Desk()
    desk.set("k", 10, period_ns=10)
    desk.at(35, mark(35))
    assert desk.fired == []
    desk.at(35)
    desk.at(39)
    desk.at(40)
    assert desk.fired == [("k", 30, 2, 35), ("k", 40, 0, 40)]


def test_one_shots_and_periodic_timers_fire_at_a_mark_by_their_due() -> None:
    desk = Desk()
    desk.set("once", 15)
    desk.set("often", 10, period_ns=100)
    desk.at(20)
    assert [key for key, *_ in desk.fired] == ["often", "once"]


def test_a_cancelled_timer_does_not_fire() -> None:
    desk = Desk()
    desk.set("gone", 10)
    desk.set("kept", 12)
    desk.at(0, TimerCancelled("gone"))
    desk.at(0, TimerCancelled("never set"))
    desk.at(20)
    assert [key for key, *_ in desk.fired] == ["kept"]


@pytest.mark.parametrize("due", [5, 50])
def test_the_same_key_replaces(due: int) -> None:
    desk = Desk()
    desk.set("k", 10)
    desk.set("k", due)
    desk.at(60)
    assert [(key, at) for key, at, *_ in desk.fired] == [("k", due)]


def test_a_timer_set_for_the_past_fires_with_the_next_input() -> None:
    desk = Desk()
    desk.at(100, mark(100))
    desk.set("k", -5)
    desk.at(101, mark(101))
    assert desk.fired == [("k", 1, 0, 100)]


def test_a_timer_set_by_a_firing_fires_in_its_place() -> None:
    def again(event: TimerFired) -> TimerSet | None:
        return TimerSet("second", Ns(20)) if event.key == "first" else None

    desk = Desk(Fake("setter", {TimerFired: again}, [TimerSet]))
    desk.set("first", 10)
    desk.set("third", 30)
    desk.at(40, mark(40))
    assert [key for key, *_ in desk.fired] == ["first", "second", "third"]


def test_a_timer_that_sets_itself_into_the_past_for_ever_is_caught() -> None:
    desk = Desk(Fake("setter", {TimerFired: lambda event: TimerSet("k", Ns(1))}, [TimerSet]))
    driver = Driver(desk.bus, desk.timers, firings_max=50)
    desk.set("k", 1)
    with pytest.raises(EndlessCascade, match="more than 50 timers"):
        driver.offer(10, mark(10), "test")


def test_faulted_timers_stop_firing_and_do_not_hang_the_driver() -> None:
    class Crowded(Timers):
        def on_fired(self, event: TimerFired) -> None:
            raise OverflowError("no more")

    desk = Desk(timers=Crowded())
    desk.set("k", 10)
    desk.at(20)
    desk.at(30, mark(30))
    assert list(desk.bus.faulted) == ["kernel.timers"]
    assert desk.listener.heard[-1] == mark(30)


def test_waiting_timers_survive_a_snapshot() -> None:
    desk, other = Desk(), Desk()
    desk.set("once", 10)
    desk.set("often", 20, period_ns=5)
    other.timers.restore(desk.timers.snapshot())
    for each in (desk, other):
        each.at(30)
    assert other.fired == desk.fired
    assert len(other.fired) == 2


class Step(NamedTuple):
    """A move of the clock, and what is done there."""

    ahead: int
    deed: str
    key: str
    due: int
    period_ns: int


steps = st.lists(
    st.builds(
        Step,
        ahead=st.integers(-5, 30),
        deed=st.sampled_from(["set", "repeat", "cancel", "mark", "input"]),
        key=st.sampled_from(["a", "b", "c"]),
        due=st.integers(-5, 60),
        period_ns=st.integers(1, 20),
    ),
    max_size=25,
)


def _walked(desk: Desk, walk: list[Step]) -> Desk:
    clock = 0
    for step in walk:
        clock += step.ahead
        if step.deed == "mark":
            desk.at(clock)
        elif step.deed == "input":
            desk.at(clock, mark(clock))
        elif step.deed == "cancel":
            desk.at(clock, TimerCancelled(step.key))
        else:
            period = step.period_ns if step.deed == "repeat" else None
            desk.at(clock, TimerSet(step.key, Ns(clock + step.due), period))
    return desk


@given(steps)
def test_time_never_runs_backwards(walk: list[Step]) -> None:
    times = _walked(Desk(), walk).listener.times
    assert times == sorted(times)


@given(steps)
def test_no_timer_fires_before_it_is_due(walk: list[Step]) -> None:
    assert all(due <= at for _, due, _, at in _walked(Desk(), walk).fired)


@given(steps)
def test_the_earliest_dues_are_what_waits(walk: list[Step]) -> None:
    state = _walked(Desk(), walk).timers.state
    once = [timer.due for timer in state.waiting.values() if not timer.period]
    assert state.next_one_shot == min(once, default=0)
    assert state.next_due == min((timer.due for timer in state.waiting.values()), default=0)
