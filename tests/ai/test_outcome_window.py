"""A window holds the latest outcomes in their order, whatever its arrays look like."""

from math import isnan
from typing import cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.ai.outcome_window import REGIMES, SIDES, SLACK, OutcomeWindow
from quantum_os.events.ai import SignalResolved
from quantum_os.events.units import Ns
from quantum_os.kernel import states
from tests.events.examples import example_of

USUAL = cast("SignalResolved", example_of(SignalResolved))


def outcome(number: int) -> SignalResolved:
    """An outcome that differs in every column from its neighbours."""
    return msgspec.structs.replace(
        USUAL,
        bar_close=Ns(1_700_000_000_000_000_000 + number),
        side=SIDES[number % len(SIDES)],
        regime=REGIMES[number % len(REGIMES)],
        p=None if number % 3 == 0 else (number % 97) / 97,
        won=number % 5 == 0,
        r=number / 7,
    )


@given(st.integers(1, 600), st.integers(0, 2_500))
def test_it_holds_the_latest_outcomes_in_order(keep: int, count: int) -> None:
    window = OutcomeWindow()
    told = [outcome(number) for number in range(count)]
    for each in told:
        window.note(each, keep)
        assert len(window) <= keep + SLACK
    met, latest = window.met(keep), told[-keep:]
    assert met.bar.tolist() == [each.bar_close for each in latest]
    assert [SIDES[place] for place in met.side] == [each.side for each in latest]
    assert [REGIMES[place] for place in met.regime] == [each.regime for each in latest]
    assert [None if isnan(p) else p for p in met.p.tolist()] == [each.p for each in latest]
    assert met.won.tolist() == [each.won for each in latest]
    assert met.r.tolist() == [each.r for each in latest]


def test_what_was_given_out_does_not_change() -> None:
    window = OutcomeWindow()
    for number in range(SLACK + 10):
        window.note(outcome(number), 10)
    met = window.met(10)
    before = met.bar.tolist()
    for number in range(600):
        window.note(outcome(1_000 + number), 10)
    assert met.bar.tolist() == before


def test_a_snapshot_brings_it_back() -> None:
    window = OutcomeWindow()
    for number in range(300):
        window.note(outcome(number), 100)
    again = states.decode(states.encode(window), OutcomeWindow)
    for each in (window, again):
        each.note(outcome(301), 100)
    assert again.met(100).bar.tolist() == window.met(100).bar.tolist()
