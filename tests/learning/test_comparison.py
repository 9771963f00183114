"""Two runs side by side: what they share cancels out, and what differs is named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantum_os.learning.report.paired_days import paired
from quantum_os.learning.report.sample import Sample, sample_of
from tests.learning.report.book import evidence

NOISE = [80.0, -60.0, 20.0, -90.0, 70.0, 10.0] * 10


def sample(nets: list[float]) -> Sample:
    return sample_of(evidence(nets), 0)


def test_a_run_against_itself_is_no_different() -> None:
    found = paired(sample(NOISE), sample(NOISE), 0)
    assert (found.days, found.mean) == (60, 0.0)
    assert found.interval == (0.0, 0.0)
    assert found.sharpe_interval == pytest.approx((0.0, 0.0))


def test_a_small_steady_gain_shows_through_shared_noise() -> None:
    """Unpaired it would drown: the noise of a day is twenty times the difference."""
    better = [net + 4.0 for net in NOISE]
    found = paired(sample(NOISE), sample(better), 0)
    assert found.interval is not None
    assert found.interval[0] > 0
    backwards = paired(sample(better), sample(NOISE), 0)
    assert backwards.interval is not None
    assert backwards.interval[1] < 0


def test_only_days_that_both_have_are_compared() -> None:
    found = paired(sample(NOISE), sample(NOISE[:25]), 0)
    assert found.days == 25
    few = paired(sample(NOISE), sample(NOISE[:5]), 0)
    assert few.interval is None
    assert "20 days in common, there are 5" in few.reason
    none = paired(sample([]), sample(NOISE), 0)
    assert (none.days, none.mean) == (0, None)


@settings(max_examples=20)
@given(st.lists(st.floats(-50, 50), min_size=20, max_size=30), st.floats(-20, 20))
def test_swapping_the_runs_turns_the_sign(nets: list[float], change: float) -> None:
    one, other = sample(nets), sample([net + change for net in nets])
    forth, back = paired(one, other, 3), paired(other, one, 3)
    assert forth.mean == pytest.approx(-(back.mean or 0.0), abs=1e-12)
    assert forth.interval is not None
    assert back.interval is not None
    assert forth.interval == pytest.approx((-back.interval[1], -back.interval[0]), abs=1e-12)
