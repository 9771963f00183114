"""Which centre and width each feature has among the rows that are learnt from."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.scaling import Scaling
from quantum_os.learning.training.paging import give_back

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

TAIL = 0.005
"""Share of the rows at either end that has no say: one crash must not flatten a feature."""

COLUMNS_AT_ONCE = 8
"""Features that are measured in one go through the rows: a cache line of them."""
ROWS_AT_ONCE = 8_192
"""Rows that are scaled in one go, so that no second copy of everything is ever made."""
PARTS_HELD = 8
"""Such parts are read before the table gives its memory back: 40 MB of 80 features."""


def scaling_of(x: Floats, rows: Rows) -> Scaling:
    """Measures the features [all rows, F] of some rows without their tails; a constant one keeps a
    width of 1.
    """
    centre: list[float] = []
    width: list[float] = []
    for first in range(0, x.shape[1], COLUMNS_AT_ONCE):
        until = min(first + COLUMNS_AT_ONCE, x.shape[1])
        columns = np.empty((until - first, len(rows)))
        for part in row_parts(len(rows), x):
            columns[:, part] = x[rows[part], first:until].T
        for values in columns:
            held = np.clip(values, *np.quantile(values, [TAIL, 1.0 - TAIL]))
            centre.append(float(held.mean()))
            width.append(float(held.std()) or 1.0)
    return Scaling(centre=tuple(centre), width=tuple(width))


def scaled_rows(x: Floats, rows: Rows, scaling: Scaling) -> NDArray[np.float32]:
    """[rows, F] scaled. Nothing is lost in single precision: the grid of inputs has 18 bits."""
    scaled = np.empty((len(rows), x.shape[1]), np.float32)
    for part in row_parts(len(rows), x):
        scaled[part] = scaling.applied(x[rows[part]])
    return scaled


def row_parts(rows: int, table: Floats | None = None) -> Iterator[slice]:
    """Cuts so many rows into parts that fit in memory beside everything else.

    A `table` that is read along the way is given back every few parts, and at the end.
    """
    for number, first in enumerate(range(0, rows, ROWS_AT_ONCE), start=1):
        yield slice(first, min(first + ROWS_AT_ONCE, rows))
        if table is not None and not number % PARTS_HELD:
            give_back(table)
    if table is not None:
        give_back(table)
