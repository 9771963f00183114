"""Decides how likely the best of several trials in the past is a poor one in the future (PBO).

Combinatorially symmetric cross-validation: Bailey, Borwein, Lopez de Prado & Zhu, "The probability
of backtest overfitting" (Journal of Computational Finance 20(4), 2017).
"""

from itertools import combinations

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCKS = 10
"""Blocks of time; every half of them is the past once: 252 splits."""


class Overfitting(msgspec.Struct, frozen=True):
    """`pbo`: share of splits in which the trial that was best in one half was, in the other, no
    better than the median of all.

    `chosen` counts the splits in which each trial was the best; `poor` those of them in which it
    was then no better than the median.
    """

    pbo: float
    splits: int
    chosen: tuple[int, ...]
    poor: tuple[int, ...]


def overfitting(returns: Floats, blocks: int = BLOCKS) -> Overfitting | None:
    """Splits the returns [periods, trials] of all trials over the same periods.

    Trials are ranked by mean over deviation; one whose returns do not vary ranks as 0. None for
    fewer than two trials or two periods a block. Raises ValueError for an odd number of blocks.
    """
    if blocks < 2 or blocks % 2:
        raise ValueError(f"the blocks must make two halves: {blocks}")
    periods, trials = returns.shape
    if trials < 2 or periods < 2 * blocks:
        return None
    parts = np.array_split(returns, blocks)
    totals = np.array([part.sum(axis=0) for part in parts])
    squares = np.array([(part * part).sum(axis=0) for part in parts])
    counts = np.array([len(part) for part in parts])
    chosen, poor = np.zeros(trials, np.int64), np.zeros(trials, np.int64)
    halves = list(combinations(range(blocks), blocks // 2))
    for half in halves:
        past = np.isin(np.arange(blocks), half)
        best = int(_ratios(totals[past], squares[past], counts[past]).argmax())
        later = _ratios(totals[~past], squares[~past], counts[~past])
        rank = 1.0 + (later < later[best]).sum() + ((later == later[best]).sum() - 1) / 2
        chosen[best] += 1
        poor[best] += rank / (trials + 1) <= 0.5
    return Overfitting(
        pbo=float(poor.sum()) / len(halves),
        splits=len(halves),
        chosen=tuple(chosen.tolist()),
        poor=tuple(poor.tolist()),
    )


def _ratios(totals: Floats, squares: Floats, counts: NDArray[np.int64]) -> Floats:
    n = counts.sum()
    mean = totals.sum(axis=0) / n
    variance = squares.sum(axis=0) / n - mean * mean
    varies = variance > 1e-18
    ratios: Floats = np.where(varies, mean / np.sqrt(np.where(varies, variance, 1.0)), 0.0)
    return ratios
