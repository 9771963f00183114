"""Decides how far a mean could have come out otherwise when things close in time hang together."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.statistics import t_975

CLUSTERS_MIN = 10
"""Below this many stretches of time no interval is given."""

Interval = tuple[float, float]


def clustered_interval(
    values: NDArray[np.float64], cluster: NDArray[np.int64]
) -> tuple[float, Interval | None]:
    """The mean of `values` [n] and its 95 % interval, things of one `cluster` [n] counted together.

    The ratio estimator of cluster sampling (Cochran, Sampling Techniques, 1977) with Student's t:
    exact arithmetic, no drawing. Raises ValueError of nothing.
    """
    if not len(values):
        raise ValueError("nothing has no mean")
    mean = float(values.mean())
    _, place = np.unique(cluster, return_inverse=True)
    counts = np.bincount(place)
    clusters = len(counts)
    if clusters < CLUSTERS_MIN:
        return mean, None
    off = np.bincount(place, weights=values) - mean * counts
    spread = clusters / (clusters - 1) * float((off**2).sum())
    half = t_975(clusters - 1) * sqrt(spread) / len(values)
    return mean, (mean - half, mean + half)
