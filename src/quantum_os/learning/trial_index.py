"""EDGE. Which trials there were, as rows: each line of the ledger is written down once.

An experiment is one question put to one tape: its trials are the tries that were made at it.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.ids import fingerprint
from quantum_os.kernel.iso_time import from_iso
from quantum_os.learning.trials import Trial, read_trials
from quantum_os.storage.database.desk_tables import EXPERIMENTS, TRIALS
from quantum_os.storage.projections.change import Row
from quantum_os.storage.store import Store

EVERY_NS = 1_000_000_000
"""How often the ledger is looked at."""

OF_TRAINING = "train"
"""The profile under which trainings stand in the ledger; all others are backtests."""

Seen = tuple[int, int]
"""Bytes of a ledger and when it was last written, ns: as long as both stand it says nothing new."""


class TrialIndex:
    """Follows a ledger of trials into the store. A trial is one row, however often it was run."""

    def __init__(self, store: Store, ledger: Path) -> None:
        self._store = store
        self._ledger = ledger
        self._seen: Seen | None = None
        self._known = 0
        self._due_at = 0

    async def turn(self) -> int:
        """Writes down what is new, if it is time; gives how many. Raises what the database does."""
        if monotonic_ns() < self._due_at:
            return 0
        self._due_at = monotonic_ns() + EVERY_NS
        seen = _seen(self._ledger)
        if seen is None or seen == self._seen:
            return 0
        trials = await asyncio.to_thread(lambda: read_trials(self._ledger).distinct)
        new = trials[self._known :]
        if new:
            rows = {EXPERIMENTS: list(_experiments(new)), TRIALS: [trial_row(each) for each in new]}
            await self._store.note(rows)
        self._seen, self._known = seen, len(trials)
        return len(new)


def trial_row(trial: Trial) -> Row:
    """Gives the row of a trial. Its net result is in USD (`figures`), so `net_r` is not known."""
    return {
        "trial_id": fingerprint(" ".join(trial.identity).encode()),
        "experiment_id": _experiment_id(trial),
        "config": {"hash": trial.config_hash, "profile": trial.profile, "symbols": trial.symbols},
        "seed": trial.seed,
        "sharpe": trial.sharpe,
        "net_r": None,
        "trades": trial.trades,
        "figures": {
            "run_id": trial.run_id,
            "code": trial.code,
            "decision_hash": trial.decision_hash,
            "net_usd": trial.net_pnl,
        },
        "at": from_iso(trial.finished),
    }


def _experiments(trials: tuple[Trial, ...]) -> Iterator[Row]:
    """Gives each experiment as its first trial began it; nobody has ended one yet."""
    first: dict[str, Trial] = {}
    for trial in trials:
        first.setdefault(_experiment_id(trial), trial)
    for experiment_id, trial in first.items():
        yield {
            "experiment_id": experiment_id,
            "kind": "training" if trial.profile == OF_TRAINING else "backtest",
            "question": f"{trial.profile}, {trial.start} to {trial.end}",
            "code": trial.code,
            "data_hash": trial.data_hash,
            "started_at": from_iso(trial.finished),
            "ended_at": None,
            "verdict": None,
        }


def _experiment_id(trial: Trial) -> str:
    return fingerprint(f"{trial.profile} {trial.data_hash}".encode())


def _seen(ledger: Path) -> Seen | None:
    try:
        found = ledger.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
