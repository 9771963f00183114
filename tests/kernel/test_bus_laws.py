"""The laws of the bus, over random line-ups: nothing is lost, order is total, a replay is equal."""

from collections.abc import Iterable, Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.base import Event
from quantum_os.events.market import FeedWatermark
from quantum_os.events.system import AlertRaised, AlertResolved, TimerCancelled
from quantum_os.kernel.bus import Bus, Hearer
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from tests.kernel.fakes import Fake, alert, journaled, mark, resolved

CHAIN: tuple[type[Event], ...] = (FeedWatermark, AlertRaised, AlertResolved, TimerCancelled)
"""A module may only answer with a kind further down, so every cascade ends."""


class Habit(msgspec.Struct, frozen=True):
    """How a module answers one kind: with how many events of which later kinds, or by raising."""

    kind: int
    answers: tuple[int, ...]
    raises_on: int | None


Habits = tuple[Habit, ...]

habits = st.builds(
    Habit,
    kind=st.integers(0, 3),
    answers=st.lists(st.integers(1, 4), max_size=3).map(tuple),
    raises_on=st.one_of(st.none(), st.integers(0, 4)),
)
line_ups = st.lists(
    st.lists(habits, min_size=1, max_size=3, unique_by=lambda habit: habit.kind).map(tuple),
    max_size=4,
)


def _said(kind: int, key: str) -> Event:
    examples = (mark(), alert(key), resolved(key), TimerCancelled(key))
    return examples[kind]


def _module(name: str, habits: Habits) -> Fake:
    counts = dict.fromkeys(CHAIN, 0)

    def answer(event: Event) -> list[Event]:
        habit = next(each for each in habits if CHAIN[each.kind] is type(event))
        counts[type(event)] += 1
        if habit.raises_on is not None and counts[type(event)] > habit.raises_on:
            raise RuntimeError(name)
        later = [habit.kind + step for step in habit.answers if habit.kind + step < len(CHAIN)]
        return [_said(kind, f"{name}.{counts[type(event)]}") for kind in later]

    kinds = {CHAIN[habit.kind]: answer for habit in habits}
    return Fake(name, kinds, CHAIN[1:])


def _run(
    line_up: Sequence[Habits], inputs: int, make: type[Bus] = Bus
) -> tuple[Bus, list[Envelope]]:
    journal = MemoryJournal()
    bus = make([_module(f"m{i}", each) for i, each in enumerate(line_up)], journal)
    for time in range(inputs):
        bus.process(time, mark(time), "tape")
    return bus, journaled(journal)


def _unaccounted(bus: Bus, envelopes: Sequence[Envelope]) -> list[str]:
    """Names the streams on which numbered is not delivered + dead-lettered, or not journaled."""
    return [
        stream
        for stream, route in ((route.stream, route) for route in bus.routes.values())
        if route.numbered != route.delivered + bus.dead_letters.counts.get(stream, 0)
        or route.numbered != sum(envelope.stream == stream for envelope in envelopes)
    ]


@given(line_ups, st.integers(0, 6))
def test_numbered_is_delivered_plus_dead_lettered(line_up: list[Habits], inputs: int) -> None:
    assert not _unaccounted(*_run(line_up, inputs))


@given(line_ups, st.integers(0, 6))
def test_causes_come_before_their_effects_within_one_trace(
    line_up: list[Habits], inputs: int
) -> None:
    _, envelopes = _run(line_up, inputs)
    for number, envelope in enumerate(envelopes, start=1):
        assert envelope.seq == number
        assert envelope.cause < envelope.seq
        if envelope.is_input:
            assert envelope.trace == envelope.seq
        else:
            assert envelopes[envelope.cause - 1].trace == envelope.trace


@given(line_ups, st.integers(0, 6))
def test_effects_stand_in_the_order_of_their_causes(line_up: list[Habits], inputs: int) -> None:
    _, envelopes = _run(line_up, inputs)
    causes = [envelope.cause for envelope in envelopes if not envelope.is_input]
    assert causes == sorted(causes)


@given(line_ups, st.integers(0, 6))
def test_the_same_inputs_give_the_same_hash(line_up: list[Habits], inputs: int) -> None:
    first, second = _run(line_up, inputs)[0], _run(line_up, inputs)[0]
    assert first.digest == second.digest


class LosingBus(Bus):
    """A planted fault: an answer of more than one event loses its last."""

    def _enqueue(self, hearer: Hearer, said: Event | Iterable[Event], seq: int) -> None:
        events = [said] if isinstance(said, Event) else list(said)
        super()._enqueue(hearer, events[:-1] or events, seq)


class ForgivingBus(Bus):
    """A planted fault: a failed event counts as delivered."""

    def _fault(self, hearer: Hearer, envelope: Envelope, error: Exception) -> None:
        self.routes[type(envelope.event())].delivered += 1
        super()._fault(hearer, envelope, error)


def test_canary_a_bus_that_hides_a_failure_is_caught() -> None:
    line_up = [(Habit(0, (), 0),)]
    assert not _unaccounted(*_run(line_up, 2))
    assert _unaccounted(*_run(line_up, 2, ForgivingBus)) == ["feed.watermark"]


def test_canary_a_bus_that_loses_an_answer_has_another_hash() -> None:
    line_up = [(Habit(0, (1, 2), None),)]
    assert _run(line_up, 2)[0].digest != _run(line_up, 2, LosingBus)[0].digest
