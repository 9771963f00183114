"""Decides which bars of a symbol become rows, and why the others do not."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.kernels.barrier_labels import NO_END
from quantum_os.formulas.kernels.feature_groups import Group, group_of
from quantum_os.formulas.kernels.feature_sheet import BARS_UNTIL_WARM, GAP_BARS_MAX
from quantum_os.learning.training.dataset_market import SymbolHistory
from quantum_os.learning.training.dataset_options import DatasetOptions
from quantum_os.learning.training.dataset_parts import Arrays

WARM_UP = "warm_up"
"""Too few bars of its own."""
AFTER_GAP = "after_gap"
"""Too few bars since it was silent for long."""
LATE = "late_candle"
"""The bar's candle was closed by a later bar: nothing was known when it was decided on."""
NO_LABEL = "no_label"
"""The horizon passed without a price, or the tape ended before."""
STOP = "stop_too_wide"
"""The stop would lie at or below a price of 0."""
UNKNOWN = "unknown_"
"""Before the name of the group of which a feature is unknown."""

Rows = tuple[Arrays, dict[str, int]]
"""The columns of rows, and how many bars were left out by reason; the first that holds counts."""


class RowMaker:
    """Turns the bars of one symbol into rows, stretch by stretch."""

    def __init__(self, history: SymbolHistory, place: int, options: DatasetOptions) -> None:
        self.history = history
        self._place = place
        self._step_ns = options.step_ns
        self._since_gap = _bars_since_gap(history.candles.opens, options.step_ns)
        owners = [group_of(name) for name in options.names]
        self._columns: dict[Group, list[int]] = {}
        for column, group in enumerate(owners):
            self._columns.setdefault(group, []).append(column)

    def rows(self, where: slice, x: NDArray[np.float64], late: NDArray[np.bool_]) -> Rows:
        """Makes the rows of its candles `where`, of which `x` [n, F] is told and some were late."""
        labels, closes = self.history.labels, self.history.candles.opens + self._step_ns
        number = np.arange(where.start, where.stop)
        last = labels.last[where]
        kept, dropped = _sifted(
            {
                WARM_UP: number + 1 < BARS_UNTIL_WARM,
                AFTER_GAP: self._since_gap[where] < BARS_UNTIL_WARM,
                LATE: late,
                NO_LABEL: (last == NO_END).any(axis=1),
                STOP: ~(labels.sl[where] < 1.0),
                **{
                    f"{UNKNOWN}{group}": ~(np.abs(x[:, columns].sum(axis=1)) < np.inf)
                    for group, columns in self._columns.items()
                },
            }
        )
        return {
            "x": x[kept],
            "bar_close": closes[where][kept],
            "symbol": np.full(int(kept.sum()), self._place, np.int32),
            "regime": self.history.regime[where][kept],
            "won": labels.won[where][kept],
            "r": labels.r[where][kept],
            "ends": closes[last[kept]],
            "sl": labels.sl[where][kept],
            "cost_r": self.history.cost_r[where][kept],
            "number": number[kept],
            "last": last[kept],
        }, dropped


def joined(found: Sequence[Rows]) -> Rows:
    """Puts the symbols' rows into one order: by bar, then by symbol."""
    arrays = {name: np.concatenate([one[name] for one, _ in found]) for name in found[0][0]}
    order = np.lexsort((arrays["symbol"], arrays["bar_close"]))
    return {name: array[order] for name, array in arrays.items()}, summed(
        dropped for _, dropped in found
    )


def summed(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Adds counts up by reason."""
    total: dict[str, int] = {}
    for each in counts:
        for reason, count in each.items():
            total[reason] = total.get(reason, 0) + count
    return total


def _sifted(reasons: dict[str, NDArray[np.bool_]]) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """True where no reason holds; and how many bars each was the first to hold for."""
    kept = np.ones(len(reasons[WARM_UP]), np.bool_)
    dropped: dict[str, int] = {}
    for reason, holds in reasons.items():
        dropped[reason] = int((kept & holds).sum())
        kept = kept & ~holds
    return kept, dropped


def _bars_since_gap(opens: NDArray[np.int64], step_ns: int) -> NDArray[np.int64]:
    """How many bars a symbol has shown since its last long silence, this one included [T]."""
    place = np.arange(len(opens))
    is_start = np.diff(opens, prepend=opens[0]) > GAP_BARS_MAX * step_ns
    began = np.maximum.accumulate(np.where(is_start, place, 0))
    return place - began + 1
