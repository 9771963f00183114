"""What the trades of a model are held against: other symbols at their bars, and other costs."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.learning.report.cost_split import ROUND_TRIPS_BPS
from quantum_os.learning.training.dataset import LONG, SHORT, Dataset
from quantum_os.learning.training.day_draws import DayDraws
from quantum_os.learning.training.scores import Interval
from quantum_os.learning.training.trading_rule import Taken

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

BPS = 1e-4


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


def comparisons_of(data: Dataset, rows: Rows, took: Taken, days: DayDraws) -> Comparisons:
    """Compares the trades that were taken out of the rows asked about."""
    matched = _matched(data, rows, took)
    gross = data.r[took.rows, took.sides]
    costs = {
        str(bps): float((gross - bps * BPS / data.sl[took.rows]).mean())
        for bps in ROUND_TRIPS_BPS
        if len(gross)
    }
    known = len(gross) > 0
    return Comparisons(
        matched_r=float(matched.mean()) if known else None,
        excess_r=float((took.net_r - matched).mean()) if known else None,
        excess_ci=days.mean_interval(data.bar_close[took.rows], took.net_r - matched),
        by_round_trip_bps=costs,
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
