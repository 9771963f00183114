"""How the forest is grown: LightGBM, small and slow, for the signal is weak and labels overlap."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.forest import FILES
from quantum_os.ai.models.manifest import Family, Value
from quantum_os.learning.training.models.lesson import Fitter, Lesson
from quantum_os.learning.training.models.scaling_fit import row_parts

_FIXED: dict[str, Value] = {
    "objective": "binary",
    "verbosity": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
}
"""One thread and a fixed layout: sums are then made in one order, and the trees are the same."""

LEAF_SHARE = 0.01
"""Share of all rows that a leaf holds at least: some dozen of independent labels."""
LEAF_ROWS_MIN = 20
BIN_ROWS = 50_000
"""Rows from which the bins' borders are read."""


class ForestFitter(Fitter, frozen=True):
    """Grows one forest per side. The parameters are set beforehand and never searched for."""

    family: ClassVar[Family] = Family.FOREST
    trees: int = 60
    leaves: int = 15
    learning_rate: float = 0.06
    feature_share: float = 0.5
    row_share: float = 0.5
    l2: float = 20.0
    bins: int = 63

    def fit(self, lesson: Lesson) -> dict[str, bytes]:
        lesson = lesson.of_depth(self.depth)
        return {file: self._grown(lesson, side) for side, file in enumerate(FILES)}

    def _grown(self, lesson: Lesson, side: int) -> bytes:
        import lightgbm

        data, rows = lesson.data, lesson.rows
        settings = _FIXED | {
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "feature_fraction": self.feature_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "lambda_l2": self.l2,
            "max_bin": self.bins,
            "bin_construct_sample_cnt": BIN_ROWS,
            "min_data_in_leaf": max(LEAF_ROWS_MIN, int(LEAF_SHARE * len(rows))),
            "seed": lesson.seed % 2**31 + side,
        }
        table = lightgbm.Dataset(
            _singles(data.x, rows),
            label=data.won[rows, side].astype(np.float32),
            weight=data.weight[rows, side],
            feature_name=list(data.names),
            params=settings,
            free_raw_data=True,
        )
        booster = lightgbm.train(settings, table, num_boost_round=self.trees)
        text: str = booster.model_to_string()
        return text.encode()


def _singles(x: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """[rows, F] in single precision, which is finer than any bin and half as large."""
    singles = np.empty((len(rows), x.shape[1]), np.float32)
    for part in row_parts(len(rows), x):
        singles[part] = x[rows[part]]
    return singles
