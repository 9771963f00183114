"""An entry left late only if its bytes did: the word of it waits for an answer, and for a loop."""

import pytest

from quantum_os.events.base import Event
from quantum_os.events.execution import OrderSubmitted
from quantum_os.events.risk import SafetyAction, SafetyTripped
from tests.risk.invariants.alone import BTC, ENTRY, MODE, VENUE, at, broken, entry

DEADLINE_S, ANSWERED_S = 2, 32
"""The entry may leave until then; the loop stood, and its answer is heard only then."""


def told(left_s: float | None, latched_s: float | None = None) -> list[int]:
    """The numbers of what is broken when the word of an entry comes at `ANSWERED_S`."""
    left = None if left_s is None else at(left_s)
    heard: list[tuple[float, Event]] = [(0.0, entry(expires_s=DEADLINE_S))]
    if latched_s is not None:
        halt = SafetyAction.HALT_ENTRIES
        heard.append((latched_s, SafetyTripped("kill", halt, at(latched_s), "a word")))
    heard.append((ANSWERED_S, OrderSubmitted(VENUE, MODE, ENTRY, BTC, left)))
    return [number for number in broken(heard) if number in (12, 16)]


@pytest.mark.parametrize("left_s", [0.5, DEADLINE_S - 0.001])
def test_an_entry_that_left_in_time_is_in_time_however_late_the_word_of_it(left_s: float) -> None:
    assert told(left_s) == []


@pytest.mark.parametrize("left_s", [DEADLINE_S + 12.5, ANSWERED_S])
def test_an_entry_that_left_after_its_deadline_is_named(left_s: float) -> None:
    assert told(left_s) == [16]


def test_where_nobody_says_when_it_left_the_word_itself_is_late() -> None:
    assert told(None) == [16]


def test_an_entry_that_left_before_a_latch_closed_did_not_pass_it() -> None:
    assert told(0.5, latched_s=1.0) == []
    assert told(ANSWERED_S, latched_s=1.0) == [12, 16]
