"""Features are what TA-Lib's indicators give, after warm-up, on real bars of all intervals."""

import numpy as np
import pytest

from quantum_os.formulas.kernels.feature_list import FEATURES
from tests.parity import page
from tests.parity.indicators import (
    TOLERANCE,
    WITHOUT_ORACLE,
    largest_gap,
    markets,
    ours,
    theirs,
)


@pytest.mark.parametrize("name", sorted(markets()))
def test_every_feature_is_that_of_the_library(name: str) -> None:
    mine, other = ours(markets()[name]), theirs(markets()[name])
    assert set(mine) - set(other) == set(WITHOUT_ORACLE)
    gaps = {feature: largest_gap(feature, mine[feature], other[feature]) for feature in other}
    assert max(gaps.values()) <= TOLERANCE, gaps


def test_no_feature_is_left_out() -> None:
    told = theirs(next(iter(markets().values())))
    assert {*told, *WITHOUT_ORACLE} == {*FEATURES, "vol_ratio"}


def test_the_page_is_fresh() -> None:
    if page.is_recorded():
        assert page.indicator_rows() == page.recorded("Indicators")


@pytest.mark.parametrize(
    ("feature", "wrong"),
    [
        ("atr_frac", lambda bars: bars * np.array([[1], [1.0000001], [1], [1], [1]])),
        ("rsi_14", lambda bars: np.roll(bars, 1, axis=1)),
        ("volume_ratio", lambda bars: bars[:, 1:]),
    ],
)
def test_a_kernel_that_is_slightly_off_is_seen(feature: str, wrong: object) -> None:
    """A ten-millionth of the range, or bars one late, are far outside the tolerance."""
    bars = next(iter(markets().values()))
    assert callable(wrong)
    bent = ours(np.ascontiguousarray(wrong(bars)))[feature]
    right = theirs(bars)[feature]
    assert largest_gap(feature, bent[: len(right)], right[: len(bent)]) > TOLERANCE
