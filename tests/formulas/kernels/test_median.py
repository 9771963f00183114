"""The trailing median is the median, whatever comes and whoever pauses."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.kernels.median import trailing_medians

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
