"""The bus gives everything one order, says where each event came from, and survives bad modules."""

from collections.abc import Iterator

import pytest

from quantum_os.events.base import Event
from quantum_os.events.market import FeedWatermark
from quantum_os.events.system import (
    AlertRaised,
    AlertResolved,
    ModuleState,
    ModuleStateChanged,
    SafetyFault,
)
from quantum_os.kernel.bus import KERNEL, BrokenBus, Bus, EndlessCascade
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import JournalFailed, MemoryJournal
from tests.kernel.fakes import Fake, alert, bus_of, journaled, mark, nothing, resolved, streams


class Unlisted(Event, frozen=True):
    """An event that no catalogue knows."""


class FullJournal(MemoryJournal):
    """A journal that takes two events and then refuses."""

    def append(self, envelope: Envelope) -> None:
        if envelope.seq > 2:
            raise JournalFailed("full")
        super().append(envelope)


def _boom(event: Event) -> None:
    raise RuntimeError("boom")


def test_numbers_run_without_a_gap_over_inputs_and_answers() -> None:
    echo = Fake("a", {FeedWatermark: lambda event: [alert("1"), alert("2")]}, [AlertRaised])
    bus, journal = bus_of(echo)
    assert [bus.process(time, mark(time), "tape") for time in (10, 20)] == [1, 4]
    assert [envelope.seq for envelope in journaled(journal)] == [1, 2, 3, 4, 5, 6]


def test_handlers_run_in_line_up_order() -> None:
    tape: list[tuple[str, Event]] = []
    fakes = [Fake(name, {FeedWatermark: nothing}, tape=tape) for name in ("c", "a", "b")]
    bus, _ = bus_of(*fakes)
    bus.process(0, mark(), "tape")
    assert [name for name, _ in tape] == ["c", "a", "b"]


def test_what_is_said_goes_to_the_tail() -> None:
    """Both hearers of the first event speak before anyone hears what the first of them said."""
    tape: list[tuple[str, Event]] = []
    first = Fake("a", {FeedWatermark: lambda event: alert("a")}, [AlertRaised], tape=tape)
    second = Fake("b", {FeedWatermark: lambda event: alert("b")}, [AlertRaised], tape=tape)
    last = Fake("c", {AlertRaised: lambda event: resolved(event.key)}, [AlertResolved], tape=tape)
    bus, journal = bus_of(first, second, last)
    bus.process(0, mark(), "tape")
    assert [name for name, _ in tape] == ["a", "b", "c", "c"]
    assert streams(journal) == [
        "feed.watermark",
        *("alert.raised",) * 2,
        *("alert.resolved",) * 2,
    ]


def test_each_envelope_names_cause_trace_and_source() -> None:
    first = Fake("a", {FeedWatermark: lambda event: alert()}, [AlertRaised])
    second = Fake("b", {AlertRaised: lambda event: resolved()}, [AlertResolved])
    bus, journal = bus_of(first, second)
    bus.process(5, mark(), "tape")
    bus.process(7, mark(), "tape")
    assert [(e.seq, e.ts, e.cause, e.trace, e.source) for e in journaled(journal)] == [
        (1, 5, 0, 1, "tape"),
        (2, 5, 1, 1, "a"),
        (3, 5, 2, 1, "b"),
        (4, 7, 0, 4, "tape"),
        (5, 7, 4, 4, "a"),
        (6, 7, 5, 4, "b"),
    ]


def test_a_cascade_happens_at_the_time_of_its_input() -> None:
    first = Fake("a", {FeedWatermark: lambda event: alert()}, [AlertRaised])
    second = Fake("b", {AlertRaised: nothing})
    bus, _ = bus_of(first, second)
    bus.process(42, mark(1), "tape")
    assert (first.times, second.times) == ([42], [42])


def test_an_event_of_the_journal_is_the_event_that_was_said() -> None:
    bus, journal = bus_of()
    bus.process(1, mark(9), "tape")
    assert journaled(journal)[0].event() == mark(9)


def test_f09_a_raising_module_is_faulted_and_the_others_go_on() -> None:
    bad = Fake("bad", {FeedWatermark: _boom}, critical=False)
    good = Fake("good", {FeedWatermark: nothing})
    watch = Fake("watch", {SafetyFault: nothing, ModuleStateChanged: nothing})
    bus, _ = bus_of(bad, good, watch)
    bus.process(1, mark(1), "tape")
    bus.process(2, mark(2), "tape")
    assert len(bad.heard) == 1
    assert len(good.heard) == 2
    fault, moved = watch.heard
    assert isinstance(fault, SafetyFault)
    assert (fault.module, fault.critical, fault.event_seq) == ("bad", False, 1)
    assert (fault.stream, fault.error) == ("feed.watermark", "RuntimeError: boom")
    assert isinstance(moved, ModuleStateChanged)
    assert (moved.module, moved.state) == ("bad", ModuleState.FAULTED)
    assert bus.faulted == {"bad": fault}


