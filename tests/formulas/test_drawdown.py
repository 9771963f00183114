"""How deep, how long, and what a year of it would be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.drawdown import (
    DAYS_MIN_CALMAR,
    annual_return,
    calmar,
    drawdowns,
    growth,
    longest_underwater,
)
from quantum_os.formulas.statistics import max_drawdown

equities = st.lists(st.floats(1, 1000), min_size=1, max_size=60)


def test_drawdowns_by_hand() -> None:
    assert drawdowns([]) == []
    assert drawdowns([100, 120, 90, 130, 117]) == pytest.approx([0, 0, 0.25, 0, 0.1])
    with pytest.raises(ValueError, match="above 0"):
        drawdowns([0, 1])


@given(equities)
def test_the_deepest_is_the_maximum(equity: list[float]) -> None:
    assert max(drawdowns(equity)) == pytest.approx(max_drawdown(equity))
    assert min(drawdowns(equity)) == 0.0


@pytest.mark.parametrize(
    ("equity", "stretch"),
    [
        ([1, 2, 3], None),
        ([1, 1, 1], None),
        ([3, 2, 3], (0, 20)),
        ([3, 2, 2, 3, 2, 3], (0, 30)),
        ([3, 2, 3, 2, 2, 2], (20, 50)),
        ([3, 3, 2, 4], (10, 30)),
    ],
)
def test_the_longest_stretch_by_hand(equity: list[float], stretch: tuple[int, int] | None) -> None:
    times = [10 * place for place in range(len(equity))]
    assert longest_underwater(times, equity) == stretch


@given(equities)
def test_a_stretch_lies_below_its_peak(equity: list[float]) -> None:
    stretch = longest_underwater(range(len(equity)), equity)
    if stretch is None:
        assert max_drawdown(equity) == 0
        return
    start, end = stretch
    assert all(value < equity[start] for value in equity[start + 1 : end])
    assert equity[start] == max(equity[: start + 1])


def test_calmar_by_hand() -> None:
    days = [0.01, -0.02] + [0.001] * 28
    grown = growth(days)[-1]
    assert calmar(days) == pytest.approx((grown ** (365 / 30) - 1) / 0.02)
    assert annual_return(days) == pytest.approx(grown ** (365 / 30) - 1)


def test_too_little_is_unknown() -> None:
    assert calmar([0.01, -0.01] * (DAYS_MIN_CALMAR // 2 - 1)) is None
    assert calmar([0.01] * 40) is None
    assert calmar([-1.0] + [0.0] * 40) is None
    assert annual_return([]) is None
    assert annual_return([-1.0, 0.1]) is None
