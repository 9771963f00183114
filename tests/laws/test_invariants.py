"""The invariants hold in every legal life, and each is named when it alone is broken."""

import pytest
from msgspec.structs import replace

from quantum_os.events.commands import Command, OperatorCommand
from quantum_os.events.risk import IncidentOpened, InvariantViolated
from quantum_os.risk.invariants.catalogue import INVARIANTS
from quantum_os.risk.invariants.violation import Violation
from quantum_os.risk.invariants.watch import Watch
from tests.laws.broken_streams import BROKEN_STREAMS, Stream
from tests.laws.scenario import Recorded, Scenario, play, with_input

KILL = OperatorCommand(Command.KILL, actor="op", role="operator", reason="drill")


@pytest.fixture(scope="module")
def killed() -> Recorded:
    """Three days of trades, and out of all that is open by the kill switch on the third."""
    return play(Scenario(days=3), bent=lambda frames: with_input(frames, 62.0, KILL))


def stream_of_run(run: Recorded) -> Stream:
    return [(each.ts, event) for each, event in run.events]


def watched(stream: Stream) -> list[Violation]:
    """All that does not hold in a stream, and within a minute of its end."""
    watch = Watch()
    found = [violation for ts, event in stream for violation in watch.hear(event, ts)]
    return [*found, *watch.pass_to(stream[-1][0] + 60_000_000_000)]


def test_a_legal_life_breaks_nothing(killed: Recorded) -> None:
    assert watched(stream_of_run(killed)) == []
    said = {type(event) for _, event in killed.events}
    assert not said & {InvariantViolated, IncidentOpened}


@pytest.mark.parametrize("number", BROKEN_STREAMS)
def test_a_broken_invariant_is_named(number: int, killed: Recorded) -> None:
    """It and no other: whoever is called at night must not look in the wrong place."""
    found = watched(BROKEN_STREAMS[number](stream_of_run(killed)))
    assert {each.number for each in found} == {number}, [str(each) for each in found[:5]]
    assert all(str(number) in str(each) and each.values for each in found)


@pytest.mark.parametrize("lost", [10, 2_000])
def test_a_gap_in_the_numbers_is_named(lost: int, killed: Recorded) -> None:
    watch = Watch()
    kept = [each for each in killed.envelopes if each.seq != lost]
    found = [violation for each in kept for violation in watch.feed(each)]
    assert [(each.number, each.values) for each in found if each.number == 22] == [
        (22, f"number {lost + 1} after {lost - 1}")
    ]


def test_time_that_runs_back_is_named(killed: Recorded) -> None:
    watch = Watch()
    first, second = killed.envelopes[:2]
    watch.feed(first)
    assert {each.number for each in watch.feed(replace(second, ts=0))} == {22}


def test_whole_journals_have_no_gap(killed: Recorded) -> None:
    watch = Watch()
    assert [found for each in killed.envelopes for found in watch.feed(each)] == []


def test_each_of_the_36_has_a_stream_that_breaks_it_or_no_family() -> None:
    assert list(INVARIANTS) == list(range(1, 37))
    families = {number for number, each in INVARIANTS.items() if each.family}
    assert families == {*BROKEN_STREAMS, 22}
