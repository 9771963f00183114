"""Members are pooled by their weights; who is silent has none, and all silent is silence."""

import numpy as np
import pytest

from quantum_os.ai.models.pooling import pooled
from quantum_os.formulas.edge import pool_log_odds


def test_it_is_the_federation_s_own_pool() -> None:
    a, b = np.array([[0.6, 0.3]]), np.array([[0.5, 0.45]])
    expected = [pool_log_odds(pair, (0.7, 0.3)) for pair in ((0.6, 0.5), (0.3, 0.45))]
    assert pooled([a, b], (0.7, 0.3))[0] == pytest.approx(expected)


def test_the_silent_have_no_weight() -> None:
    a, b = np.array([[0.6, 0.3], [np.nan, np.nan]]), np.full((2, 2), np.nan)
    said = pooled([a, b], (0.2, 0.8))
    assert said[0] == pytest.approx([0.6, 0.3])
    assert np.isnan(said[1]).all()


def test_block_and_stream_are_equal_to_the_bit() -> None:
    rows = np.linspace(0.3, 0.7, 40).reshape(20, 2)
    block = pooled([rows, rows[::-1]], (0.7, 0.3))
    alone = [pooled([rows[i : i + 1], rows[::-1][i : i + 1]], (0.7, 0.3)) for i in range(20)]
    assert np.array_equal(block, np.concatenate(alone))
