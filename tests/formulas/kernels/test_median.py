"""The trailing median is the median, whatever comes and whoever pauses."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.kernels.median import medians_of, trailing_medians

VALUES = st.one_of(st.none(), st.integers(0, 6).map(float), st.floats(0.0, 1e6))


@given(
    rows=st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=60),
    capacity=st.sampled_from([1, 2, 3, 7, 16, 30]),
)
def test_it_is_the_median_of_the_last_values(
    rows: list[tuple[float | None, float | None, float | None]], capacity: int
) -> None:
    window, ordered = np.full((3, capacity), np.inf), np.full((3, capacity), np.inf)
    seen = np.zeros(3, dtype=np.int64)
    kept: list[list[float]] = [[], [], []]
    for row in rows:
        active = np.array([value is not None for value in row])
        values = np.array([0.0 if value is None else value for value in row])
        told = trailing_medians(values, active, seen, window, ordered)
        seen += active
        for symbol, value in enumerate(row):
            if value is not None:
                kept[symbol] = [*kept[symbol], value][-capacity:]
                assert told[symbol] == np.median(kept[symbol])
            filled = ordered[symbol][: len(kept[symbol])]
            assert filled.tolist() == sorted(kept[symbol])


@given(
    values=st.lists(VALUES.filter(lambda value: value is not None), max_size=80),
    cuts=st.lists(st.integers(0, 80), max_size=4),
    capacity=st.sampled_from([1, 2, 3, 7, 16, 30]),
)
def test_many_values_at_once_are_as_many_single_ones(
    values: list[float], cuts: list[int], capacity: int
) -> None:
    window, ordered = np.full((2, 1, capacity), np.inf)
    single = [
        trailing_medians(np.array([value]), np.array([True]), np.array([seen]), window, ordered)[0]
        for seen, value in enumerate(values)
    ]
    arrived, sorted_ = np.full((2, capacity), np.inf)
    told: list[float] = []
    for part in np.array_split(np.array(values), sorted(cuts)):
        told += medians_of(part, len(told), arrived, sorted_).tolist()

    assert told == single
    assert arrived.tobytes() == window.tobytes()
    assert sorted_.tobytes() == ordered.tobytes()
