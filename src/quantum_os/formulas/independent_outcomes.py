"""Decides how many outcomes are worth counting when symbols of one bar move together."""

import numpy as np
from numpy.typing import NDArray


def design_effect(bar: NDArray[np.int64], won: NDArray[np.bool_]) -> float:
    """How many outcomes of one bar say what one independent outcome would; at least 1.

    `bar` [n] groups the outcomes. The variance of each bar's share of wins over what it would be,
    were they independent (Kish, Survey Sampling, 1965). Raises ValueError of no outcome.
    """
    if not len(won):
        raise ValueError("no outcome to count")
    _, place = np.unique(bar, return_inverse=True)
    counts = np.bincount(place)
    came = won.astype(np.float64)
    rate = float(came.mean())
    shares = np.bincount(place, weights=came) / counts
    alone = rate * (1.0 - rate) * float((1.0 / counts).mean())
    return max(1.0, float(((shares - rate) ** 2).mean()) / alone) if alone > 0.0 else 1.0
