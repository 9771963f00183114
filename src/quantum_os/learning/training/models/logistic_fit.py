"""How the logistic regression is fitted: a ridge whose strength follows from what is plausible."""

from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.exact_products import weight_grid
from quantum_os.ai.models.logistic import FILE, LogisticWeights
from quantum_os.ai.models.manifest import Family
from quantum_os.learning.training.models.lesson import Fitter, Lesson, NothingToLearn
from quantum_os.learning.training.models.scaling_fit import row_parts, scaled_rows, scaling_of

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

STEP_MIN = 1e-9
"""A step that moves no weight further ends the fit: the grid of weights is coarser by far."""
ODDS_MAX = 30.0


class LogisticFitter(Fitter, frozen=True):
    """Fits both sides. `plausible_weight` is the deviation a weight has before any row is seen: how
    far one deviation of a feature moves the log-odds. Rows count once per label life, for those
    that overlap say the same.
    """

    family: ClassVar[Family] = Family.LOGISTIC
    plausible_weight: float = 0.05
    iterations: int = 50

    def fit(self, lesson: Lesson) -> dict[str, bytes]:
        lesson = lesson.of_depth(self.depth)
        data, rows = lesson.data, lesson.rows
        scaling = scaling_of(data.x, rows)
        x = scaled_rows(data.x, rows, scaling)
        weights, offsets = [], []
        for side in range(2):
            firm = lesson.label_bars / self.plausible_weight**2
            found = self._newton(x, data.won[rows, side], data.weight[rows, side], firm)
            weights.append(tuple(weight_grid(found[:-1]).tolist()))
            offsets.append(float(found[-1]))
        written = LogisticWeights(scaling, (weights[0], weights[1]), (offsets[0], offsets[1]))
        return {FILE: msgspec.json.encode(written)}

    def _newton(self, x: Singles, won: NDArray[np.bool_], weight: Floats, firm: float) -> Floats:
        """[F + 1]: the weights and the offset at which the rows pull as strongly as the ridge.

        The problem is convex and close to its start, so that a handful of whole steps solve it.
        """
        rate = float(np.average(won, weights=weight))
        at = np.zeros(x.shape[1] + 1)
        at[-1] = np.log(rate / (1.0 - rate))
        ridge = np.full(len(at), firm)
        ridge[-1] = 0.0
        for _ in range(self.iterations):
            uphill, bend = _slopes(x, won, weight, at)
            step = np.linalg.solve(bend + np.diag(ridge), uphill + ridge * at)
            at = at - step
            if np.abs(step).max() < STEP_MIN:
                return at
        raise NothingToLearn(f"no logistic regression after {self.iterations} steps")


def _slopes(
    x: Singles, won: NDArray[np.bool_], weight: Floats, at: Floats
) -> tuple[Floats, Floats]:
    """Gradient [F + 1] and curvature [F + 1, F + 1] of the summed surprise, part by part."""
    uphill, bend = np.zeros(len(at)), np.zeros((len(at), len(at)))
    for part in row_parts(len(x)):
        known = np.ones((part.stop - part.start, len(at)))
        known[:, :-1] = x[part]
        p = 1.0 / (1.0 + np.exp(-np.clip(known @ at, -ODDS_MAX, ODDS_MAX)))
        uphill += (weight[part] * (p - won[part])) @ known
        known *= np.sqrt(weight[part] * p * (1.0 - p))[:, None]
        bend += known.T @ known
    return uphill, bend
