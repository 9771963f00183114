"""How the distance from the usual is measured: a shrunk covariance, calibrated on later rows."""

from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.exact_products import weight_grid
from quantum_os.ai.models.manifest import Family
from quantum_os.ai.models.novelty import FILE, DistanceWeights, distances
from quantum_os.learning.training.models.lesson import Fitter, Lesson
from quantum_os.learning.training.models.scaling_fit import scaling_of

Floats = NDArray[np.float64]

SPREAD_MIN = 0.1
"""Directions in which scaled rows vary less count as if they varied so much: noise is no news."""
ROWS_MAX = 40_000
"""Rows that are measured, evenly out of all in their order: a covariance needs no more."""
KNOWN_MAX = 2_000
"""Scores that are kept for calibration, evenly out of all of them in their order."""


class NoveltyFitter(Fitter, frozen=True):
    """Fits the score on the earlier rows and calibrates it on the later ones."""

    family: ClassVar[Family] = Family.NOVELTY
    level: float = 0.01
    fit_share: float = 0.7

    def fit(self, lesson: Lesson) -> dict[str, bytes]:
        from sklearn.covariance import LedoitWolf

        lesson = lesson.of_depth(self.depth)
        cut = int(len(lesson.rows) * self.fit_share)
        earlier, latest = _thinned(lesson.rows[:cut]), _thinned(lesson.rows[cut:])
        scaling = scaling_of(lesson.data.x, earlier)
        usual = scaling.applied(lesson.data.x[earlier])
        covariance = LedoitWolf(assume_centered=True).fit(usual).covariance_
        spread, directions = np.linalg.eigh(covariance)
        whitening = weight_grid(directions / np.sqrt(np.maximum(spread, SPREAD_MIN)))
        later = scaling.applied(lesson.data.x[latest])
        written = DistanceWeights(
            scaling=scaling,
            whitening=tuple(tuple(row) for row in whitening.tolist()),
            known=_evenly(np.sort(distances(later, whitening))),
            level=self.level,
        )
        return {FILE: msgspec.json.encode(written)}


def _thinned(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    places = np.linspace(0, len(rows) - 1, min(len(rows), ROWS_MAX)).astype(np.int64)
    thinned: NDArray[np.int64] = rows[places]
    return thinned


def _evenly(scores: Floats) -> tuple[float, ...]:
    """At most `KNOWN_MAX` of rising scores, from the first to the last."""
    places = np.linspace(0, len(scores) - 1, min(len(scores), KNOWN_MAX)).astype(np.int64)
    return tuple(scores[places].tolist())
