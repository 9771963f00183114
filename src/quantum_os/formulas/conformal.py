"""Decides how unusual a score is among scores of known rows, whatever their distribution.

Split conformal prediction (Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World, 2005):
among exchangeable rows at most a share `level` is called unusual.
"""

from math import floor

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def conformal_p(scores: Floats, known: Floats) -> Floats:
    """[n]: (1 + number of `known` scores >= the score) / (1 + their number); NaN stays NaN.

    `known` rises and holds the scores of rows that the score was not fitted on.
    """
    above = len(known) - np.searchsorted(known, scores, side="left")
    odds: Floats = np.where(np.isnan(scores), np.nan, (1.0 + above) / (1.0 + len(known)))
    return odds


def conformal_limit(known: Floats, level: float) -> float:
    """The score above which `conformal_p` is at most `level`; infinite while too few are known.

    Raises ValueError unless 0 < level < 1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"a level must lie between 0 and 1: {level!r}")
    above = floor(level * (len(known) + 1)) - 1
    return float(np.sort(known)[len(known) - 1 - above]) if above >= 0 else float("inf")
