"""The figures of models are of the run's own outcomes, and the first line says what is shown."""

import math

import pytest

from quantum_os.events.ai import ENSEMBLE, SignalResolved
from quantum_os.events.units import NS_PER_DAY, Ns, PositionSide
from quantum_os.learning.model_scores import ModelRecord, ModelScores, verdict
from quantum_os.learning.trials import Trial, TrialLedger

OWN = Trial("r", "", "c", "c", "d", "h", "default", 0, "", "", 1, 3, 1.0, 1.0)


def resolved(day: int, p: float, *, won: bool, voter: str = ENSEMBLE) -> SignalResolved:
    at, r = Ns(day * NS_PER_DAY), 1.0 if won else -1.0
    return SignalResolved(voter, "A", PositionSide.LONG, at, at, won, r, "target", p=p)


def scored(*met: SignalResolved) -> ModelScores:
    record = ModelRecord()
    for each in met:
        record.hear(each)
    return record.scores(OWN, (0.01, -0.01, 0.02, 0.0), TrialLedger((), ()))


def test_log_loss_stands_beside_the_base_rate_of_the_same_outcomes() -> None:
    said = scored(resolved(1, 0.8, won=True), resolved(2, 0.4, won=False))
    assert said.log_loss == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)
    assert said.base_log_loss == pytest.approx(math.log(2))
    assert said.brier == pytest.approx((0.04 + 0.16) / 2)
    assert said.outcomes == 2
    assert said.gain_ci is None, "two days have no interval"


def test_members_and_rules_are_not_the_ensemble() -> None:
    said = scored(resolved(1, 0.8, won=True), resolved(1, 0.1, won=True, voter="forest"))
    assert said.outcomes == 1


def test_a_run_without_outcomes_claims_nothing() -> None:
    said = scored()
    assert (said.log_loss, said.ece, said.expectancy_r, said.pbo) == (None,) * 4
    assert said.verdict.startswith("No edge is shown")
    assert said.trials == 1


def test_knowing_days_have_an_interval_above_zero() -> None:
    met = [resolved(day, 0.9 if day % 2 else 0.1, won=bool(day % 2)) for day in range(60)]
    interval = scored(*met).gain_ci
    assert interval is not None
    assert interval[0] > 0


@pytest.mark.parametrize(
    ("interval", "shown"), [((0.01, 0.1), True), ((0.0, 0.1), False), (None, False)]
)
def test_only_a_lower_bound_above_zero_shows_an_edge(
    interval: tuple[float, float] | None, shown: bool
) -> None:
    assert verdict(100, 0.05, interval).startswith("An edge is shown") is shown
