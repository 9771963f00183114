"""A map is fitted from what came: it undoes exaggeration and never turns an answer round."""

import numpy as np
import pytest

from quantum_os.formulas.calibration import (
    Isotonic,
    Platt,
    calibrated,
    log_odds_of,
    probabilities,
)
from quantum_os.kernel.chance import generator
from quantum_os.learning.training.models.calibrate import (
    Evidence,
    calibrator_of,
    isotonic_of,
    platt_of,
)


def told(n: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """True probabilities around .45 and what came of them."""
    chance = generator(seed, "calibrate")
    truth = probabilities(chance.normal(-0.2, 0.6, n))
    return truth, chance.random(n) < truth


def all_of(said: np.ndarray, won: np.ndarray) -> Evidence:
    """Outcomes each of which stands for itself."""
    return Evidence(said, won, float(len(said)))


def test_an_exaggeration_is_undone() -> None:
    truth, won = told(40_000)
    said = probabilities(log_odds_of(truth) * 3.0 + 0.5)
    for by in (platt_of(all_of(said, won)), isotonic_of(said, won)):
        assert np.abs(calibrated(said, by) - truth).mean() < 0.02
    assert platt_of(all_of(said, won)).slope == pytest.approx(1 / 3, abs=0.02)
    assert platt_of(all_of(said, won)).wins == won.sum()


def test_what_says_nothing_ends_at_the_base_rate_and_is_never_turned_round() -> None:
    truth, won = told(40_000)
    by = platt_of(all_of(1.0 - truth, won))
    assert by.slope == 0.0
    assert calibrated(truth, by) == pytest.approx(won.mean(), abs=0.01)
    assert np.ptp(calibrated(truth, isotonic_of(1.0 - truth, won))) < 0.02


def test_before_any_outcome_half_of_what_is_said_is_believed() -> None:
    truth, won = told(500)
    assert isinstance(calibrator_of(all_of(truth, won)), Platt)
    nothing = platt_of(Evidence(truth, won, 0.0))
    assert (nothing.slope, nothing.offset) == (0.5, 0.0)
    assert platt_of(all_of(truth[:0], won[:0]), slope=1.0).slope == 1.0


def test_outcomes_that_say_the_same_again_move_little() -> None:
    """A month in which one side won, told by twenty symbols each hour, is one month."""
    said = np.full(14_400, 0.5)
    won = np.arange(14_400) % 10 < 7
    plain = platt_of(all_of(said, won)).offset
    overlapping = platt_of(Evidence(said, won, 30.0)).offset
    assert plain == pytest.approx(np.log(0.7 / 0.3), abs=0.02)
    assert 0.0 < overlapping < plain / 3


def test_the_isotonic_map_is_taken_where_it_is_better() -> None:
    truth, won = told(40_000)
    bent = np.where(truth > 0.5, 0.9, 0.1) + 0.05 * truth
    by = calibrator_of(all_of(bent, won))
    assert isinstance(by, Isotonic)
    assert sum(by.counts) == len(won)
    assert isinstance(calibrator_of(all_of(truth, won)), Platt)


def test_no_group_says_never() -> None:
    said = np.linspace(0.3, 0.6, 5_000)
    by = isotonic_of(said, said > 0.45)
    assert 0.0 < min(by.came) < max(by.came) < 1.0
