"""What a trade is worth, and what rests on too little."""

import pytest

from quantum_os.learning.report.figure import Figure
from quantum_os.learning.report.sample import sample_of
from quantum_os.learning.report.trade_figures import division_figures, expectancy_figures
from tests.learning.report.book import evidence


def figures_of(nets: list[float]) -> dict[str, Figure]:
    of = evidence(nets)
    trades = [one.trade for one in of.lives]
    found = (*expectancy_figures(trades, sample_of(of, 0)), *division_figures(trades))
    return {figure.key: figure for figure in found}


def test_by_hand() -> None:
    found = figures_of([30.0, -10.0, 10.0, -10.0])
    assert found["trades"].value == 4
    assert found["expectancy_usd"].value == pytest.approx(5.0)
    assert found["expectancy_r"].value == pytest.approx(0.05)
    assert found["win_rate"].value == 0.5
    assert found["payoff"].value == pytest.approx(2.0)
    assert found["breakeven_rate"].value == pytest.approx(1 / 3)
    assert found["profit_factor"].value == pytest.approx(2.0)


def test_none_is_unknown_with_its_reason() -> None:
    for key, figure in figures_of([]).items():
        if key != "trades":
            assert figure.value is None, key
            assert figure.reason, key


def test_gains_alone_have_no_payoff() -> None:
    found = figures_of([1.0, 2.0])
    assert found["payoff"].value is None
    assert found["profit_factor"].value is None
    assert "infinite" in found["profit_factor"].reason


def test_the_interval_holds_the_mean_and_narrows_with_the_days() -> None:
    few, many = (figures_of([30.0, -20.0, 5.0, -10.0] * times) for times in (6, 60))
    widths = []
    for found in (few, many):
        bounds, value = found["expectancy_r"].interval, found["expectancy_r"].value
        assert bounds is not None
        assert value is not None
        assert bounds[0] <= value <= bounds[1]
        widths.append(bounds[1] - bounds[0])
    assert widths[1] < widths[0] / 2


def test_trades_that_repeat_each_other_count_for_less() -> None:
    """Ten equal trades of one day tell hardly more than one of them."""
    blocks = [net for net in (30.0, -20.0, 10.0, -25.0, 15.0, -5.0) for _ in range(10)]
    effective = figures_of(blocks)["effective_trades"].value
    assert effective is not None
    assert effective < 30
