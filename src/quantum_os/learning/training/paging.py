"""EDGE. How a table that lies in a file gives the memory back in which it was read."""

from mmap import MADV_DONTNEED, mmap

import numpy as np
from numpy.typing import NDArray


def give_back(table: NDArray[np.float64]) -> None:
    """Lets go of the pages of a table that `dataset_build` keeps in a file: they are read from
    there when they are asked for again. A table in memory stays as it is.
    """
    held: object = table
    while isinstance(held, np.ndarray):
        held = held.base
    if isinstance(held, memoryview):
        held = held.obj
    if isinstance(held, mmap):
        held.madvise(MADV_DONTNEED)
