"""How a dataset is walked through: every fold fitted and asked, and then all rows fitted."""

from collections.abc import Callable

import msgspec
import numpy as np

from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.fits import Fits
from quantum_os.learning.training.folds import Fold, walk_forward
from quantum_os.learning.training.models.lesson import Lesson, places_of
from quantum_os.learning.training.recipe import Progress, Recipe
from quantum_os.learning.training.walk import FoldFits, Voices, asked, fitted, usual, voices


class Walked(msgspec.Struct, frozen=True):
    """The folds with their fits, and the lesson and fits over all rows at the end.

    `lessons` and `fits` have one entry more than `folds` where the walk went to the end.
    """

    folds: tuple[Fold, ...]
    fits: tuple[FoldFits, ...]
    lessons: tuple[Lesson, ...]
    heard: Voices


def walked(
    data: Dataset, recipe: Recipe, fits: Fits, progress: Progress, *, to_the_end: bool = True
) -> Walked:
    """Fits and asks; `to_the_end` also fits all rows, for what comes after the data."""
    folds = tuple(walk_forward(data, folds=recipe.folds))
    places = places_of(data, max(fitter.depth for fitter in recipe.families))
    learnt = [fold.train for fold in folds]
    if to_the_end:
        learnt.append(np.arange(len(data), dtype=np.int64))
    lessons = tuple(Lesson(data, rows, places, recipe.seed) for rows in learnt)
    raw = {str(f.family): np.full(data.won.shape, np.nan) for f in recipe.families}
    like = np.zeros(len(data), np.bool_)
    sizes = np.cumsum([len(lesson.rows) for lesson in lessons])
    made = []
    for place, lesson in enumerate(lessons):
        done = float(sizes[place] - len(lesson.rows)) / float(sizes[-1])
        named = f"fold {place + 1} of {len(folds)}" if place < len(folds) else "all rows"
        progress(done, named)
        made.append(fitted(recipe.families, lesson, fits, _telling(progress, done, named)))
        if place < len(folds):
            test = folds[place].test
            for name, said in asked(made[-1], data, test, places).items():
                raw[name][test] = said
            like[test] = usual(made[-1], data, test)
    heard = voices(data, folds, raw, like, lessons[-1].label_bars)
    return Walked(folds, tuple(made), lessons, heard)


def _telling(progress: Progress, done: float, named: str) -> Callable[[str], None]:
    return lambda what: progress(done, f"{named}: {what}")
