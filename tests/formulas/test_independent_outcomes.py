"""Outcomes that come together count as one."""

import numpy as np
import pytest

from quantum_os.formulas.independent_outcomes import design_effect
from quantum_os.kernel.chance import generator


def test_symbols_that_win_together_are_one_outcome() -> None:
    won = generator(1, "together").random(300) < 0.5
    assert design_effect(np.repeat(np.arange(300), 6), np.repeat(won, 6)) == pytest.approx(6.0)


def test_independent_ones_count_each() -> None:
    won = generator(2, "alone").random(3_000) < 0.4
    assert design_effect(np.repeat(np.arange(500), 6), won) == pytest.approx(1.0, abs=0.15)
    assert design_effect(np.arange(10), np.ones(10, np.bool_)) == 1.0


def test_none_count_for_nothing() -> None:
    with pytest.raises(ValueError, match="no outcome"):
        design_effect(np.zeros(0, np.int64), np.zeros(0, np.bool_))
