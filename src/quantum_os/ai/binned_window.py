"""How the latest values are distributed over the bins of a reference, and how many are unknown."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.drift import BINS, QUANTILES, Spread

BLOCKS = 7
"""Parts that a window is counted in; the oldest part leaves whole."""

UNKNOWN = BINS
"""The column after the bins counts what is not known."""

Counts = NDArray[np.int64]


class BinnedWindow(msgspec.Struct):
    """Counts [rows, bins and unknown] of the latest bars, part by part, the oldest part first."""

    identity: str = ""
    parts: list[np.ndarray] = []
    bars: int = 0

    def begin(self, identity: str) -> None:
        """Forgets what was counted against another reference."""
        if identity != self.identity:
            self.identity, self.parts, self.bars = identity, [], 0

    def count(self, bins: Counts, window_bars: int) -> None:
        """Takes a bar's bins [rows, values] as `binned` gives them."""
        part_bars = max(1, window_bars // BLOCKS)
        if self.bars % part_bars == 0:
            self.parts.append(np.zeros((len(bins), BINS + 1), np.int64))
            del self.parts[: -BLOCKS - 1]
        self.bars += 1
        flat = bins + np.arange(len(bins))[:, None] * (BINS + 1)
        counted = np.bincount(flat.ravel(), minlength=len(bins) * (BINS + 1))
        self.parts[-1] += counted.reshape(len(bins), BINS + 1)

    def full(self, window_bars: int) -> Counts | None:
        """The counts of a whole window; None before there is one."""
        part_bars = max(1, window_bars // BLOCKS)
        if self.bars < part_bars * BLOCKS:
            return None
        total: Counts = np.sum(self.parts, axis=0)
        return total


def edges_of(spreads: Sequence[Spread]) -> NDArray[np.float64]:
    """[rows, edges]: the edges of every spread, filled up with infinity where there are fewer."""
    edges = np.full((len(spreads), len(QUANTILES)), np.inf)
    for row, spread in enumerate(spreads):
        edges[row, : len(spread.edges)] = spread.edges
    return edges


def binned(values: NDArray[np.float64], edges: NDArray[np.float64]) -> Counts:
    """[rows, values]: the bin of each value, `UNKNOWN` of NaN; on an edge lies above it."""
    above = (values[:, :, None] >= edges[:, None, :]).sum(axis=2)
    bins: Counts = np.where(np.isnan(values), UNKNOWN, above)
    return bins
