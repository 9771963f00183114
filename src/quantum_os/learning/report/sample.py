"""Decides what the days of a run are, and draws them again to tell how sure a figure is."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from quantum_os.formulas.bootstrap import (
    BLOCK_DAYS,
    DAYS_MIN,
    DRAWS,
    Floats,
    Places,
    drawn_means,
    effective_count,
    interval,
    stationary_places,
    times_drawn,
)
from quantum_os.formulas.daily_returns import closing_equities, returns_by_day
from quantum_os.formulas.statistics import variance
from quantum_os.kernel.chance import generator
from quantum_os.learning.report.evidence import Evidence

PURPOSE = "report.bootstrap"
"""What the draws are for: the name under which their chance is seeded, with the run's own seed."""

HOW = f"stationary bootstrap of the days, {DRAWS:,} draws, blocks of {BLOCK_DAYS} days on average"


class Sample(msgspec.Struct, frozen=True):
    """The days of a run: numbers, returns, changes in USD, and how often each was drawn.

    `places` and `drawn` are None where there are fewer than `DAYS_MIN` days.
    """

    days: tuple[int, ...]
    returns: tuple[float, ...]
    changes: tuple[float, ...]
    places: Places | None
    drawn: Floats | None

    @property
    def reason(self) -> str:
        """Why there is no interval; empty where there is one."""
        few = f"an interval needs {DAYS_MIN} days, there are {len(self.days)}"
        return few if self.drawn is None else ""

    def mean_interval(self, by_day: Mapping[int, Sequence[float]]) -> tuple[float, float] | None:
        """The interval of the mean of things that happened on these days; None when unknown."""
        means = self._means(by_day)
        return None if means is None else interval(means)

    def effective(self, by_day: Mapping[int, Sequence[float]]) -> float | None:
        """How many independent things tell as much as these do; None when unknown."""
        means = self._means(by_day)
        things = [thing for day in by_day.values() for thing in day]
        spread = variance(things)
        if means is None or spread is None:
            return None
        return effective_count(len(things), spread, means)

    def change_interval(self) -> tuple[float, float] | None:
        """The interval of what all days together made, in USD."""
        return None if self.drawn is None else interval(self.drawn @ np.asarray(self.changes))

    def _means(self, by_day: Mapping[int, Sequence[float]]) -> Floats | None:
        if self.drawn is None:
            return None
        sums = [sum(by_day.get(day, ())) for day in self.days]
        counts = [len(by_day.get(day, ())) for day in self.days]
        return drawn_means(self.drawn, sums, counts)


def sample_of(evidence: Evidence, seed: int) -> Sample:
    """Cuts the ledger's marks into days, and draws them with the run's seed."""
    marks = ((mark.time, mark.equity) for mark in evidence.marks)
    closes = closing_equities(marks, evidence.first)
    returns = returns_by_day(evidence.deposit, closes)
    before = dict(zip(closes, (evidence.deposit, *closes.values()), strict=False))
    enough = len(returns) >= DAYS_MIN
    places = stationary_places(len(returns), generator(seed, PURPOSE)) if enough else None
    return Sample(
        days=tuple(returns),
        returns=tuple(returns.values()),
        changes=tuple(float(closes[day] - before[day]) for day in returns),
        places=places,
        drawn=None if places is None else times_drawn(places),
    )
