"""The best of many worthless trials is as often poor as not; a true one stays the best."""

import numpy as np
import pytest

from quantum_os.formulas.overfitting import overfitting
from quantum_os.kernel.chance import generator


def noise(trials: int, periods: int = 400) -> np.ndarray:
    return generator(8, "overfitting").standard_normal((periods, trials))


def test_worthless_trials_overfit_half_the_time() -> None:
    many = [
        overfitting(generator(seed, "many").standard_normal((200, 12)), 8) for seed in range(40)
    ]
    shares = [each.pbo for each in many if each is not None]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.1)


def test_a_true_trial_is_chosen_and_holds() -> None:
    returns = noise(6)
    returns[:, 2] += 0.5
    found = overfitting(returns)
    assert found is not None
    assert found.pbo < 0.02
    assert found.splits == 252 == sum(found.chosen)
    assert found.chosen[2] > 245


def test_what_worked_in_one_half_only_is_overfitted() -> None:
    """Each trial earns in one block and loses as much in all the others."""
    periods, trials = 400, 10
    returns = 0.1 * noise(trials, periods)
    for trial in range(trials):
        returns[:, trial] -= 0.2
        returns[40 * trial : 40 * (trial + 1), trial] += 4.0
    found = overfitting(returns)
    assert found is not None
    assert found.pbo > 0.95
    assert found.poor == pytest.approx(found.chosen, abs=12)


def test_too_little_has_no_answer() -> None:
    assert overfitting(noise(1)) is None
    assert overfitting(noise(3, periods=15)) is None
    with pytest.raises(ValueError, match="halves"):
        overfitting(noise(3), 7)
