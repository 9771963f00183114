"""Among rows like the known ones a veto falls on its level, whatever the scores look like."""

import numpy as np
import pytest

from quantum_os.formulas.conformal import conformal_limit, conformal_p
from quantum_os.kernel.chance import generator


def test_by_hand() -> None:
    known = np.array([1.0, 2.0, 3.0, 4.0])
    assert conformal_p(np.array([0.5, 2.0, 4.0, 9.0]), known) == pytest.approx([1, 0.8, 0.4, 0.2])
    assert conformal_limit(known, 0.2) == 4.0
    assert conformal_limit(known, 0.4) == 3.0
    assert conformal_limit(known, 0.1) == np.inf
    assert np.isnan(conformal_p(np.array([np.nan]), known)[0])


@pytest.mark.parametrize("level", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("power", [1, 3])
def test_the_level_is_kept_on_fresh_rows(level: float, power: int) -> None:
    scores = generator(4, "conformal", str(power)).exponential(1.0, 40_000) ** power
    known, fresh = np.sort(scores[:20_000]), scores[20_000:]
    share = float(np.mean(conformal_p(fresh, known) <= level))
    assert share == pytest.approx(level, rel=0.15)
    assert share == np.mean(fresh > conformal_limit(known, level))


def test_a_level_is_a_share() -> None:
    with pytest.raises(ValueError, match="level"):
        conformal_limit(np.array([1.0]), 1.0)
