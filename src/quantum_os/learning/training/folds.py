"""Decides which rows a model may learn from when it is asked about others: none that overlap them.

Cuts go through time for all symbols at once, since what moves one symbol moves the others. Source:
M. Lopez de Prado, Advances in Financial Machine Learning (2018), chapters 7 and 12.
"""

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.units import NS_PER_DAY
from quantum_os.learning.training.dataset import Dataset

Rows = NDArray[np.int64]

FEATURE_OVERLAP_NS = 3 * NS_PER_DAY
"""The longest plain window of a feature at 1h (72 bars); recursive means fade beyond theirs."""
EMBARGO_NS = NS_PER_DAY


class TooLittleHistory(ValueError):
    """A fold would have nothing to learn from; the message says what would help."""


class Separation(msgspec.Struct, frozen=True):
    """How far what is learnt from stays away from what is asked about, in ns.

    A label lives from its bar's close to its end. A row that is learnt from must end more than
    `overlap_ns` before the first bar asked about, or close more than `overlap_ns + embargo_ns`
    after the last label asked about has ended.
    """

    overlap_ns: int = FEATURE_OVERLAP_NS
    embargo_ns: int = EMBARGO_NS

    def __post_init__(self) -> None:
        if self.overlap_ns < 0 or self.embargo_ns < 0:
            raise ValueError(f"a separation cannot be negative: {self}")


class Fold(msgspec.Struct, frozen=True):
    """Rows to learn from and rows to be asked about, both ascending; they share no moment.

    `path` [test rows] says to which history each answer belongs: always 0 in a walk forward.
    """

    train: Rows
    test: Rows
    path: Rows


def walk_forward(
    data: Dataset,
    *,
    folds: int,
    separation: Separation | None = None,
    first_share: float = 0.3,
    window_ns: int | None = None,
) -> Iterator[Fold]:
    """Gives `folds` spans of about as many rows each, every one with the rows before it.

    The first `first_share` of the rows are only learnt from. `window_ns` limits how far back a
    fold learns; None takes all there is. Raises TooLittleHistory where purging leaves nothing.
    """
    if folds < 1 or not 0.0 < first_share < 1.0:
        raise ValueError("a walk forward needs a fold and a first share between 0 and 1")
    separation = separation or Separation()
    shares = np.linspace(first_share, 1.0, folds + 1)[:-1]
    starts = _bar_starts(data, shares)
    for place, (low, high) in enumerate(zip(starts, [*starts[1:], len(data)], strict=True)):
        test = np.arange(low, high, dtype=np.int64)
        apart = _apart(data, [test], separation)
        apart[low:] = False
        if window_ns is not None and len(test):
            apart &= data.bar_close >= data.bar_close[low] - window_ns
        yield _fold(place, apart, test, np.zeros(len(test), np.int64))


def combinatorial(
    data: Dataset, *, blocks: int = 10, test_blocks: int = 2, separation: Separation | None = None
) -> Iterator[Fold]:
    """Gives every choice of `test_blocks` out of `blocks` spans of time, purged and embargoed.

    The answers make up C(blocks - 1, test_blocks - 1) whole histories: every row is asked about
    once per `path`. The choices and paths are those of skfolio's CombinatorialPurgedCV, over the
    distinct bar closes. It purges by counting observations, which is wrong where bars are missing,
    so purge and embargo are ours, by time.
    """
    from skfolio.model_selection import CombinatorialPurgedCV

    separation = separation or Separation()
    times, of_row = np.unique(data.bar_close, return_inverse=True)
    chooser = CombinatorialPurgedCV(n_folds=blocks, n_test_folds=test_blocks)
    paths = chooser.get_path_ids()
    for place, (_, chosen) in enumerate(chooser.split(times.reshape(-1, 1))):
        block_of_bar = np.full(len(times), -1, np.int64)
        for block, bars in enumerate(chosen):
            block_of_bar[bars] = block
        block_of_row = block_of_bar[of_row]
        tests = [np.flatnonzero(block_of_row == block) for block in range(test_blocks)]
        test = np.flatnonzero(block_of_row >= 0)
        apart = _apart(data, tests, separation)
        apart[test] = False
        yield _fold(place, apart, test, paths[place][block_of_row[test]].astype(np.int64))


def _bar_starts(data: Dataset, shares: NDArray[np.float64]) -> list[int]:
    """The first row of the bar in which each share of all rows is reached."""
    rows = np.minimum((shares * len(data)).astype(np.int64), max(len(data) - 1, 0))
    if not len(data):
        raise TooLittleHistory("the dataset has no rows: add data, or symbols with longer history")
    return [int(row) for row in np.searchsorted(data.bar_close, data.bar_close[rows])]


def _apart(data: Dataset, tests: list[Rows], separation: Separation) -> NDArray[np.bool_]:
    """True for rows that share no moment with any of the spans asked about, on either side."""
    ended = data.ends.max(axis=1)
    apart = np.ones(len(data), np.bool_)
    for test in tests:
        if not len(test):
            continue
        before = ended < data.bar_close[test[0]] - separation.overlap_ns
        far = separation.overlap_ns + separation.embargo_ns
        after = data.bar_close > int(ended[test].max()) + far
        apart &= before | after
    return apart


def _fold(place: int, apart: NDArray[np.bool_], test: Rows, path: Rows) -> Fold:
    train = np.flatnonzero(apart)
    if not len(train) or not len(test):
        what = "learn from" if len(test) else "ask about"
        raise TooLittleHistory(
            f"fold {place + 1} has no row to {what}: use more data, fewer folds, or a shorter "
            f"horizon, overlap or embargo"
        )
    return Fold(train, test, path)
