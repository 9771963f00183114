"""Decides how sure a mean is: the days that were asked about are drawn again, once for everything.

Each figure of one training is held against the same draws, so that two of them differ by what was
said and never by what was drawn.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.units import NS_PER_DAY
from quantum_os.formulas.bootstrap import (
    DAYS_MIN,
    drawn_means,
    interval,
    stationary_places,
    times_drawn,
)
from quantum_os.kernel.chance import generator
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.scores import Interval

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


class DayDraws(msgspec.Struct, frozen=True):
    """How often each day from `first` on was drawn, [draws, days]; None of too few days."""

    first: int
    days: int
    drawn: Floats | None

    def mean_interval(self, times: Rows, values: Floats) -> Interval:
        """The 95 % interval of the mean of `values` that belong to `times` (ns); None of values on
        fewer than `DAYS_MIN` days.
        """
        if self.drawn is None or not len(values):
            return None
        day = times // NS_PER_DAY - self.first
        counts = np.bincount(day, minlength=self.days)
        if np.count_nonzero(counts) < DAYS_MIN:
            return None
        sums = np.bincount(day, weights=values, minlength=self.days)
        return interval(drawn_means(self.drawn, sums.tolist(), counts.tolist()))


def day_draws(data: Dataset, rows: Rows, seed: int) -> DayDraws:
    """Draws the days on which these rows closed."""
    day = data.bar_close[rows] // NS_PER_DAY
    first, days = int(day.min()), int(day.max() - day.min()) + 1
    if days < DAYS_MIN:
        return DayDraws(first, days, None)
    chance = generator(seed, "training", "days")
    return DayDraws(first, days, times_drawn(stationary_places(days, chance)))
