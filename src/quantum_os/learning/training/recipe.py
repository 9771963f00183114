"""Everything that decides what comes out of a dataset, besides the code."""

from collections.abc import Callable

import msgspec

from quantum_os.events.governance import DecisionPolicy
from quantum_os.kernel.ids import fingerprint
from quantum_os.learning.training.models.forest_fit import ForestFitter
from quantum_os.learning.training.models.lesson import Fitter
from quantum_os.learning.training.models.logistic_fit import LogisticFitter
from quantum_os.learning.training.models.sequence_fit import SequenceFitter

FAMILIES: tuple[Fitter, ...] = (ForestFitter(), LogisticFitter(), SequenceFitter())

Progress = Callable[[float, str], None]
"""Hears the share that is done, and what was."""


class Recipe(msgspec.Struct, frozen=True):
    """How a dataset becomes an ensemble, and whether the pipeline itself is tried on the way.

    `leakage` runs the leak tests, `paths` the combinatorial ones; neither changes a model. `tried`
    are tries made by hand before this training, which no ledger holds: they are counted on top.
    """

    policy: DecisionPolicy
    seed: int
    code_hash: str
    folds: int = 6
    families: tuple[Fitter, ...] = FAMILIES
    synthetic: bool = False
    leakage: bool = True
    paths: bool = True
    tried: int = 0

    @property
    def config_hash(self) -> str:
        """What makes two trainings the same trial, apart from their data."""
        families = [(str(f.family), dict(f.parameters)) for f in self.families]
        told = (msgspec.to_builtins(self.policy), self.seed, self.folds, families)
        return fingerprint(msgspec.json.encode(told, order="sorted"))


def part_of(progress: Progress, begin: float, end: float) -> Progress:
    """Hears a part of the work as its share of the whole."""
    return lambda share, what: progress(begin + (end - begin) * share, what)