def test_f09_the_event_that_failed_is_kept_with_its_traceback() -> None:
    bus, journal = bus_of(Fake("bad", {FeedWatermark: _boom}))
    bus.process(1, mark(8), "tape")
    (letter,) = bus.dead_letters.kept
    assert letter.envelope.event() == mark(8)
    assert (letter.module, letter.error) == ("bad", "RuntimeError: boom")
    assert "_boom" in letter.traceback
    assert [envelope.source for envelope in journaled(journal)[1:]] == [KERNEL, KERNEL]


def test_an_event_that_two_modules_fail_on_is_one_dead_letter_of_its_stream() -> None:
    bus, _ = bus_of(Fake("a", {FeedWatermark: _boom}), Fake("b", {FeedWatermark: _boom}))
    bus.process(1, mark(), "tape")
    assert bus.dead_letters.counts == {"feed.watermark": 1}
    assert [letter.module for letter in bus.dead_letters.kept] == ["a", "b"]


def test_a_faulted_module_is_deaf_on_all_its_streams() -> None:
    bad = Fake("bad", {FeedWatermark: _boom, AlertRaised: nothing})
    bus, _ = bus_of(bad)
    bus.process(1, mark(), "tape")
    bus.process(2, alert(), "tape")
    assert bad.heard == [mark()]


@pytest.mark.parametrize(
    "answer",
    [[alert(), resolved()], [resolved(), alert()], resolved(), "words", 7],
    ids=["last", "first", "alone", "a string", "a number"],
)
def test_an_undeclared_answer_is_a_fault_and_none_of_it_is_said(answer: object) -> None:
    bad = Fake("bad", {FeedWatermark: lambda event: answer}, [AlertRaised])  # type: ignore[dict-item, return-value]
    bus, journal = bus_of(bad)
    bus.process(1, mark(), "tape")
    assert streams(journal) == ["feed.watermark", "safety.fault", "module.state_changed"]


def test_an_answer_that_breaks_off_is_not_said_at_all() -> None:
    def half(event: FeedWatermark) -> Iterator[AlertRaised]:
        yield alert()
        raise RuntimeError("half way")

    bus, journal = bus_of(Fake("bad", {FeedWatermark: half}, [AlertRaised]))
    bus.process(1, mark(), "tape")
    assert "alert.raised" not in streams(journal)


def test_an_answer_without_end_is_a_fault() -> None:
    def forever(event: FeedWatermark) -> Iterator[AlertRaised]:
        while True:
            yield alert()

    bus, journal = bus_of(Fake("bad", {FeedWatermark: forever}, [AlertRaised]))
    bus.process(1, mark(), "tape")
    assert list(bus.faulted) == ["bad"]
    assert len(journaled(journal)) == 3


def test_an_endless_cascade_ends_the_bus_loudly() -> None:
    ping = Fake("ping", {AlertRaised: lambda event: resolved()}, [AlertResolved])
    pong = Fake("pong", {AlertResolved: lambda event: alert()}, [AlertRaised])
    journal = MemoryJournal()
    bus = Bus([ping, pong], journal, cascade_max=100)
    with pytest.raises(EndlessCascade, match=r"more than 100$"):
        bus.process(1, alert(), "tape")
    assert [envelope.seq for envelope in journaled(journal)] == list(range(1, 101))
    with pytest.raises(BrokenBus, match="EndlessCascade"):
        bus.process(2, mark(), "tape")


def test_a_cascade_of_exactly_the_allowed_length_is_no_fault() -> None:
    bus = Bus([], MemoryJournal(), cascade_max=1)
    bus.process(1, mark(), "tape")
    bus.process(2, mark(), "tape")
    assert not bus.broken


def test_a_journal_that_refuses_leaves_no_hole_in_the_numbers() -> None:
    bus = Bus([Fake("a", {FeedWatermark: lambda event: alert()}, [AlertRaised])], FullJournal())
    bus.process(1, mark(), "tape")
    with pytest.raises(JournalFailed):
        bus.process(2, mark(), "tape")
    assert bus.seq == 2
    assert bus.broken == "JournalFailed: full"


def test_an_event_outside_the_catalogue_is_refused_when_the_bus_is_built() -> None:
    with pytest.raises(TypeError, match="odd: the catalog does not list Unlisted"):
        bus_of(Fake("odd", {Unlisted: nothing}))
    with pytest.raises(TypeError, match="odd: the catalog does not list Unlisted"):
        bus_of(Fake("odd", {FeedWatermark: nothing}, [Unlisted]))


def test_numbers_go_on_where_they_are_told_to() -> None:
    journal = MemoryJournal()
    assert Bus([], journal, first_seq=77).process(1, mark(), "tape") == 77


def test_one_event_in_64_is_timed_by_module_and_stream() -> None:
    bus, _ = bus_of(Fake("a", {FeedWatermark: nothing}))
    for time in range(128):
        bus.process(time, mark(), "tape")
    assert bus.latency.times["a", "feed.watermark"].samples == 2
