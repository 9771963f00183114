"""What a family of models must be able to do; calibration and refusals are the same for all."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class BadParameters(ValueError):
    """Parameters that no fitter writes: wrong shapes, NaN, or off their grid."""


class Core(Protocol):
    """The arithmetic of one model on finite inputs [rows, width].

    Each row is computed as if it stood alone: the same bits in a block and bar by bar.
    """

    def log_odds(self, x: Floats) -> Floats:
        """[rows, 2]: raw log-odds of LONG and SHORT, before calibration."""
        ...

    def contributions(self, x: Floats) -> Floats:
        """[rows, 2, features + 1]: each feature's share of the log-odds; the last is the rest.

        The shares of a row and side sum to its log-odds. A model of several bars gives one share
        per feature over all of its bars.
        """
        ...


@runtime_checkable
class SeriesCore(Core, Protocol):
    """A core whose rows overlap where their bars do, and that computes what they share once."""

    def log_odds_of_series(self, bars: Floats) -> Floats:
        """[(L - depth + 1) * S, 2]: the same bits as `log_odds` of the rows in finite bars
        [L, S, F], symbol by symbol in each bar.
        """
        ...
