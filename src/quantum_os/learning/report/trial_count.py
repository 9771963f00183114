"""Decides how many trials this run is one of, and how far apart their results lay."""

from math import sqrt

import msgspec

from quantum_os.learning.report.facts import Facts
from quantum_os.learning.trials import Trial, TrialLedger

_DAYS_A_YEAR = 365


class TrialCount(msgspec.Struct, frozen=True):
    """The distinct trials of a project folder, this run among them.

    `daily_sharpes` are those of the trials that have one. `listed` says whether the ledger holds
    this run; one that it does not hold was made elsewhere and is counted on top. `damaged` names
    the lines that could not be read: they are not counted.
    """

    ledger: str
    trials: int
    listed: bool
    daily_sharpes: tuple[float, ...]
    damaged: tuple[str, ...]


def trial_count(facts: Facts, ledger: TrialLedger, where: str, sharpe: float | None) -> TrialCount:
    """Counts the trials; `sharpe` is this run's own, yearly, should the ledger lack it."""
    distinct = ledger.distinct
    listed = any(_is_this(trial, facts) for trial in distinct)
    sharpes = [trial.sharpe for trial in distinct] + ([] if listed else [sharpe])
    return TrialCount(
        ledger=where,
        trials=len(sharpes),
        listed=listed,
        daily_sharpes=tuple(each / sqrt(_DAYS_A_YEAR) for each in sharpes if each is not None),
        damaged=ledger.damaged,
    )


def _is_this(trial: Trial, facts: Facts) -> bool:
    this = (facts.config_hash, facts.data_hash, facts.decision_hash)
    return trial.identity == this
