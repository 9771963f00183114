"""A trade is taken where it is worth its costs, one a symbol at a time, on its better side."""

import msgspec
import numpy as np
import pytest

from quantum_os.events.units import NS_PER_HOUR
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.trading_rule import Worth, edges, taken, unselected_r, worth_of
from tests.learning.training.datasets import made_up
from tests.learning.training.recipes import POLICY

WORTH = Worth(gain_r=(1.0, 1.0), loss_r=(-1.0, -1.0))


def held(bars: int, hours: int) -> Dataset:
    """One symbol, each label of which lives so many hours."""
    data = made_up(bars, 1)
    ends = data.bar_close[:, None] + np.full((bars, 2), hours * NS_PER_HOUR)
    return msgspec.structs.replace(data, ends=ends)


def test_an_edge_is_what_is_left_after_costs() -> None:
    said = np.array([[0.60, 0.40], [0.56, 0.56], [np.nan, np.nan]])
    edge = edges(said, np.full(3, 0.1), WORTH, POLICY)
    assert edge[0, 0] == pytest.approx(0.1)
    assert np.isnan(edge).tolist() == [[False, True], [True, True], [True, True]]


def test_costs_close_the_gate() -> None:
    said = np.array([[0.60, 0.40]])
    assert np.isnan(edges(said, np.array([0.18]), WORTH, POLICY)).all()


def test_a_symbol_is_held_until_its_label_ends() -> None:
    data, edge = held(10, 3), np.full((10, 2), 0.1)
    took = taken(data, np.arange(10), edge)
    assert took.rows.tolist() == [0, 3, 6, 9]
    assert took.net_r == pytest.approx(data.r[took.rows, 0] - 0.08)


def test_the_better_side_is_taken() -> None:
    data, edge = held(2, 1), np.array([[0.1, 0.2], [np.nan, 0.1]])
    assert taken(data, np.arange(2), edge).sides.tolist() == [1, 1]


def test_symbols_do_not_wait_for_each_other() -> None:
    data = made_up(1, 3)
    assert len(taken(data, np.arange(3), np.full((3, 2), 0.1)).rows) == 3
    assert len(taken(data, np.arange(3), np.full((3, 2), np.nan)).rows) == 0


def test_worth_is_measured_and_shrunk_to_the_policy_s() -> None:
    data = made_up(4_000, 1)
    many = worth_of(data, np.arange(4_000), POLICY)
    assert many.gain_r[0] == pytest.approx(1.02, abs=1e-3)
    assert many.loss_r[1] == pytest.approx(-1.0, abs=2e-3)
    none = worth_of(data, np.zeros(0, np.int64), POLICY)
    assert none.gain_r == (POLICY.gain_r,) * 2
    assert none.loss_r == (POLICY.loss_r,) * 2


def test_what_selection_must_beat() -> None:
    data = made_up(50, 2)
    long, short = unselected_r(data, np.arange(100))
    assert long == pytest.approx(data.r[:, 0].mean() - 0.08)
    assert short == pytest.approx(data.r[:, 1].mean() - 0.08)
