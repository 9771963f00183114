"""Decides how much a label counts that shares its time with others: as much as is its own.

Source: M. Lopez de Prado, Advances in Financial Machine Learning (2018), chapter 4: the average
uniqueness of a label is the mean, over the bars it lives in, of 1 / labels alive in that bar.
"""

import numpy as np
from numpy.typing import NDArray


def average_uniqueness(
    first: NDArray[np.int64], last: NDArray[np.int64], bars: int
) -> NDArray[np.float64]:
    """[labels] in (0, 1] for labels of one symbol and side that live in bars `first`..`last`.

    Both ends count; `bars` is how many bars there are. Raises ValueError for a label that ends
    before it begins or lives outside of them.
    """
    if len(first) and (first.min() < 0 or last.max() >= bars or (last < first).any()):
        raise ValueError("a label must live in one bar at least, and in bars that there are")
    changes = np.zeros(bars + 1, dtype=np.int64)
    np.add.at(changes, first, 1)
    np.add.at(changes, last + 1, -1)
    alive = np.cumsum(changes)[:bars]
    share = np.concatenate(([0.0], np.cumsum(1.0 / np.maximum(alive, 1))))
    mean: NDArray[np.float64] = (share[last + 1] - share[first]) / (last + 1 - first)
    return mean
