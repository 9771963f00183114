"""What knows something gains on the base rate, and what knows nothing does not."""

import numpy as np
import pytest

from quantum_os.formulas.log_loss_gain import log_loss_gain, mean_interval, surprises
from quantum_os.formulas.reliability import log_loss
from quantum_os.kernel.chance import Generator, generator


def chance() -> Generator:
    return generator(1, "gain")


def told(days: int = 80, per_day: int = 50) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    drawn = generator(2, "told")
    truth = np.clip(drawn.normal(0.45, 0.12, (days * per_day, 2)), 0.02, 0.98)
    return truth, drawn.random(truth.shape) < truth, np.repeat(np.arange(days), per_day)


def test_it_agrees_with_the_plain_log_loss() -> None:
    truth, won, day = told()
    gain = log_loss_gain(truth, won, day, chance())
    sides = [log_loss(truth[:, s].tolist(), won[:, s].tolist()) or 0.0 for s in (0, 1)]
    assert gain.log_loss == pytest.approx(sum(sides) / 2)
    assert gain.gain == pytest.approx(gain.base - gain.log_loss)


def test_knowledge_is_seen_and_ignorance_too() -> None:
    truth, won, day = told()
    knows = log_loss_gain(truth, won, day, chance())
    guesses = log_loss_gain(np.roll(truth, 37, axis=0), won, day, chance())
    assert knows.interval is not None
    assert guesses.interval is not None
    assert knows.interval[0] > 0 > guesses.interval[0]
    assert knows.interval[0] < knows.gain < knows.interval[1]


def test_few_days_have_no_interval_and_nothing_is_refused() -> None:
    truth, won, day = told(days=10)
    assert log_loss_gain(truth, won, day, chance()).interval is None
    with pytest.raises(ValueError, match="nothing"):
        log_loss_gain(truth[:0], won[:0], day[:0], chance())


def test_being_sure_and_wrong_is_finite() -> None:
    assert np.isfinite(surprises(np.array([0.0, 1.0]), np.array([True, False]))).all()


def test_a_mean_of_empty_days_is_unknown() -> None:
    assert mean_interval(np.zeros(40), np.zeros(40, np.int64), chance()) is None
