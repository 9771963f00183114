"""Decides how two series of days differ: drawn together, so that what they share cancels out."""

import msgspec
import numpy as np

from quantum_os.formulas.bootstrap import DAYS_MIN, interval, stationary_places, times_drawn
from quantum_os.formulas.drawn_ratios import drawn_sharpes
from quantum_os.formulas.statistics import mean
from quantum_os.kernel.chance import generator
from quantum_os.learning.report.sample import Sample

PURPOSE = "comparison.bootstrap"


class Paired(msgspec.Struct, frozen=True):
    """The days that both runs have: right less left, a day, with its interval; in fractions."""

    days: int
    mean: float | None
    interval: tuple[float, float] | None
    sharpe_interval: tuple[float, float] | None
    reason: str


def paired(left: Sample, right: Sample, seed: int) -> Paired:
    """Draws the days that both have, both runs' together, so that what they share cancels out."""
    before, after = (dict(zip(each.days, each.returns, strict=True)) for each in (left, right))
    both = [day for day in before if day in after]
    ours, theirs = [before[day] for day in both], [after[day] for day in both]
    changes = [new - old for old, new in zip(ours, theirs, strict=True)]
    if len(both) < DAYS_MIN:
        why = f"an interval needs {DAYS_MIN} days in common, there are {len(both)}"
        return Paired(len(both), mean(changes), None, None, why)
    drawn = times_drawn(stationary_places(len(both), generator(seed, PURPOSE)))
    sharpes = drawn_sharpes(drawn, theirs) - drawn_sharpes(drawn, ours)
    means = drawn @ np.asarray(changes) / len(both)
    return Paired(len(both), mean(changes), interval(means), interval(sharpes), "")
