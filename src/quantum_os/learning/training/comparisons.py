"""What the trades of a model are held against: their own time, other costs, years and symbols."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.units import NS_PER_DAY
from quantum_os.formulas.bootstrap import DAYS_MIN
from quantum_os.formulas.log_loss_gain import mean_interval
from quantum_os.kernel.chance import generator
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.report.cost_split import ROUND_TRIPS_BPS
from quantum_os.learning.training.dataset import LONG, SHORT, Dataset
from quantum_os.learning.training.scores import Interval
from quantum_os.learning.training.trading_rule import Taken

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

BPS = 1e-4


class Group(msgspec.Struct, frozen=True):
    """Some of the trades: how many, and their mean R net of costs."""

    trades: int
    expectancy_r: float


class Comparisons(msgspec.Struct, frozen=True):
    """The trades against what else could have been done at the same times.

    `matched_r` is what entries on the same side at the same bars were worth on average over all
    symbols, with the same exits and costs: what a random choice of the symbol would have made.
    `excess_r` is what the trades made beyond it, `excess_ci` its 95 % interval by blocks of days.
    `by_round_trip_bps` takes other costs instead, funding left out.
    """

    matched_r: float | None
    excess_r: float | None
    excess_ci: Interval
    by_round_trip_bps: Mapping[str, float]
    by_side: Mapping[str, Group]
    by_year: Mapping[str, Group]
    by_symbol: Mapping[str, Group]


def comparisons_of(data: Dataset, rows: Rows, took: Taken, seed: int) -> Comparisons:
    """Compares the trades that were taken out of the rows asked about."""
    matched = _matched(data, rows, took)
    gross = data.r[took.rows, took.sides]
    costs = {
        str(bps): float((gross - bps * BPS / data.sl[took.rows]).mean())
        for bps in ROUND_TRIPS_BPS
        if len(gross)
    }
    years = np.array([iso(close)[:4] for close in data.bar_close[took.rows].tolist()])
    names = np.array(data.symbols)[data.symbol[took.rows]]
    sides = np.where(took.sides == LONG, "LONG", "SHORT")
    known = len(gross) > 0
    return Comparisons(
        matched_r=float(matched.mean()) if known else None,
        excess_r=float((took.net_r - matched).mean()) if known else None,
        excess_ci=_interval(data, took, took.net_r - matched, seed),
        by_round_trip_bps=costs,
        by_side=_groups(sides, took.net_r),
        by_year=_groups(years, took.net_r),
        by_symbol=_groups(names, took.net_r),
    )


def _matched(data: Dataset, rows: Rows, took: Taken) -> Floats:
    """[trades]: mean net R of every entry asked about at the trade's bar, on the trade's side."""
    _, bar = np.unique(data.bar_close[rows], return_inverse=True)
    counts = np.bincount(bar)
    net = data.r[rows] - data.cost_r[rows, None]
    means = np.stack(
        [np.bincount(bar, weights=net[:, side]) / counts for side in (LONG, SHORT)], axis=1
    )
    place = bar[np.searchsorted(rows, took.rows)]
    matched: Floats = means[place, took.sides]
    return matched


def _interval(data: Dataset, took: Taken, excess: Floats, seed: int) -> Interval:
    """By the day of the entry; None of trades on fewer than `DAYS_MIN` days."""
    if not len(excess):
        return None
    day = data.bar_close[took.rows] // NS_PER_DAY
    counts = np.bincount(day - day.min())
    if np.count_nonzero(counts) < DAYS_MIN:
        return None
    sums = np.bincount(day - day.min(), weights=excess).astype(np.float64)
    return mean_interval(sums, counts, generator(seed, "training", "excess"))


def _groups(names: NDArray[np.str_], net_r: Floats) -> dict[str, Group]:
    return {
        str(name): Group(int((names == name).sum()), float(net_r[names == name].mean()))
        for name in np.unique(names)
    }
