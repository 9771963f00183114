"""A value counts for as long as it held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.step_series import share_of_time, time_weighted_mean


def test_by_hand() -> None:
    assert time_weighted_mean([0, 10, 30], [1.0, 4.0, 0.0], 40) == pytest.approx(90 / 40)
    assert share_of_time([0, 10, 30], [False, True, False], 40) == 0.5


def test_without_time_nothing_is_known() -> None:
    assert time_weighted_mean([], [], 10) is None
    assert time_weighted_mean([5], [1.0], 5) is None
    with pytest.raises(ValueError, match="backwards"):
        time_weighted_mean([5, 3], [1.0, 1.0], 9)


@given(st.lists(st.tuples(st.integers(1, 99), st.floats(-5, 5)), min_size=1, max_size=30))
def test_splitting_a_stretch_changes_nothing(steps: list[tuple[int, float]]) -> None:
    times = [sum(length for length, _ in steps[:at]) for at in range(len(steps))]
    values = [value for _, value in steps]
    end = times[-1] + steps[-1][0]
    whole = time_weighted_mean(times, values, end)
    split = time_weighted_mean(
        [t for t in times for _ in (0, 1)], [v for v in values for _ in (0, 1)], end
    )
    assert split == pytest.approx(whole, abs=1e-9)
    assert min(values) - 1e-9 <= (whole or 0.0) <= max(values) + 1e-9
