"""A replay finds the first event that is said otherwise, too much, or not at all."""

from collections.abc import Iterator

import msgspec
import pytest

from quantum_os.events.market import FeedWatermark
from quantum_os.events.system import AlertRaised
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.reactor import Module
from quantum_os.storage.home_replay import Remade, Window, replay_rows
from quantum_os.storage.verification import Verification
from tests.kernel.fakes import Counter, Listener, alert, mark

FIRST = 500
ALL = Window(0, 1_000)


def rows(inputs: int = 20) -> list[Envelope]:
    journal = MemoryJournal()
    bus = Bus((Counter(), Listener()), journal, FIRST)
    for time in range(inputs):
        bus.process(time, mark(time), "tape")
    return list(journal.read())


def replayed(
    recorded: list[Envelope], *modules: Module, window: Window = ALL
) -> tuple[Verification, Bus]:
    remade = Remade()
    bus = Bus(modules or (Counter(), Listener()), remade, muted=True)
    return replay_rows(iter(recorded), bus, remade, window), bus


class Silent(Counter):
    """Says nothing of its sixth mark."""

    def on_mark(self, event: FeedWatermark) -> Iterator[AlertRaised]:
        said = list(super().on_mark(event))
        if self.state.marks != 6:
            yield from said


class Chatty(Counter):
    """Says something of its fifth mark too."""

    def on_mark(self, event: FeedWatermark) -> Iterator[AlertRaised]:
        yield from super().on_mark(event)
        if self.state.marks == 5:
            yield alert("too much")


class Other(Counter):
    """Says something else of its sixth mark."""

    def on_mark(self, event: FeedWatermark) -> Iterator[AlertRaised]:
        for said in super().on_mark(event):
            yield alert("other") if self.state.marks == 6 else said


def test_the_same_code_gives_the_same_events() -> None:
    recorded = rows()
    found, bus = replayed(recorded)
    assert found == Verification(len(recorded), 20, 0, None)
    assert bus.seq == recorded[-1].seq


@pytest.mark.parametrize(
    ("module", "why", "stream"),
    [
        (Silent, "it is not said any more", "alert.raised"),
        (Chatty, "it was not said then", "alert.raised"),
        (Other, "the content differs", "alert.raised"),
    ],
)
def test_the_first_event_that_differs_is_named(
    module: type[Counter], why: str, stream: str
) -> None:
    found, _ = replayed(rows(), module(), Listener())
    assert found.mismatches >= 1
    assert found.first is not None
    assert (found.first.why, found.first.stream) == (why, stream)
    assert found.first.ts in (4, 5)


def test_what_lies_before_the_window_only_leads_up_to_it() -> None:
    found, _ = replayed(rows(), Other(), Listener(), window=Window(10, 1_000))
    assert (found.mismatches, found.inputs) == (0, 10)


def test_it_stops_before_the_windows_end() -> None:
    found, bus = replayed(rows(), window=Window(0, 7))
    assert found.inputs == 7
    assert bus.instant.ns == 6


def test_an_input_that_was_changed_ends_it() -> None:
    recorded = rows()
    place = next(n for n, row in enumerate(recorded) if row.ts == 4)
    recorded[place] = msgspec.structs.replace(
        recorded[place], payload=msgspec.msgpack.encode(mark(9))
    )
    found, _ = replayed(recorded)
    assert found.first is not None
    assert found.first.seq == recorded[place].seq
    assert found.first.why == "the recorded input is not what was written"
