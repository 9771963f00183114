"""On the grids every order of addition gives the same bits; off them it does not."""

import numpy as np

from quantum_os.ai.models.exact_products import (
    INPUT_MAX,
    INPUT_STEP,
    WEIGHT_MAX,
    WEIGHT_STEP,
    WIDTH_MAX,
    input_grid,
    on_weight_grid,
    weight_grid,
)
from quantum_os.kernel.chance import generator

CHANCE = generator(5, "products")
X, W = CHANCE.normal(0, 3, (200, 480)), CHANCE.normal(0, 1, (480, 16))


def one_by_one(x: np.ndarray, w: np.ndarray, order: np.ndarray) -> np.ndarray:
    total = np.zeros((len(x), w.shape[1]))
    for place in order:
        total += x[:, place : place + 1] * w[place]
    return total


def test_sums_do_not_depend_on_their_order() -> None:
    x, w, order = input_grid(X), weight_grid(W), CHANCE.permutation(480)
    assert np.array_equal(x @ w, one_by_one(x, w, order))
    assert np.array_equal(x @ w, np.concatenate([row[None] @ w for row in x]))


def test_canary_plain_floats_do() -> None:
    order = CHANCE.permutation(480)
    assert not np.array_equal(one_by_one(X, W, np.arange(480)), one_by_one(X, W, order))


def test_the_largest_sum_has_room() -> None:
    largest = WIDTH_MAX * INPUT_MAX * WEIGHT_MAX
    assert largest / (INPUT_STEP * WEIGHT_STEP) <= 2**53


def test_grids_hold_and_refuse() -> None:
    assert input_grid(np.array([99.0, -99.0])).tolist() == [INPUT_MAX, -INPUT_MAX]
    assert np.isnan(input_grid(np.array([np.nan]))[0])
    assert on_weight_grid(weight_grid(W))
    assert not on_weight_grid(W)
    assert not on_weight_grid(np.full((2, 2), np.nan))
    assert not on_weight_grid(np.zeros((WIDTH_MAX + 1, 1)))
