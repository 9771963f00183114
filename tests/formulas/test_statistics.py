import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.statistics import (
    correlation,
    max_drawdown,
    mean,
    mean_ci_95,
    profit_factor,
    sharpe_daily,
    sortino_daily,
    variance,
    wilson_interval,
)

returns = st.lists(st.floats(-0.5, 0.5).map(lambda x: round(x, 6)), min_size=3, max_size=60)


def test_sharpe_and_sortino_by_hand() -> None:
    days = [0.01, -0.01, 0.02, 0.0]
    # mean .005, sample variance 5e-4 / 3, downside variance 1e-4 / 4
    assert sharpe_daily(days) == pytest.approx(0.005 / (5e-4 / 3) ** 0.5 * 365**0.5)
    assert sortino_daily(days) == pytest.approx(0.005 / 0.005 * 365**0.5)
    assert sharpe_daily(days, periods=1) == pytest.approx(0.3872983346)


@pytest.mark.parametrize("days", [[], [0.01], [0.01, 0.01, 0.01]])
def test_too_little_is_unknown(days: list[float]) -> None:
    assert sharpe_daily(days) is None
    assert sortino_daily(days) is None


def test_max_drawdown_by_hand() -> None:
    assert max_drawdown([]) == 0.0
    assert max_drawdown([100, 110, 120]) == 0.0
    assert max_drawdown([100, 120, 90, 130, 117]) == pytest.approx(0.25)
    assert max_drawdown([100, -20]) == pytest.approx(1.2)
    for bad in ([0.0, 1.0], [100.0, float("nan")]):
        with pytest.raises(ValueError):
            max_drawdown(bad)


@given(st.lists(st.floats(1, 1000), min_size=1, max_size=50), st.floats(0.1, 10))
def test_drawdown_has_no_unit(equity: list[float], scale: float) -> None:
    scaled = max_drawdown([value * scale for value in equity])
    assert scaled == pytest.approx(max_drawdown(equity), abs=1e-9)


def test_wilson_interval_golden() -> None:
    interval, without_wins = wilson_interval(5, 10), wilson_interval(0, 10)
    assert interval is not None
    assert without_wins is not None
    low, high = interval
    assert low == pytest.approx(0.23659, abs=1e-5)
    assert high == pytest.approx(0.76341, abs=1e-5)
    assert without_wins[0] == 0.0
    assert wilson_interval(0, 0) is None


@given(st.integers(1, 500), st.data())
def test_wilson_interval_holds_the_rate(n: int, data: st.DataObject) -> None:
    wins = data.draw(st.integers(0, n))
    interval = wilson_interval(wins, n)
    assert interval is not None
    low, high = interval
    assert 0 <= low <= wins / n + 1e-12
    assert wins / n - 1e-12 <= high <= 1


def test_mean_interval_uses_students_t() -> None:
    interval = mean_ci_95([1.0, 2.0, 3.0, 4.0, 5.0])
    assert interval is not None
    low, high = interval
    # t(.975, 4) = 2.7764, standard error sqrt(2.5 / 5)
    assert (high - low) / 2 == pytest.approx(2.7764 * 0.5**0.5, rel=0.004)
    assert (high + low) / 2 == pytest.approx(3.0)
    assert mean_ci_95([1.0, 2.0, 3.0, 4.0]) is None


def test_profit_factor() -> None:
    assert profit_factor([2.0, -1.0, 1.0]) == pytest.approx(3.0)
    assert profit_factor([-1.0]) == 0.0
    assert profit_factor([1.0]) is None
    assert profit_factor([]) is None


def test_correlation_by_hand() -> None:
    assert correlation([1, 2, 3], [2, 4, 6]) == pytest.approx(1.0)
    assert correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)
    assert correlation([1, 2, 3], [1, 3, 2]) == pytest.approx(0.5)
    assert correlation([1, 2], [1, 2]) is None
    assert correlation([1, 1, 1], [1, 2, 3]) is None
    with pytest.raises(ValueError):
        correlation([1, 2, 3], [1, 2])


@given(returns)
def test_correlation_is_symmetric_and_bounded(xs: list[float]) -> None:
    ys = [x * x - x for x in reversed(xs)]
    forth, back = correlation(xs, ys), correlation(ys, xs)
    assert forth == back
    assert forth is None or -1 <= forth <= 1


def test_mean_and_variance_of_too_little() -> None:
    assert mean([]) is None
    assert mean([1.0, 2.0]) == 1.5
    assert variance([1.0]) is None
    assert variance([1.0, 3.0]) == 2.0
