"""What the last N bars held, for symbols that may each be at another bar: rings in one array."""

import numpy as np

from quantum_os.formulas.kernels.state import Counts, Flags, Floats


def put(rings: Floats, rows: Counts, present: Flags, values: Floats) -> None:
    """Writes `values` [k, S] into these `rows` [k, S] of `rings` where a symbol is `present`."""
    columns = np.arange(rings.shape[1])
    rings[rows, columns] = np.where(present, values, rings[rows, columns])


def ago(ring: Floats, bars: Counts, back: Counts) -> Floats:
    """The values [b, S] of a ring [N, S], `back` [b, 1] bars before the next one (1: the last).

    `bars` [S] counts the values put so far; no `back` may exceed N.
    """
    rows, symbols = ring.shape
    value: Floats = ring[(bars + rows - back) % rows, np.arange(symbols)]
    return value
