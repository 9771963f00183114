"""The number of trials is counted, told, and used."""

import pytest

from quantum_os.learning.report.figure import Figure
from quantum_os.learning.report.luck import detection, luck_figures
from quantum_os.learning.report.trial_count import trial_count
from quantum_os.learning.trials import TrialLedger
from tests.learning.report.book import count, evidence, facts
from tests.learning.test_trials import trial

RETURNS = [0.01, -0.004, 0.006, -0.008, 0.012] * 12


def figures_of(*sharpes: float, trials: int) -> dict[str, Figure]:
    return {f.key: f for f in luck_figures(RETURNS, count(trials, *sharpes))}


def test_a_single_trial_has_no_luck_to_take_off() -> None:
    found = figures_of(trials=1)
    assert found["deflated_sharpe"].value == found["psr"].value
    assert found["lucky_sharpe"].value == 0.0


def test_more_trials_deflate_more() -> None:
    few, many = (figures_of(0.1, -0.1, 0.05, trials=trials) for trials in (3, 300))
    assert many["deflated_sharpe"].value < few["deflated_sharpe"].value  # type: ignore[operator]
    assert many["lucky_sharpe"].value > few["lucky_sharpe"].value  # type: ignore[operator]


def test_trials_without_a_ratio_leave_it_unknown() -> None:
    found = figures_of(0.1, trials=5)
    assert found["trials"].value == 5
    assert found["deflated_sharpe"].value is None
    assert "fewer than two trials" in found["deflated_sharpe"].reason


def test_the_trades_it_takes_are_said() -> None:
    general, here = detection(1.07)
    assert "+0.05 R about 1,700" in general
    assert "+0.1 R about 420" in general
    assert "1.07 R" in here
    assert detection(None) == detection(0.0) == (general,)


def test_a_run_that_is_listed_is_not_counted_twice() -> None:
    run = facts(evidence([]))
    own = trial(config_hash=run.config_hash, data_hash=None, decision_hash=None)
    ledger = TrialLedger((trial(), own, own, trial(config_hash="c9", sharpe=None)), ())
    found = trial_count(run, ledger, "here", 1.9)
    assert (found.trials, found.listed) == (3, True)
    assert found.daily_sharpes == pytest.approx([0.4 / 365**0.5, 0.4 / 365**0.5])


def test_a_run_made_elsewhere_is_counted_on_top() -> None:
    found = trial_count(facts(evidence([])), TrialLedger((trial(),), ("line 9",)), "here", 1.9)
    assert (found.trials, found.listed, found.damaged) == (2, False, ("line 9",))
    assert found.daily_sharpes == pytest.approx([0.4 / 365**0.5, 1.9 / 365**0.5])
    without = trial_count(facts(evidence([])), TrialLedger((), ()), "here", None)
    assert (without.trials, without.daily_sharpes) == (1, ())
