"""Decides what a model may be fitted on: rows of known features, and what became of each."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.learning.training.row_regimes import REGIMES

LONG, SHORT = 0, 1
"""Columns of everything that is known per side."""
SIDES = 2
WEIGHT_TOLERANCE = 1e-6
"""How far a side's mean weight may lie from 1: the rounding of a sum over millions of rows."""
HASH_DIGITS = 64


class BadDataset(ValueError):
    """The columns do not make one dataset; the message names the column and the first bad row."""


class Dataset(msgspec.Struct, frozen=True):
    """One row per symbol and bar close; arrays over rows, per side as [LONG, SHORT].

    Rows rise by `bar_close`, at one bar by the order of `symbols`. A row whose features or labels
    are not all known is left out and counted in `dropped`; nothing is ever filled in. Raises
    BadDataset for columns that break any of this.
    """

    names: tuple[str, ...]
    """the features, in the order of their schema"""
    schema_hash: str
    symbols: tuple[str, ...]
    x: NDArray[np.float64]
    """[rows, F], C order, finite"""
    bar_close: NDArray[np.int64]
    """[rows] ns UTC: when the features were known"""
    symbol: NDArray[np.int32]
    """[rows] place in `symbols`"""
    regime: NDArray[np.int8]
    """[rows] place in `REGIMES`: which kind of market it was; for figures, not for models"""
    won: NDArray[np.bool_]
    """[rows, 2]: TP1 came before the initial stop, within the horizon"""
    r: NDArray[np.float64]
    """[rows, 2] gross R of the label's own end: at the target, the stop or the horizon"""
    ends: NDArray[np.int64]
    """[rows, 2] ns UTC at which each label was resolved; after `bar_close`"""
    sl: NDArray[np.float64]
    """[rows] distance of the initial stop, a fraction of the entry"""
    cost_r: NDArray[np.float64]
    """[rows] in R: the round trip, and the funding that the paying side paid where it is known"""
    weight: NDArray[np.float64]
    """[rows, 2] uniqueness of each label among its overlapping ones; each side's mean is 1"""
    dropped: Mapping[str, int]
    """why rows were left out, and how many"""
    data_hash: str
    """sha256 of the content of the files that were used, and of the options"""

    def __post_init__(self) -> None:
        self._check_identity()
        self._check_shapes()
        self._check_order()
        self._check_values()

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def _check_identity(self) -> None:
        for name, values in (("names", self.names), ("symbols", self.symbols)):
            if not values or len(set(values)) != len(values):
                raise BadDataset(f"{name} must be at least one, each once: {values}")
        is_hex = set(self.data_hash) <= set("0123456789abcdef")
        if len(self.data_hash) != HASH_DIGITS or not is_hex:
            raise BadDataset(f"data_hash is no sha256 in hex: {self.data_hash!r}")
        bad = [reason for reason, count in self.dropped.items() if count < 0]
        if bad:
            raise BadDataset(f"dropped counts fewer than no rows of {bad[0]!r}")

    def _check_shapes(self) -> None:
        rows = self.x.shape[0]
        sided, single = (rows, SIDES), (rows,)
        expected: dict[str, tuple[NDArray[np.generic], type[np.generic], tuple[int, ...]]] = {
            "x": (self.x, np.float64, (rows, len(self.names))),
            "bar_close": (self.bar_close, np.int64, single),
            "symbol": (self.symbol, np.int32, single),
            "regime": (self.regime, np.int8, single),
            "won": (self.won, np.bool_, sided),
            "r": (self.r, np.float64, sided),
            "ends": (self.ends, np.int64, sided),
            "sl": (self.sl, np.float64, single),
            "cost_r": (self.cost_r, np.float64, single),
            "weight": (self.weight, np.float64, sided),
        }
        for name, (array, kind, shape) in expected.items():
            if array.dtype != kind or array.shape != shape:
                found = f"{array.dtype} {array.shape}"
                raise BadDataset(f"{name} must be {np.dtype(kind)} {shape}, not {found}")
        if not self.x.flags.c_contiguous:
            raise BadDataset("x must be in C order: one row after the other")

    def _check_order(self) -> None:
        _refuse("symbol", (self.symbol < 0) | (self.symbol >= len(self.symbols)), "names nobody")
        later = np.diff(self.bar_close)
        rises = (later > 0) | ((later == 0) & (np.diff(self.symbol) > 0))
        _refuse("bar_close", ~np.concatenate(([True], rises))[: len(self)], "is out of order")

    def _check_values(self) -> None:
        _refuse("regime", (self.regime < 0) | (self.regime >= len(REGIMES)), "names no regime")
        for name, array in (("x", self.x), ("r", self.r), ("cost_r", self.cost_r)):
            _refuse(name, ~np.isfinite(array), "is not finite")
        _refuse("sl", ~((self.sl > 0.0) & (self.sl < 1.0)), "is no distance between 0 and 1")
        _refuse("ends", self.ends <= self.bar_close[:, None], "is not after the bar's close")
        _refuse("weight", ~((self.weight >= 0.0) & (self.weight < np.inf)), "is no weight")
        if len(self):
            off = np.abs(self.weight.mean(axis=0) - 1.0).max()
            if off > WEIGHT_TOLERANCE:
                raise BadDataset(f"weight must have a mean of 1 per side; one is {off:.3g} away")


def _refuse(name: str, bad: NDArray[np.bool_], reason: str) -> None:
    rows = bad if bad.ndim == 1 else bad.any(axis=1)
    if rows.any():
        raise BadDataset(f"{name} of row {int(rows.argmax())} {reason}")
