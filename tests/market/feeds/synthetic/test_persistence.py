"""The fast way to an autoregression is the slow one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.kernel.chance import generator
from quantum_os.market.feeds.synthetic.persistence import autoregressed, kept


@given(st.integers(1, 300), st.floats(0.0, 0.9999), st.integers(0, 99))
def test_it_is_what_a_loop_would_give(steps: int, keep: float, seed: int) -> None:
    chance = generator(seed, "persistence")
    shocks, last = chance.standard_normal((steps, 3)), chance.standard_normal(3)
    expected, value = [], last
    for shock in shocks:
        value = keep * value + (1.0 - keep**2) ** 0.5 * shock
        expected.append(value)
    assert np.allclose(autoregressed(shocks, last, keep), expected, atol=1e-9)


def test_half_is_left_after_a_half_life() -> None:
    assert kept(15.0, 15.0) == 0.5
    assert kept(15.0, 30.0) == 0.25
