"""A figure is read with its unit, and two that differ never look the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.learning.explain.amounts import Unit, duration, pair, written

figures = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0514, Unit.R, "+0.051 R"),
        (-1.0, Unit.R, "-1.000 R"),
        (0.527, Unit.PROBABILITY, "0.527"),
        (0.2269, Unit.FRACTION, "22.69%"),
        (4.68, Unit.USD, "4.68 USD"),
        (12345.6, Unit.USD, "12,345.60 USD"),
        (6.0, Unit.COUNT, "6"),
        (300.0, Unit.SECONDS, "300 s"),
        (600.0, Unit.SECONDS, "10 min"),
        (60_000.0, Unit.MS, "60 s"),
        (36.0, Unit.HOURS, "36 h"),
        (72.0, Unit.HOURS, "3 d"),
        (2.0, Unit.BPS, "2.0 bps"),
        (2.0, Unit.TIMES, "2x"),
        (0.26, Unit.TIMES, "0.26x"),
        (30.0, Unit.TIMES, "30x"),
        (None, Unit.USD, "-"),
    ],
)
def test_a_figure_has_its_unit(value: float | None, unit: Unit, text: str) -> None:
    assert written(value, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (30_240, "8.4 h"), (-46_800, "-13 h"), (1_500, "25 min")]
)
def test_a_duration_is_told_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@given(figures, figures, st.sampled_from(Unit))
def test_two_that_differ_look_different(value: float, limit: float, unit: Unit) -> None:
    said, allowed = pair(value, limit, unit)
    assert (said == allowed) is (value == limit)


def test_a_near_miss_gets_as_many_digits_as_it_takes() -> None:
    assert pair(0.04996, 0.05, Unit.R) == ("+0.04996 R", "+0.05000 R")
    assert pair(0.200001, 0.2, Unit.FRACTION) == ("20.0001%", "20.0000%")
