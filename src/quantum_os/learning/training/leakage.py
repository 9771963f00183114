"""Decides how a training is tested for leaks: on data that hold no edge, or one that must be found.

A pipeline that finds an edge in shuffled or shifted labels looks into its tests; one that does not
find a column of the future could not have found anything.
"""

import msgspec
import numpy as np

from quantum_os.events.units import NS_PER_DAY
from quantum_os.kernel.chance import generator
from quantum_os.learning.training.dataset import LONG, Dataset
from quantum_os.learning.training.paging import give_back

CANARY = "future_canary"


def with_future_column(data: Dataset, noise: float = 0.5, seed: int = 0) -> Dataset:
    """The same with a last feature that peeks: the long label's own R, under `noise` of its own.

    A model that does not find it, or a report that does not show an edge with it, is broken.
    """
    blur = generator(seed, "leakage", "canary").standard_normal(len(data))
    peek = data.r[:, LONG] + noise * blur
    x = np.ascontiguousarray(np.column_stack((data.x, peek)))
    return msgspec.structs.replace(data, names=(*data.names, CANARY), x=x)


def shuffled_labels(data: Dataset, seed: int = 0) -> Dataset:
    """The same with the labels of whole days dealt to other days, symbol by symbol.

    A label keeps how long it lived, and stays among the labels of its own symbol and hour, so that
    base rates and overlaps remain and only what joins features and labels is gone.
    """
    chance = generator(seed, "leakage", "shuffled")
    source = np.arange(len(data))
    hour = data.bar_close % NS_PER_DAY
    group = np.unique(np.column_stack((data.symbol, hour)), axis=0, return_inverse=True)[1]
    days = data.bar_close // NS_PER_DAY
    shuffled_day = dict(
        zip(np.unique(days).tolist(), chance.permutation(np.unique(days)).tolist(), strict=True)
    )
    key = np.array([shuffled_day[day] for day in days.tolist()])
    by_day = np.lexsort((days, group))
    by_other = np.lexsort((key, group))
    source[by_day] = by_other
    return _with_labels_of(data, source)


def shifted_labels(data: Dataset, bars: int) -> Dataset:
    """The same with each row labelled as its symbol's row `bars` (> 0) later; the last ones go."""
    if bars < 1:
        raise ValueError("labels are shifted by a bar at least")
    source = np.full(len(data), -1)
    for symbol in range(len(data.symbols)):
        mine = np.flatnonzero(data.symbol == symbol)
        source[mine[:-bars]] = mine[bars:]
    kept = np.flatnonzero(source >= 0)
    return _with_labels_of(rows_of(data, kept), source[kept], data)


def _with_labels_of(data: Dataset, source: np.ndarray, labelled: Dataset | None = None) -> Dataset:
    """Gives the rows of `data` the labels of the rows `source` of `labelled`."""
    origin = labelled or data
    held = origin.ends[source] - origin.bar_close[source][:, None]
    weight = origin.weight[source]
    return msgspec.structs.replace(
        data,
        won=origin.won[source],
        r=origin.r[source],
        ends=data.bar_close[:, None] + held,
        weight=weight / weight.mean(axis=0),
    )


def rows_of(data: Dataset, rows: np.ndarray) -> Dataset:
    """The same with some of its rows alone, in their order; weights are made to average 1 again."""
    weight = data.weight[rows]
    columns = ("bar_close", "symbol", "regime", "won", "r", "ends", "sl", "cost_r")
    taken = {name: getattr(data, name)[rows] for name in columns}
    x = np.ascontiguousarray(data.x[rows])
    give_back(data.x)
    return msgspec.structs.replace(
        data,
        x=x,
        weight=weight / weight.mean(axis=0),
        **taken,
    )
