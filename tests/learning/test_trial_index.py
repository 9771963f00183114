"""Each trial of the ledger becomes one row, under the experiment that it was a try at."""

from pathlib import Path

from quantum_os.kernel.iso_time import from_iso
from quantum_os.learning.trial_index import TrialIndex
from quantum_os.learning.trials import record_trial
from quantum_os.storage.database.address import Address
from quantum_os.storage.database.engines import open_async
from quantum_os.storage.store import Store
from tests.learning.test_trials import TRIAL, trial
from tests.storage.conftest import (
    dialect,
    postgres_template,
    ready,
    sqlite_template,
)
from tests.storage.reading import rows

__all__ = ["dialect", "postgres_template", "ready", "sqlite_template"]


class Index(TrialIndex):
    """One that need not wait for its second."""

    async def turn(self) -> int:
        self._due_at = 0
        return await super().turn()


async def test_a_trial_is_one_row_however_often_it_was_run(ready: Address, tmp_path: Path) -> None:
    ledger = tmp_path / "trials.jsonl"
    store = Store(open_async(ready))
    index = Index(store, ledger)
    assert await index.turn() == 0, "there is no ledger yet"
    record_trial(ledger, TRIAL)
    record_trial(ledger, trial(run_id="again", finished="2025-07-05T00:00:00Z"))
    assert [await index.turn(), await index.turn()] == [1, 0]
    record_trial(ledger, trial(config_hash="c1", sharpe=None))
    record_trial(ledger, trial(profile="train", data_hash="d1"))
    assert await index.turn() == 2
    assert await Index(store, ledger).turn() == 3, "a next process says the same again"
    await store.close()
    found = {row["config"]["hash"] + row["experiment_id"]: row for row in rows(ready, "trials")}
    assert len(found) == 3
    first = next(row for row in found.values() if row["figures"]["run_id"] == TRIAL.run_id)
    assert (first["sharpe"], first["trades"], first["seed"]) == (0.4, 12, 0)
    assert first["figures"]["net_usd"] == -3.5
    assert first["at"] == from_iso(TRIAL.finished), "as it was first recorded"
    assert [row["sharpe"] for row in found.values() if row["config"]["hash"] == "c1"] == [None]


async def test_an_experiment_is_one_question_put_to_one_tape(
    ready: Address, tmp_path: Path
) -> None:
    ledger = tmp_path / "trials.jsonl"
    for changes in ({}, {"config_hash": "c1"}, {"data_hash": "d1"}):
        record_trial(ledger, trial(**changes))
    record_trial(ledger, trial(profile="train", config_hash="c2"))
    store = Store(open_async(ready))
    await Index(store, ledger).turn()
    await store.close()
    experiments = {row["experiment_id"]: row for row in rows(ready, "experiments")}
    assert sorted((row["kind"], row["data_hash"]) for row in experiments.values()) == [
        ("backtest", "d0"),
        ("backtest", "d1"),
        ("training", "d0"),
    ]
    tries = [row["experiment_id"] for row in rows(ready, "trials")]
    assert sorted(map(tries.count, experiments)) == [1, 1, 2]
