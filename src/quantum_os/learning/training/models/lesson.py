"""What a model is fitted on, and what a fitter of any family gives back: files that serve."""

from collections.abc import Mapping
from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.manifest import Family, Value
from quantum_os.ai.models.windows import MISSING, gathered, lagged_places
from quantum_os.learning.training.dataset import Dataset

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

ROWS_MIN = 200
"""Fewer rows teach nothing: a model of so few is refused."""


class NothingToLearn(ValueError):
    """Rows from which no model can be fitted; the message says why."""


class Lesson(msgspec.Struct, frozen=True):
    """The rows of a dataset that may be learnt from, and the seed of what is drawn.

    `places` [all rows, depth] say where the bars before each row stand; see `ai/models/windows.py`.
    """

    data: Dataset
    rows: Rows
    places: Rows
    seed: int

    def of_depth(self, depth: int) -> "Lesson":
        """The same rows without those whose last `depth` bars are not all known.

        Raises NothingToLearn where too few are left, or a side always ends the same way.
        """
        places = self.places[:, self.places.shape[1] - depth :]
        rows = self.rows[(places[self.rows] != MISSING).all(axis=1)]
        if len(rows) < ROWS_MIN:
            raise NothingToLearn(f"{len(rows)} rows with {depth} bars behind them: too few")
        won = self.data.won[rows]
        if (won.all(axis=0) | ~won.any(axis=0)).any():
            raise NothingToLearn("every row of one side ended the same way")
        return Lesson(self.data, rows, places, self.seed)

    @property
    def label_bars(self) -> float:
        """How many bars a label lives on average: so many rows overlap and say the same."""
        lived = self.data.ends[self.rows] - self.data.bar_close[self.rows, None]
        return max(1.0, float(lived.mean()) / step_of(self.data))


class Fitter(msgspec.Struct, frozen=True):
    """One family with its parameters, which are its fields. The same lesson gives the same bytes.

    `depth` is how many bars a row of inputs holds.
    """

    family: ClassVar[Family]

    @property
    def depth(self) -> int:
        return 1

    @property
    def parameters(self) -> Mapping[str, Value]:
        known: dict[str, Value] = msgspec.structs.asdict(self)
        return known

    def fit(self, lesson: Lesson) -> dict[str, bytes]:
        """Fits both sides and gives the artefact's files; raises NothingToLearn."""
        raise NotImplementedError


def step_of(data: Dataset) -> int:
    """The time between two bars in ns: the shortest between two rows of one symbol."""
    steps = [
        int(np.diff(closes).min())
        for closes in (data.bar_close[data.symbol == each] for each in np.unique(data.symbol))
        if len(closes) > 1
    ]
    if not steps:
        raise NothingToLearn("no symbol has two bars")
    return min(steps)


def places_of(data: Dataset, depth: int) -> Rows:
    """[rows, depth]: where the last `depth` bars of each row stand, the oldest first."""
    return lagged_places(data.bar_close, data.symbol, depth, step_of(data))


def inputs_at(data: Dataset, places: Rows) -> Floats:
    """[rows, depth * F]: what a model of this depth is shown; NaN where a bar is missing."""
    return gathered(data.x, places)
