"""Weights move on evidence only, towards who knows more, and stay within their bounds."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.formulas.pool_weights import WEIGHT_MAX, WEIGHT_MIN, pool_weights

GAINS = st.lists(st.floats(-0.1, 0.1), min_size=1, max_size=12)


@given(GAINS, st.floats(0, 1e6))
def test_they_sum_to_one_and_keep_their_bounds(gains: list[float], outcomes: float) -> None:
    weights = pool_weights(gains, outcomes)
    assert sum(weights) == pytest.approx(1.0)
    if len(gains) > 2:
        assert min(weights) >= WEIGHT_MIN - 1e-9
        assert max(weights) <= WEIGHT_MAX + 1e-9


@given(GAINS, st.floats(0, 49))
def test_few_outcomes_move_nothing(gains: list[float], outcomes: float) -> None:
    assert len(set(pool_weights(gains, outcomes))) == 1


@given(GAINS)
def test_who_knows_more_never_weighs_less(gains: list[float]) -> None:
    weights = pool_weights(gains, 10_000)
    ranked = [weight for _, weight in sorted(zip(gains, weights, strict=True))]
    assert all(a <= b + 1e-9 for a, b in pairwise(ranked))


def test_the_same_knowledge_weighs_the_same_and_more_evidence_divides_more() -> None:
    assert pool_weights([0.01, 0.01, 0.01], 1e5) == pytest.approx((1 / 3,) * 3)
    assert pool_weights([-0.01, -0.02, -0.5], 1e5) == pytest.approx((1 / 3,) * 3)
    few, many = pool_weights([0.02, 0.01, 0.005], 100), pool_weights([0.02, 0.01, 0.005], 1e4)
    assert 1 / 3 < few[0] < many[0] <= WEIGHT_MAX


def test_nobody_is_refused_and_two_weigh_the_same() -> None:
    with pytest.raises(ValueError, match="nobody"):
        pool_weights([], 100)
    assert pool_weights([0.5, 0.0], 1e5) == (0.5, 0.5)
    assert pool_weights([0.5], 1e5) == (1.0,)
