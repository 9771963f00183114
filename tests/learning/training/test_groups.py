"""Answers and trades are cut so that every one is in one group, each with its own base rate."""

import numpy as np
import pytest

from quantum_os.formulas.log_loss_gain import surprises
from quantum_os.learning.training.day_draws import day_draws
from quantum_os.learning.training.groups import groups_of
from quantum_os.learning.training.row_regimes import REGIMES
from quantum_os.learning.training.trading_rule import Taken
from tests.learning.training.datasets import made_up

DATA = made_up(60 * 24, 3)
ROWS = np.arange(len(DATA))
DAYS = day_draws(DATA, ROWS, 0)
SAID = np.full(DATA.won.shape, 0.5)


def took(rows: np.ndarray, sides: np.ndarray) -> Taken:
    return Taken(rows, sides, DATA.r[rows, sides] - DATA.cost_r[rows])


def test_every_answer_and_trade_is_in_one_group_of_each_cut() -> None:
    groups = groups_of(DATA, ROWS, SAID, took(ROWS[:300], ROWS[:300] % 2), DAYS)
    for cut in (groups.by_year, groups.by_symbol, groups.by_regime):
        assert sum(group.rows for group in cut.values()) == len(DATA)
        assert sum(group.trades for group in cut.values()) == 300
    assert set(groups.by_side) == {"LONG", "SHORT"}
    assert sum(group.trades for group in groups.by_side.values()) == 300
    assert list(groups.by_symbol) == list(DATA.symbols)
    assert set(groups.by_year) == {"1970"}
    assert set(groups.by_regime) == {str(REGIMES[place]) for place in range(3)}


def test_a_group_is_held_against_its_own_base_rate() -> None:
    groups = groups_of(DATA, ROWS, SAID, took(ROWS[:10], ROWS[:10] % 2), DAYS)
    mine = DATA.symbol == 1
    rate = DATA.won[mine].mean(axis=0)
    base = surprises(np.broadcast_to(rate, DATA.won[mine].shape), DATA.won[mine]).mean()
    group = groups.by_symbol[DATA.symbols[1]]
    assert group.base_log_loss == pytest.approx(base)
    assert group.log_loss == pytest.approx(np.log(2))
    assert group.expectancy_ci is None, "ten trades of one day bound nothing"


def test_who_knows_one_regime_alone_is_seen_to() -> None:
    knows = DATA.regime == 2
    said = np.where(knows[:, None], np.where(DATA.won, 0.7, 0.3), 0.5)
    winners = ROWS[DATA.won[:, 0]]
    chosen = took(winners, np.zeros(len(winners), np.int64))
    groups = groups_of(DATA, ROWS, said, chosen, DAYS)
    known, other = groups.by_regime[str(REGIMES[2])], groups.by_regime[str(REGIMES[0])]
    assert known.gain_ci is not None
    assert known.gain_ci[0] > 0.2
    assert other.gain_ci is not None
    assert other.gain_ci[0] < 0.001
    assert known.expectancy_ci is not None
    assert known.expectancy_ci[0] > 0.9
    long = groups.by_side["LONG"]
    assert long.expectancy_ci is not None
    assert long.expectancy_ci[0] == pytest.approx(1.02 - 0.08)


def test_what_was_not_answered_is_in_no_group() -> None:
    said = SAID.copy()
    said[::2] = np.nan
    none = np.zeros(0, np.int64)
    groups = groups_of(DATA, ROWS, said, took(none, none), DAYS)
    assert sum(group.rows for group in groups.by_symbol.values()) == len(DATA) // 2
    assert all(group.expectancy_r is None for group in groups.by_symbol.values())
