"""A label alone counts whole; labels that share their time share their weight."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from quantum_os.formulas.uniqueness import average_uniqueness


def of(*spans: tuple[int, int], bars: int = 10) -> list[float]:
    first, last = np.array(spans, dtype=np.int64).T
    return [float(share) for share in average_uniqueness(first, last, bars)]


def test_the_worked_example() -> None:
    assert of((0, 1), (3, 4)) == [1.0, 1.0]
    assert of((0, 3), (0, 3)) == [0.5, 0.5]
    assert of((0, 3), (2, 5)) == pytest.approx([(1 + 1 + 0.5 + 0.5) / 4] * 2)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), min_size=1, max_size=40))
def test_it_is_the_mean_of_shares_counted_bar_by_bar(drawn: list[tuple[int, int]]) -> None:
    spans = [(start, start + length) for start, length in drawn]
    alive = [sum(a <= bar <= b for a, b in spans) for bar in range(40)]
    slow = [np.mean([1 / alive[bar] for bar in range(a, b + 1)]) for a, b in spans]

    assert of(*spans, bars=40) == pytest.approx(slow)


def test_a_label_outside_of_all_bars_is_refused() -> None:
    with pytest.raises(ValueError, match="in bars that there are"):
        of((8, 10))
