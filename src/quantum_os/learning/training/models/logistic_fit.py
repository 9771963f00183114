"""How the logistic regression is fitted: a ridge whose strength follows from what is plausible."""

from typing import ClassVar

import msgspec
import numpy as np

from quantum_os.ai.models.exact_products import weight_grid
from quantum_os.ai.models.logistic import FILE, LogisticWeights
from quantum_os.ai.models.manifest import Family
from quantum_os.learning.training.models.lesson import Fitter, Lesson
from quantum_os.learning.training.models.scaling_fit import scaling_of


class LogisticFitter(Fitter, frozen=True):
    """Fits both sides. `plausible_weight` is the deviation a weight has before any row is seen: how
    far one deviation of a feature moves the log-odds. Rows count once per label life, for those
    that overlap say the same.
    """

    family: ClassVar[Family] = Family.LOGISTIC
    plausible_weight: float = 0.05
    iterations: int = 200

    def fit(self, lesson: Lesson) -> dict[str, bytes]:
        from sklearn.linear_model import LogisticRegression

        lesson = lesson.of_depth(self.depth)
        data, rows = lesson.data, lesson.rows
        scaling = scaling_of(data.x[rows])
        x = scaling.applied(data.x[rows])
        weights, offsets = [], []
        for side in range(2):
            model = LogisticRegression(
                C=self.plausible_weight**2 / lesson.label_bars, max_iter=self.iterations
            )
            model.fit(x, data.won[rows, side], sample_weight=data.weight[rows, side])
            weights.append(tuple(weight_grid(np.asarray(model.coef_[0], np.float64)).tolist()))
            offsets.append(float(model.intercept_[0]))
        written = LogisticWeights(scaling, (weights[0], weights[1]), (offsets[0], offsets[1]))
        return {FILE: msgspec.json.encode(written)}
