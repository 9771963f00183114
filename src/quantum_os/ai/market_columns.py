"""Columns of events as arrays, in the order of the symbols of another event."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.market import rows_of

Floats: TypeAlias = NDArray[np.float64]
Truths: TypeAlias = NDArray[np.bool_]


class Places(msgspec.Struct, frozen=True):
    """[S]: the row of each symbol in another event's columns, -1 where it lacks the symbol.

    `order` says the same as an array.
    """

    rows: tuple[int, ...]
    order: NDArray[np.intp]

    @property
    def seen(self) -> Truths:
        """[S]: whether the other event has the symbol."""
        return self.order >= 0

    def column(self, values: Sequence[float | None]) -> Floats:
        """[S]: a column of the other event in the order of these symbols; NaN where unknown."""
        return known_column((*values, None))[self.order]  # -1 finds the last: unknown


def places_in(theirs: tuple[str, ...], symbols: tuple[str, ...]) -> Places:
    """Finds each of `symbols` among `theirs`."""
    rows = rows_of(theirs)
    found = tuple([rows.get(symbol, -1) for symbol in symbols])
    return Places(found, np.array(found, dtype=np.intp))


def known_column(values: Sequence[float | None]) -> Floats:
    """A column of an event as an array; NaN where it is None."""
    return np.array(values, dtype=np.float64)


def told_column(values: Floats) -> tuple[float | None, ...]:
    """An array as a column of an event; None where it is NaN."""
    return tuple([None if value != value else value for value in values.tolist()])
