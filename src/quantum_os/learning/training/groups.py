"""How a model did apart: by side, by year, by symbol and by the kind of market."""

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.log_loss_gain import surprises
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.training.dataset import LONG, SHORT, Dataset
from quantum_os.learning.training.day_draws import DayDraws
from quantum_os.learning.training.row_regimes import REGIMES
from quantum_os.learning.training.scores import Interval
from quantum_os.learning.training.trading_rule import Taken

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.int64]

SIDES = {"LONG": (LONG,), "SHORT": (SHORT,)}
BOTH = (LONG, SHORT)


class Group(msgspec.Struct, frozen=True):
    """Some of the answers and of the trades, each with its 95 % interval by blocks of days.

    `base_log_loss` is that of always saying the group's own base rates; a group of many says a
    lucky word somewhere, so that one interval in twenty misses what it should hold.
    """

    rows: int
    log_loss: float
    base_log_loss: float
    gain_ci: Interval
    trades: int
    expectancy_r: float | None
    expectancy_ci: Interval


Named = Mapping[str, Group]


class Groups(msgspec.Struct, frozen=True):
    """The same answers and trades, cut in four ways."""

    by_side: Named
    by_year: Named
    by_symbol: Named
    by_regime: Named


def groups_of(data: Dataset, rows: Rows, said: Floats, took: Taken, days: DayDraws) -> Groups:
    """Cuts what was answered [all rows, 2] of `rows`, and the trades taken of them."""
    known = rows[~np.isnan(said[rows]).any(axis=1)]
    cut = _Cut(data, known, said, took, days)
    return Groups(
        by_side=dict(cut.by_side()),
        by_year=dict(cut.by(_years(data.bar_close))),
        by_symbol=dict(cut.by(np.array(data.symbols)[data.symbol])),
        by_regime=dict(cut.by(np.array([str(each) for each in REGIMES])[data.regime])),
    )


def _years(bar_close: Rows) -> NDArray[np.str_]:
    """[rows]: the year of each bar's close, read once per close."""
    closes, place = np.unique(bar_close, return_inverse=True)
    return np.array([iso(close)[:4] for close in closes.tolist()])[place]


class _Cut(msgspec.Struct, frozen=True):
    """What is cut: rows that were answered, and trades."""

    data: Dataset
    rows: Rows
    said: Floats
    took: Taken
    days: DayDraws

    def by(self, names: NDArray[np.str_]) -> Iterator[tuple[str, Group]]:
        """Gives a group for each name [all rows] that an answered row has."""
        for name in np.unique(names[self.rows]).tolist():
            yield name, self._group(names[self.rows] == name, names[self.took.rows] == name, BOTH)

    def by_side(self) -> Iterator[tuple[str, Group]]:
        for name, sides in SIDES.items():
            every = np.ones(len(self.rows), np.bool_)
            yield name, self._group(every, self.took.sides == sides[0], sides)

    def _group(self, answered: Bools, traded: Bools, sides: tuple[int, ...]) -> Group:
        rows = self.rows[answered]
        won = self.data.won[rows][:, sides]
        own = surprises(self.said[rows][:, sides], won).mean(axis=1)
        base = surprises(np.broadcast_to(won.mean(axis=0), won.shape), won).mean(axis=1)
        net = self.took.net_r[traded]
        entered = self.data.bar_close[self.took.rows[traded]]
        return Group(
            rows=len(rows),
            log_loss=float(own.mean()),
            base_log_loss=float(base.mean()),
            gain_ci=self.days.mean_interval(self.data.bar_close[rows], base - own),
            trades=len(net),
            expectancy_r=float(net.mean()) if len(net) else None,
            expectancy_ci=self.days.mean_interval(entered, net),
        )
