"""Skewness and kurtosis as scipy has them, and unknown where there is too little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quantum_os.formulas.moments import kurtosis, skewness


def test_by_hand() -> None:
    assert skewness([0.0, 0.0, 3.0]) == pytest.approx(2**-0.5)
    assert kurtosis([-1.0, 1.0, -1.0, 1.0]) == pytest.approx(1.0)


def test_too_little_is_unknown() -> None:
    assert skewness([1.0, 2.0]) is None
    assert skewness([1.0, 1.0, 1.0]) is None
    assert kurtosis([1.0, 2.0, 3.0]) is None
    assert kurtosis([1.0] * 9) is None


@given(st.lists(st.integers(-1000, 1000).map(lambda n: n / 1000), min_size=4, max_size=80))
def test_as_scipy_has_them(xs: list[float]) -> None:
    if len(set(xs)) < 2:
        return
    assert skewness(xs) == pytest.approx(stats.skew(xs), abs=1e-9)
    assert kurtosis(xs) == pytest.approx(stats.kurtosis(xs, fisher=False), abs=1e-9)
