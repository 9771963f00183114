"""How several models become one probability per side: the weighted mean of their log-odds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.calibration import log_odds_of, probabilities

Floats = NDArray[np.float64]


Weight = float | Sequence[float]
"""How much a member counts: one number for every row, or one for each."""


def pooled(said: Sequence[Floats], weights: Sequence[Weight]) -> Floats:
    """[rows, 2]: the pool of members' answers [rows, 2], each with weights >= 0.

    Who has no answer to a row (NaN) has no weight there; where nobody answers there is none.
    """
    total, odds = np.zeros(said[0].shape), np.zeros(said[0].shape)
    for each, counts in zip(said, weights, strict=True):
        weight = np.asarray(counts, dtype=np.float64).reshape(-1, 1)
        known = ~np.isnan(each)
        total += weight * known
        odds += weight * np.where(known, log_odds_of(each), 0.0)
    answered = total > 0.0
    mean = np.where(answered, odds / np.where(answered, total, 1.0), np.nan)
    return probabilities(mean)
