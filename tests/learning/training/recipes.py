"""A training small enough for a test, and what it is decided by."""

from pathlib import Path

from quantum_os.events.units import Mode
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.models.forest_fit import ForestFitter
from quantum_os.learning.training.models.logistic_fit import LogisticFitter
from quantum_os.learning.training.models.sequence_fit import SequenceFitter
from quantum_os.learning.training.recipe import Recipe
from quantum_os.learning.training.report import TrainingReport
from quantum_os.learning.training.training import train
from quantum_os.learning.trials import TrialLedger
from quantum_os.settings import load_settings, policy_of

POLICY = policy_of(load_settings(None, {}).fund, Mode.BACKTEST).decision
NO_TRIALS = TrialLedger((), ())
SMALL = Recipe(
    policy=POLICY,
    seed=3,
    code_hash="c" * 12,
    folds=3,
    leakage=False,
    paths=False,
    families=(
        ForestFitter(trees=15),
        LogisticFitter(plausible_weight=0.3),
        SequenceFitter(passes=6, learning_rate=5e-3),
    ),
)


def trained(data: Dataset, folder: Path, recipe: Recipe = SMALL) -> TrainingReport:
    folder.mkdir(exist_ok=True)
    return train(data, recipe, folder, NO_TRIALS, lambda share, what: None)
