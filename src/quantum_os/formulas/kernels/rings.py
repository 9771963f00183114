"""What the last N bars held, for symbols that may each be at another bar: one ring per symbol."""

import numpy as np

from quantum_os.formulas.kernels.state import Counts, Flags, Floats


def highest(ring: Floats) -> Floats:
    """The largest value of each symbol in a ring [N, S]: halves against halves, so in any order."""
    rows = ring.shape[0]
    while rows > 1:
        half = rows // 2
        folded = np.maximum(ring[:half], ring[half : 2 * half])
        if rows % 2:
            folded[0] = np.maximum(folded[0], ring[rows - 1])
        ring, rows = folded, half
    top: Floats = ring[0]
    return top


def lowest(ring: Floats) -> Floats:
    """The smallest value of each symbol in a ring [N, S]."""
    rows = ring.shape[0]
    while rows > 1:
        half = rows // 2
        folded = np.minimum(ring[:half], ring[half : 2 * half])
        if rows % 2:
            folded[0] = np.minimum(folded[0], ring[rows - 1])
        ring, rows = folded, half
    top: Floats = ring[0]
    return top


def put(ring: Floats, bars: Counts, present: Flags, values: Floats) -> None:
    """Writes `values` [S] over the oldest place of each `present` symbol that has seen `bars` bars."""
    rows, symbols = ring.shape
    place = bars % rows * symbols + np.arange(symbols)
    flat = ring.reshape(-1)
    flat[place] = np.where(present, values, flat[place])


def ago(ring: Floats, bars: Counts, back: int) -> Floats:
    """The value put `back` bars before the one to be put next (1: the last), for each symbol."""
    rows, symbols = ring.shape
    place = (bars + rows - back) % rows * symbols + np.arange(symbols)
    value: Floats = ring.reshape(-1)[place]
    return value


RING_STEPS = (highest, lowest, put, ago)
"""What the compiler must know to compile a block that uses rings."""
