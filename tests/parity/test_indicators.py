"""Features are what TA-Lib's indicators give, after warm-up, on real bars of all intervals."""

import numpy as np
import pytest

from quantum_os.formulas.kernels.feature_list import FEATURES
from tests.parity import page
from tests.parity.indicators import (
    MARKETS,
    TOLERANCE,
    WITHOUT_ORACLE,
    gaps,
    largest_gap,
    market,
    ours,
    theirs,
)


@pytest.mark.parametrize("name", MARKETS)
def test_every_feature_is_that_of_the_library(name: str) -> None:
    assert max(gaps(name).values()) <= TOLERANCE, gaps(name)
    assert {*gaps(name), *WITHOUT_ORACLE} == {*FEATURES, "vol_ratio"}


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
    bars = market(MARKETS[0])[:, :1_500]
    assert callable(wrong)
    bent = ours(np.ascontiguousarray(wrong(bars)))[feature]
    right = theirs(bars)[feature]
    assert largest_gap(feature, bent[: len(right)], right[: len(bent)]) > TOLERANCE
