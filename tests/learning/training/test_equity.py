"""The walk's equity adds its trades up by the day they ended, beside symbols drawn by lot."""

import numpy as np
import pytest

from quantum_os.events.units import NS_PER_DAY
from quantum_os.learning.training.equity import DRAWS, Equity, equity_of
from quantum_os.learning.training.trading_rule import Taken
from tests.learning.training.datasets import made_up

DATA = made_up(40 * 24, 3)
ROWS = np.arange(len(DATA))


def took(rows: np.ndarray, side: int = 0) -> Taken:
    sides = np.full(len(rows), side)
    return Taken(rows, sides, DATA.r[rows, sides] - DATA.cost_r[rows])


def followed(trades: Taken) -> Equity:
    found = equity_of(DATA, ROWS, trades, 0)
    assert found is not None
    return found


def test_it_ends_at_the_sum_of_its_trades_and_falls_from_its_highest() -> None:
    trades = took(ROWS[::7])
    told = followed(trades)
    assert told.made[-1] == pytest.approx(trades.net_r.sum(), abs=1e-3)
    assert max(told.below) <= 0.0
    by_day = np.bincount(DATA.ends[trades.rows, 0] // NS_PER_DAY, weights=trades.net_r)
    risen = np.cumsum(by_day)
    deepest = (risen - np.maximum.accumulate(np.maximum(risen, 0.0))).min()
    assert min(told.below) == pytest.approx(deepest, abs=1e-3)


def test_a_choice_by_chance_lies_among_the_draws() -> None:
    told = followed(took(ROWS[::7]))
    assert told.low[-1] < told.made[-1] < told.high[-1]
    assert 0.05 < told.lot_share < 0.95
    assert told.lot[-1] == pytest.approx((told.low[-1] + told.high[-1]) / 2, abs=3.0)


def test_who_chooses_winners_is_beaten_by_no_draw() -> None:
    told = followed(took(ROWS[DATA.won[:, 1]], side=1))
    assert told.made[-1] > max(told.high)
    assert told.lot_share == pytest.approx(1 / (DRAWS + 1))


def test_a_draw_takes_any_symbol_of_its_own_bar() -> None:
    """One bar, three symbols: the mean of the draws is that of the three."""
    told = followed(took(np.array([300])))
    expected = (DATA.r[300:303, 0] - DATA.cost_r[300:303]).mean()
    assert told.lot[-1] == pytest.approx(expected, abs=0.1)


def test_without_a_trade_there_is_no_equity() -> None:
    assert equity_of(DATA, ROWS, took(np.zeros(0, np.int64)), 0) is None
