"""Decides whether numbers are still distributed as those that a model learnt from.

Both measures are taken over bins of the reference: the population stability index, and the distance
of Kolmogorov and Smirnov at their edges. Neighbouring bars say nearly the same, so the reference
also holds how many independent values a stretch of bars is worth: as many as explain how far such
stretches lay from the whole while it was learnt from.
"""

from collections.abc import Sequence
from math import ceil, exp, fsum, sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

QUANTILES = tuple(step / 20 for step in range(1, 20))
"""The edges between bins, as shares of the reference that lie below."""
BINS = len(QUANTILES) + 1
"""Bins that a reference has at most; where values repeat it has fewer."""
SHARE_FLOOR = 1e-4
"""An empty bin counts as this much in the index, whose logarithm would have no end."""
KOLMOGOROV_95 = 1.3581
"""sqrt(n) times the distance that independent samples stay within in 95 of 100 cases."""
SERIES_PRECISION = 23.0
"""Terms of Kolmogorov's series are left out from exp(-2 * this) of the first one on: 1e-20."""
COUNTED_EVERY = 4
"""Of so many bars one is counted, there and here: those between say nearly the same again."""


class Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one number was distributed: rising edges, the share in each bin between them, and how
    many `independent` values a stretch of bars is worth.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    independent: float

    def __post_init__(self) -> None:
        if len(self.shares) != len(self.edges) + 1 or not self.independent > 0:
            raise ValueError("a spread has one more share than edges, and counts for something")


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model learnt from: each feature by its place, and what it `said` of rows not seen.

    A stretch is `bars` counted bars long; those count that close on a multiple of `every_ns`.
    `said` is of the more probable side; None where it is not known.
    """

    bars: int
    features: tuple[Spread, ...]
    said: Spread | None
    every_ns: int = 1


class Shift(msgspec.Struct, frozen=True):
    """How far a stretch lies from the reference: both measures, and the odds that chance did it."""

    psi: float
    distance: float
    p: float


def is_counted(bar_close: Counts | int, every_ns: int) -> NDArray[np.bool_]:
    """Which bars count, for who learns and for who watches: by the clock, so that both agree."""
    counted: NDArray[np.bool_] = np.asarray(bar_close) % every_ns == 0
    return counted


def spread_of(values: Floats, stretch: Counts) -> Spread:
    """Measures the reference; `stretch` [n] numbers the stretches of bars that values lie in.

    Raises ValueError of nothing.
    """
    if not len(values):
        raise ValueError("nothing is distributed in no way")
    edges = np.unique(np.quantile(values, QUANTILES, method="inverted_cdf"))
    bins = bins_of(values, edges)
    shares = np.bincount(bins, minlength=len(edges) + 1) / len(values)
    known, place = np.unique(stretch, return_inverse=True)
    width = len(edges) + 1
    counts = np.bincount(place * width + bins, minlength=len(known) * width)
    found = counts.reshape(len(known), width)
    distances = _distances(found / found.sum(axis=1, keepdims=True), shares)
    usual = float(np.quantile(distances, 0.95, method="inverted_cdf"))
    return Spread(
        edges=tuple(edges.tolist()),
        shares=tuple(shares.tolist()),
        independent=max(1.0, (KOLMOGOROV_95 / max(usual, 1e-6)) ** 2),
    )


def bins_of(values: Floats, edges: Floats) -> Counts:
    """[n]: the bin of each value; one that equals an edge lies above it."""
    found: Counts = np.searchsorted(edges, values, side="right")
    return found


def shift_of(counts: Sequence[int], reference: Spread, known: float = 1.0) -> Shift:
    """Holds the values counted per bin against the reference. Raises ValueError of none.

    `known` is the share of the stretch's values that are: fewer say less.
    """
    if len(counts) != len(reference.shares) or not sum(counts) > 0:
        raise ValueError("a shift needs values, counted in the bins of the reference")
    padded = np.zeros((1, max(BINS, len(counts))), np.int64)
    padded[0, : len(counts)] = counts
    return shifts_of(padded, [reference], [known])[0]


def shifts_of(
    counts: Counts, references: Sequence[Spread], known: Sequence[float]
) -> tuple[Shift, ...]:
    """Holds many numbers at once, each against its own reference; `known` as for one.

    `counts` [numbers, bins] has at least one value in each row, and none beyond the bins of the
    row's reference.
    """
    shares = np.zeros(counts.shape)
    has = np.zeros(counts.shape, np.bool_)
    for row, reference in enumerate(references):
        shares[row, : len(reference.shares)] = reference.shares
        has[row, : len(reference.shares)] = True
    found = counts / counts.sum(axis=1, keepdims=True)
    expected = np.where(has, np.maximum(shares, SHARE_FLOOR), 1.0)
    actual = np.where(has, np.maximum(found, SHARE_FLOOR), 1.0)
    psi = ((actual - expected) * np.log(actual / expected)).sum(axis=1)
    distance = _distances(found, shares)
    return tuple(
        Shift(index, apart, _odds(apart, reference.independent * share))
        for index, apart, reference, share in zip(
            psi.tolist(), distance.tolist(), references, known, strict=True
        )
    )


def found_false(odds: Sequence[float], level: float) -> tuple[bool, ...]:
    """Which of many nulls are refused so that at most a share `level` of refusals is wrong.

    Benjamini & Hochberg, Journal of the Royal Statistical Society B 57 (1995). Raises ValueError
    unless 0 < level < 1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"a level must lie between 0 and 1: {level!r}")
    order = sorted(range(len(odds)), key=odds.__getitem__)
    last = 0
    for rank, place in enumerate(order, start=1):
        if odds[place] <= level * rank / len(odds):
            last = rank
    refused = set(order[:last])
    return tuple(place in refused for place in range(len(odds)))


def _distances(found: Floats, shares: Floats) -> Floats:
    """[rows]: the farthest that shares [rows, bins], summed up, lie from those of the reference."""
    apart = np.cumsum(found, axis=-1) - np.cumsum(shares, axis=-1)
    farthest: Floats = np.abs(apart).max(axis=-1)
    return farthest


def _odds(distance: float, n: float) -> float:
    """P(a sample of `n` lies at least so far off), Stephens' form of Kolmogorov's series."""
    reach = (sqrt(n) + 0.12 + 0.11 / sqrt(n)) * distance
    if reach < 0.2:
        return 1.0
    terms = ceil(sqrt(1.0 + SERIES_PRECISION / reach**2))
    total = fsum(
        (1.0 if term % 2 else -1.0) * exp(-2.0 * (term * reach) ** 2)
        for term in range(1, terms + 1)
    )
    return min(1.0, max(0.0, 2.0 * total))
