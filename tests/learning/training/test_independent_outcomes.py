"""Outcomes that say the same again are counted once: in a label's life, and across a bar."""

import msgspec
import numpy as np
import pytest

from quantum_os.learning.training.walk import independent_outcomes
from tests.learning.training.datasets import made_up

DATA = made_up(2_000, 5)
ROWS = np.arange(len(DATA))


def test_chance_alone_counts_in_full() -> None:
    assert independent_outcomes(DATA, ROWS, 1.0) == pytest.approx(len(DATA), rel=0.1)
    assert independent_outcomes(DATA, ROWS, 4.0) == pytest.approx(len(DATA) / 4, rel=0.1)


def test_symbols_that_end_alike_count_as_one() -> None:
    alike = msgspec.structs.replace(DATA, won=np.repeat(DATA.won[::5], 5, axis=0))
    assert independent_outcomes(alike, ROWS, 1.0) == pytest.approx(len(DATA) / 5, rel=0.1)


def test_nothing_counts_as_nothing_and_no_variance_as_chance() -> None:
    assert independent_outcomes(DATA, ROWS[:0], 1.0) == 0.0
    always = msgspec.structs.replace(DATA, won=np.ones_like(DATA.won))
    assert independent_outcomes(always, ROWS, 1.0) == len(DATA)
