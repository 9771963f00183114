"""A bad seed shows what led to its first violation, and its end where it did not heal."""

import pytest

from quantum_os.cli.simulate import tell_smallest
from quantum_os.simulator.play import Outcome
from quantum_os.simulator.truth import LAST
from tests.simulator.test_canaries import swallowed, twisted
from tests.simulator.test_minimising import planted

CHAOS_S = 600

swallowing = planted(twisted("portfolio.ledger", hears=swallowed), {})


def times(lines: tuple[str, ...]) -> list[float]:
    return [float(line.split()[0]) for line in lines]


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    """A fund whose books lose a fill: found early, and never well again."""
    return swallowing(1, (), CHAOS_S)


def test_the_events_before_the_first_violation_are_kept(outcome: Outcome) -> None:
    first = min(each.at_s for each in outcome.violations)
    assert first < CHAOS_S / 2, "else the end of the run is no other place"
    assert len(outcome.before) == LAST
    assert times(outcome.before) == sorted(times(outcome.before))
    assert times(outcome.before)[-1] == pytest.approx(first, abs=0.001)
    assert "InvariantViolated(" in outcome.before[-1]


def test_the_events_at_the_end_are_kept_of_a_seed_that_does_not_heal(outcome: Outcome) -> None:
    assert outcome.unhealed
    assert len(outcome.last) == LAST
    assert times(outcome.last)[-1] > CHAOS_S


def test_nothing_is_shown_of_a_good_seed() -> None:
    good = planted(lambda modules: modules, {})(1, (), 120)
    assert (good.is_good, good.before, good.last) == (True, (), ())


def test_both_are_told_for_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    tell_smallest(1, CHAOS_S, "this build", swallowing)
    said = capsys.readouterr().err
    assert f"the last {LAST} events up to the first violation:" in said
    assert f"the last {LAST} events of the run:" in said
