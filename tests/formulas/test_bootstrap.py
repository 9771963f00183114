"""Days that belong together are drawn together; an interval is as wide as what it knows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.bootstrap import (
    drawn_means,
    effective_count,
    interval,
    stationary_places,
    times_drawn,
)
from quantum_os.kernel.chance import generator


def places(
    length: int, draws: int = 400, block: float = 5
) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    return stationary_places(length, generator(3, "test"), draws=draws, block=block)


@given(st.integers(1, 60), st.floats(1, 20))
def test_every_draw_is_as_long_as_the_series(length: int, block: float) -> None:
    drawn = stationary_places(length, generator(1), draws=20, block=block)
    assert drawn.shape == (20, length)
    assert drawn.min() >= 0
    assert drawn.max() < length
    assert (times_drawn(drawn).sum(axis=1) == length).all()


def test_counts_are_those_of_the_places() -> None:
    drawn = places(7, draws=30)
    counted = [[int((row == place).sum()) for place in range(7)] for row in drawn]
    assert (times_drawn(drawn) == counted).all()


def test_blocks_are_as_long_as_they_should_be() -> None:
    """The share of days followed by their own next day is 1 - 1 / block, and a little by chance."""
    drawn = places(200, draws=500)
    follows = (drawn[:, 1:] == (drawn[:, :-1] + 1) % 200).mean()
    assert follows == pytest.approx(0.8 + 0.2 / 200, abs=0.01)
    alone = places(200, draws=500, block=1)
    assert (alone[:, 1:] == (alone[:, :-1] + 1) % 200).mean() == pytest.approx(1 / 200, abs=0.01)


def test_the_same_seed_gives_the_same_draws() -> None:
    assert (places(50) == places(50)).all()
    other = stationary_places(50, generator(4, "test"), draws=400)
    assert (places(50) != other).any()


@pytest.mark.parametrize(("length", "draws", "block"), [(0, 5, 2), (5, 0, 2), (5, 5, 0.5)])
def test_nothing_cannot_be_drawn(length: int, draws: int, block: float) -> None:
    with pytest.raises(ValueError, match="cannot draw"):
        stationary_places(length, generator(0), draws=draws, block=block)


def test_independent_days_have_the_interval_of_students_t() -> None:
    values = generator(9, "values").normal(0.0, 1.0, 400)
    drawn = times_drawn(places(400, draws=4000))
    found = interval(drawn_means(drawn, list(values), [1.0] * 400))
    assert found is not None
    low, high = found
    half = 1.96 * values.std(ddof=1) / 20
    assert (high - low) / 2 == pytest.approx(half, rel=0.15)
    assert (high + low) / 2 == pytest.approx(values.mean(), abs=0.02)


def test_days_that_hang_together_are_less_sure() -> None:
    """The canary: drawn one by one, runs of equal days would seem twice as sure as they are."""
    values = np.repeat(generator(9, "values").normal(0.0, 1.0, 40), 10)
    together = times_drawn(places(400, draws=2000, block=10))
    one_by_one = times_drawn(places(400, draws=2000, block=1))
    widths = []
    for drawn in (together, one_by_one):
        found = interval(drawn_means(drawn, list(values), [1.0] * 400))
        assert found is not None
        widths.append(found[1] - found[0])
    assert widths[0] > 1.8 * widths[1]


def test_means_are_per_thing_and_not_per_day() -> None:
    drawn = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 2.0]])
    means = drawn_means(drawn, [6.0, 0.0], [3.0, 0.0])
    assert means[:2] == pytest.approx([2.0, 2.0])
    assert np.isnan(means[2])  # a draw of days without a single trade


def test_an_interval_of_too_few_draws_is_unknown() -> None:
    assert interval(np.array([])) is None
    assert interval(np.array([1.0, np.nan, np.nan])) is None
    assert interval(np.array([1.0, 1.0, np.nan])) == (1.0, 1.0)


def test_effective_count_by_hand() -> None:
    drawn = np.array([0.0, 2.0] * 50)  # the mean has variance 1
    assert effective_count(100, 30.0, drawn) == pytest.approx(30.0)
    assert effective_count(20, 30.0, drawn) == 20.0
    assert effective_count(20, 30.0, np.array([1.0, 1.0])) is None
    assert effective_count(20, 0.0, drawn) is None
