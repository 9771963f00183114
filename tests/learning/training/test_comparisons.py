"""Trades are held against the same bars and other costs."""

import msgspec
import numpy as np
import pytest

from quantum_os.learning.training.comparisons import comparisons_of
from quantum_os.learning.training.day_draws import day_draws
from quantum_os.learning.training.trading_rule import Taken
from tests.learning.training.datasets import made_up

DATA = made_up(60 * 24, 3)
ROWS = np.arange(len(DATA))
DAYS = day_draws(DATA, ROWS, 0)


def took(rows: np.ndarray, sides: np.ndarray) -> Taken:
    return Taken(rows, sides, DATA.r[rows, sides] - DATA.cost_r[rows])


def test_what_the_same_bars_were_worth() -> None:
    rows, sides = np.array([1, 5]), np.array([0, 1])
    told = comparisons_of(DATA, ROWS, took(rows, sides), DAYS)
    expected = [DATA.r[0:3, 0].mean() - 0.08, DATA.r[3:6, 1].mean() - 0.08]
    assert told.matched_r == pytest.approx(np.mean(expected))
    assert told.excess_r == pytest.approx(
        (DATA.r[1, 0] + DATA.r[5, 1]) / 2 - 0.08 - np.mean(expected)
    )
    assert told.excess_ci is None, "two days are too few"


def test_taking_everything_adds_nothing_and_choosing_winners_does() -> None:
    sides = np.zeros(len(ROWS), np.int64)
    every = comparisons_of(DATA, ROWS, took(ROWS, sides), DAYS)
    assert every.excess_r == pytest.approx(0.0, abs=1e-12)
    winners = ROWS[DATA.won[:, 0]]
    chosen = comparisons_of(DATA, ROWS, took(winners, sides[winners]), DAYS)
    assert chosen.excess_ci is not None
    assert chosen.excess_ci[0] > 0.5


def test_other_costs() -> None:
    rows = ROWS[:300]
    told = comparisons_of(DATA, ROWS, took(rows, rows % 2), DAYS)
    assert list(told.by_round_trip_bps) == ["8", "15", "25"]
    gap = told.by_round_trip_bps["8"] - told.by_round_trip_bps["25"]
    assert gap == pytest.approx(17e-4 / 0.02)


def test_no_trade_has_nothing_to_compare() -> None:
    none = np.zeros(0, np.int64)
    told = comparisons_of(DATA, ROWS, took(none, none), DAYS)
    assert (told.matched_r, told.excess_r, told.excess_ci) == (None, None, None)
    assert msgspec.json.encode(told)
