"""In blocks as one by one: each draw's ratio is the ratio of the days that were drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.bootstrap import stationary_places, times_drawn
from quantum_os.formulas.daily_returns import compounded
from quantum_os.formulas.drawdown import calmar
from quantum_os.formulas.drawn_ratios import (
    drawn_calmars,
    drawn_sharpes,
    drawn_sortinos,
    drawn_totals,
)
from quantum_os.formulas.statistics import sharpe_daily, sortino_daily
from quantum_os.kernel.chance import generator

returns = st.lists(
    st.integers(-2000, 2000).map(lambda n: n / 10_000), min_size=30, max_size=60
).filter(lambda xs: len(set(xs)) > 5)


def same(one: float, other: float | None) -> bool:
    if other is None:
        return bool(np.isnan(one))
    return bool(one == pytest.approx(other, rel=1e-6, abs=1e-9))


@given(returns)
def test_each_draw_is_told_as_its_days_would_be(days: list[float]) -> None:
    places = stationary_places(len(days), generator(1), draws=12)
    drawn = times_drawn(places)
    told = zip(
        places,
        drawn_sharpes(drawn, days),
        drawn_sortinos(drawn, days),
        drawn_totals(drawn, days),
        drawn_calmars(places, days),
        strict=True,
    )
    for row, sharpe, sortino, total, drop in told:
        chosen = [days[place] for place in row]
        assert same(sharpe, sharpe_daily(chosen))
        assert same(sortino, sortino_daily(chosen))
        assert same(total, compounded(chosen))
        assert same(drop, calmar(chosen))


def test_what_does_not_vary_has_no_ratio() -> None:
    places = stationary_places(30, generator(1), draws=5)
    drawn = times_drawn(places)
    assert np.isnan(drawn_sharpes(drawn, [0.01] * 30)).all()
    assert np.isnan(drawn_sortinos(drawn, [0.01] * 30)).all()
    assert np.isnan(drawn_calmars(places, [0.01] * 30)).all()


def test_a_day_that_lost_everything_ruins_the_draws_that_hold_it() -> None:
    drawn = np.array([[1.0, 1.0], [2.0, 0.0]])
    assert drawn_totals(drawn, [0.1, -1.0]) == pytest.approx([-1.0, 0.21])
