"""Numbers are written in their unit, zero has no sign, and unknown has a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.learning.report.figure import Figure, Unit, told, written, written_interval


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234.5, Unit.USD, "1,234.50 USD"),
        (0.0123, Unit.FRACTION, "1.23 %"),
        (0.5, Unit.PROBABILITY, "50.00 %"),
        (-0.0071, Unit.R, "-0.007 R"),
        (559.0, Unit.COUNT, "559"),
        (38.04, Unit.DAYS, "38.0 days"),
        (1.5, Unit.RATIO, "1.50"),
        (13.767, Unit.BPS, "13.77 bps"),
        (None, Unit.USD, "unknown"),
    ],
)
def test_by_hand(value: float | None, unit: Unit, text: str) -> None:
    assert written(value, unit) == text


def test_an_interval_says_its_unit_once() -> None:
    assert written_interval((-572.95, 768.84), Unit.USD) == "-572.95 to 768.84 USD"
    assert written_interval((-2.6, 3.3), Unit.RATIO) == "-2.60 to 3.30"
    assert written_interval(None, Unit.USD) == ""


@given(st.floats(-1e6, 1e6), st.sampled_from(Unit), st.booleans())
def test_what_is_written_as_nothing_has_no_sign(value: float, unit: Unit, signed: bool) -> None:
    text = written(value, unit, signed=signed)
    digits = text.partition(" ")[0].strip("+-0.,")
    assert digits or text[0] == "0"
    assert not signed or not digits or text[0] == ("+" if value > 0 else "-")


def test_unknown_is_told_with_its_reason() -> None:
    figure = Figure("x", "X", Unit.R, None, "trade.closed", None, "no trade was closed")
    assert told(figure) == "unknown: no trade was closed"
