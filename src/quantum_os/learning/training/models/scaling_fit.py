"""Which centre and width each feature has among the rows that are learnt from."""

import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.scaling import Scaling

Floats = NDArray[np.float64]

TAIL = 0.005
"""Share of the rows at either end that has no say: one crash must not flatten a feature."""


def scaling_of(x: Floats) -> Scaling:
    """Measures features [rows, F] without their tails; a constant one keeps a width of 1."""
    low, high = np.quantile(x, [TAIL, 1.0 - TAIL], axis=0)
    held = np.clip(x, low, high)
    width = held.std(axis=0)
    return Scaling(
        centre=tuple(held.mean(axis=0).tolist()),
        width=tuple(np.where(width > 0.0, width, 1.0).tolist()),
    )
