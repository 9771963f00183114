"""How the models of a walk compare: each scored alone and together, and all of them as trials."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.governance import DecisionPolicy
from quantum_os.formulas.deflated_sharpe import deflated_sharpe
from quantum_os.formulas.overfitting import Overfitting, overfitting
from quantum_os.learning.training.comparisons import Comparisons, comparisons_of
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.day_draws import day_draws
from quantum_os.learning.training.equity import Equity, equity_of
from quantum_os.learning.training.folds import Fold
from quantum_os.learning.training.groups import Groups, groups_of
from quantum_os.learning.training.report import ModelReport
from quantum_os.learning.training.scores import (
    Probabilities,
    Trades,
    probabilities_of,
    trades_of,
)
from quantum_os.learning.training.trading_rule import edges, taken, worth_of
from quantum_os.learning.training.training_trials import trial_config
from quantum_os.learning.training.walk import ASKED_FIRST, Voices
from quantum_os.learning.trials import TrialLedger

Floats = NDArray[np.float64]

DAYS_A_YEAR = 365


class Evaluation(msgspec.Struct, frozen=True):
    """Every model's report, the chance that choosing among them overfits, and the trial count."""

    models: tuple[ModelReport, ...]
    pbo: float | None
    trials: int


class Judged(msgspec.Struct, frozen=True):
    """One model's scores, and a hash of all that it would have traded."""

    probabilities: Probabilities
    trades: Trades
    comparisons: Comparisons
    groups: Groups
    equity: Equity | None
    decision_hash: str


def evaluated(
    data: Dataset,
    folds: Sequence[Fold],
    heard: Voices,
    heeded: Mapping[str, Mapping[str, float]],
    *,
    policy: DecisionPolicy,
    seed: int,
    config_hash: str,
    ledger: TrialLedger,
    tried: int = 0,
) -> Evaluation:
    """Scores all that was said from fold `ASKED_FIRST` on; `heeded` are features by model.

    `tried` counts tries that no ledger holds.
    """
    found = {
        name: judged(data, folds[ASKED_FIRST:], said, policy, seed)
        for name, said in heard.said.items()
    }
    daily = np.array([each.trades.daily for each in found.values()]).T
    chosen = overfitting(daily)
    own = {trial_config(config_hash, name): each for name, each in found.items()}
    counted, sharpes = _trials(ledger, data.data_hash, own)
    trials = counted + tried
    models = tuple(
        _report(name, each, heeded.get(name, {}), _poor(chosen, place), (trials, sharpes))
        for place, (name, each) in enumerate(found.items())
    )
    return Evaluation(models, None if chosen is None else chosen.pbo, trials)


def judged(
    data: Dataset, folds: Sequence[Fold], said: Floats, policy: DecisionPolicy, seed: int
) -> Judged:
    """Scores what one model said [all rows, 2] of the rows that these folds asked about."""
    rows = np.concatenate([fold.test for fold in folds])
    edge = [
        edges(said[f.test], data.cost_r[f.test], worth_of(data, f.train, policy), policy)
        for f in folds
    ]
    took = taken(data, rows, np.concatenate(edge))
    scored = probabilities_of(data, rows, said, seed)
    assert scored is not None
    content = sha256(took.rows.tobytes() + took.sides.tobytes()).hexdigest()
    days = day_draws(data, rows, seed)
    return Judged(
        probabilities=scored,
        trades=trades_of(data, rows, took, seed),
        comparisons=comparisons_of(data, rows, took, days),
        groups=groups_of(data, rows, said, took, days),
        equity=equity_of(data, rows, took, seed),
        decision_hash=content,
    )


def _trials(
    ledger: TrialLedger, data_hash: str, own: Mapping[str, Judged]
) -> tuple[int, tuple[float, ...]]:
    """Counts every distinct trial of the ledger, and those of this run that it does not hold."""
    known = {trial.identity: trial.sharpe for trial in ledger.distinct}
    for config, each in own.items():
        known.setdefault((config, data_hash, each.decision_hash), each.trades.sharpe)
    sharpes = tuple(each / sqrt(DAYS_A_YEAR) for each in known.values() if each is not None)
    return len(known), sharpes


def _poor(chosen: Overfitting | None, place: int) -> float | None:
    """How often a model that was the best turned out poor; None where it never was the best."""
    if chosen is None or not chosen.chosen[place]:
        return None
    return chosen.poor[place] / chosen.chosen[place]


def _report(
    name: str,
    each: Judged,
    heeded: Mapping[str, float],
    pbo: float | None,
    luck: tuple[int, Sequence[float]],
) -> ModelReport:
    trials, sharpes = luck
    said, made = each.probabilities, each.trades
    return ModelReport(
        name=name,
        rows=said.rows,
        coverage=said.coverage,
        log_loss=said.log_loss,
        base_log_loss=said.base_log_loss,
        gain=said.gain,
        gain_ci=said.gain_interval,
        ece=said.ece,
        brier=said.brier,
        base_brier=said.base_brier,
        auc_long=said.auc[0],
        auc_short=said.auc[1],
        trades=made.trades,
        expectancy_r=made.expectancy_r,
        expectancy_ci=made.expectancy_interval,
        expectancy_long_r=made.expectancy_long_r,
        expectancy_short_r=made.expectancy_short_r,
        long_share=made.long_share,
        sharpe=made.sharpe,
        dsr=deflated_sharpe(made.daily, trials, sharpes) if made.trades else None,
        pbo=pbo,
        trials=trials,
        gate_passes=said.gate.passes,
        gate_reasons=said.gate.reasons,
        curve=said.curve,
        comparisons=each.comparisons,
        groups=each.groups,
        equity=each.equity,
        importances=heeded,
        decision_hash=each.decision_hash,
    )
