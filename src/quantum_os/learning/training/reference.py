"""What drift is held against: how the features of a lesson and past answers were spread."""

import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.drift import (
    COUNTED_EVERY,
    Reference,
    Spread,
    is_counted,
    spread_of,
)
from quantum_os.learning.training.models.lesson import Lesson, step_of
from quantum_os.learning.training.paging import give_back

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

STRETCH_BARS = 168
"""Bars that are held against the lesson at once, as long as its own stretches: a week of hours."""

ROWS_MAX = 200_000
"""Rows that quantiles are taken of; of more, whole stretches are left out evenly."""


def feature_spreads(lesson: Lesson) -> tuple[Spread, ...]:
    """Measures every feature of the counted rows of a lesson, in their order."""
    data = lesson.data
    counted = _counted(lesson, lesson.rows)
    stretch = _stretches(lesson, counted)
    keep = _thinned(stretch)
    rows, places = counted[keep], stretch[keep]
    spreads = tuple(spread_of(data.x[rows, column], places) for column in range(len(data.names)))
    give_back(data.x)
    return spreads


def reference_of(lesson: Lesson, features: tuple[Spread, ...], said: Floats) -> Reference:
    """Puts those answers [all rows, 2] beside it that were given out of sample by then.

    Of each row the more probable side counts, as it is what a model votes for.
    """
    data = lesson.data
    until = int(data.bar_close[lesson.rows].max())
    answered = np.flatnonzero(~np.isnan(said).any(axis=1) & (data.bar_close <= until))
    asked = _counted(lesson, answered)
    spread = None
    if len(asked):
        spread = spread_of(said[asked].max(axis=1), _stretches(lesson, asked))
    return Reference(
        bars=STRETCH_BARS // COUNTED_EVERY,
        features=features,
        said=spread,
        every_ns=_every_ns(lesson),
    )


def _every_ns(lesson: Lesson) -> int:
    return COUNTED_EVERY * step_of(lesson.data)


def _counted(lesson: Lesson, rows: Rows) -> Rows:
    counted: Rows = rows[is_counted(lesson.data.bar_close[rows], _every_ns(lesson))]
    return counted


def _stretches(lesson: Lesson, rows: Rows) -> Rows:
    """[rows]: the number of the stretch of bars that each row lies in."""
    stretch: Rows = lesson.data.bar_close[rows] // (STRETCH_BARS * step_of(lesson.data))
    return stretch


def _thinned(stretch: Rows) -> NDArray[np.bool_]:
    every = max(1, -(-len(stretch) // ROWS_MAX))
    _, number = np.unique(stretch, return_inverse=True)
    keep: NDArray[np.bool_] = number % every == 0
    return keep
