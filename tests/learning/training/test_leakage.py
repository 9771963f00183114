"""A peeking column is found; dealt-out labels know nothing of the features beside them."""

import msgspec
import numpy as np
import pytest

from quantum_os.learning.training.dataset import LONG, Dataset
from quantum_os.learning.training.leakage import (
    CANARY,
    shifted_labels,
    shuffled_labels,
    with_future_column,
)
from tests.learning.training.datasets import made_up


def knowing() -> Dataset:
    """Data whose first feature does say something of the long side."""
    data = made_up(24 * 60, 2)
    x = data.x.copy()
    x[:, 0] += data.won[:, LONG]
    return msgspec.structs.replace(data, x=x)


def knowledge(data: Dataset, column: int) -> float:
    """Correlation of a feature with the long label's R."""
    return float(np.corrcoef(data.x[:, column], data.r[:, LONG])[0, 1])


def test_a_column_of_the_future_is_found() -> None:
    data = with_future_column(made_up(200, 3))

    assert data.names[-1] == CANARY
    assert knowledge(data, len(data.names) - 1) > 0.8


def test_shuffled_labels_know_nothing_and_keep_their_base_rate() -> None:
    data = knowing()
    dealt = shuffled_labels(data)

    assert knowledge(data, 0) > 0.3
    assert abs(knowledge(dealt, 0)) < 0.06
    assert dealt.won.mean() == data.won.mean()
    for symbol in range(2):
        mine = data.symbol == symbol
        assert sorted(dealt.r[mine, 0].tolist()) == sorted(data.r[mine, 0].tolist())


def test_another_seed_deals_otherwise_and_the_same_seed_the_same() -> None:
    data = knowing()

    assert (shuffled_labels(data, 1).won == shuffled_labels(data, 1).won).all()
    assert (shuffled_labels(data, 1).won != shuffled_labels(data, 2).won).any()


def test_shifted_labels_are_those_of_a_later_row_of_the_same_symbol() -> None:
    data = knowing()
    shifted = shifted_labels(data, 48)

    assert len(shifted) == len(data) - 2 * 48
    assert (shifted.won[0] == data.won[2 * 48]).all()
    assert abs(knowledge(shifted, 0)) < 0.06
    with pytest.raises(ValueError, match="by a bar at least"):
        shifted_labels(data, 0)
