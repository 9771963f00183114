"""What a recorded run came to beside its rules alone: the same market, played once more."""

import shutil
from collections.abc import Callable
from pathlib import Path

from quantum_os.cli.backtesting import run_backtest
from quantum_os.learning.baselines import Baselines, baselines_of, vs_rules
from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.gathering import STREAMS, gather
from quantum_os.learning.report.sample import sample_of
from quantum_os.learning.rules_beside import keep_rules
from quantum_os.lineup import Plan, Recording
from quantum_os.storage.recorded import open_recorded
from quantum_os.storage.run_book import abandon, begin, finish
from quantum_os.storage.run_folder import RunRecorder


def beside_rules(
    rules: Plan, market: Recording, run: Path, code: str, progress: Callable[[int], None]
) -> Baselines:
    """Plays `rules`, holds the run in folder `run` against it, and keeps the outcome there.

    The recording of the rules is not kept. Raises MoneyPathFault, RunFolderError and OSError.
    """
    played = run.with_name(run.name + ".rules")
    recording = begin(played)
    try:
        journal = RunRecorder(recording)
        try:
            run_backtest(rules, market, journal, code, progress)
        finally:
            journal.close()
        finish(recording, played, {})
        alone, own = _read(played), _read(run)
    finally:
        abandon(recording)
        shutil.rmtree(played, ignore_errors=True)
    seed = rules.settings.run.seed
    sample = sample_of(own, seed)
    found = vs_rules(sample, alone, sample_of(alone, seed), seed)
    keep_rules(run, found)
    return baselines_of(own, rules.symbols, sample, seed, found)


def _read(folder: Path) -> Evidence:
    with open_recorded(folder) as recorded:
        return gather(recorded.events(*STREAMS))
