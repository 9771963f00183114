"""How much of a result is the one path that history took: the same models over many paths.

Combinatorial purged cross-validation: every choice of two out of ten spans of time is asked about
by models that were fitted on the rest, so that nine whole histories come out. Later data teaches
the models of earlier spans here, which no fund could have: it says how results scatter, not what
was to be had. Source: M. Lopez de Prado, Advances in Financial Machine Learning (2018), chapter 12.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.loading import admitted
from quantum_os.ai.models.manifest import Family
from quantum_os.ai.models.pooling import pooled
from quantum_os.events.governance import DecisionPolicy
from quantum_os.formulas.calibration import calibrated
from quantum_os.formulas.log_loss_gain import surprises
from quantum_os.formulas.overfitting import overfitting
from quantum_os.learning.training.dataset import SIDES, Dataset
from quantum_os.learning.training.fits import Fits
from quantum_os.learning.training.folds import Fold, TooLittleHistory, combinatorial
from quantum_os.learning.training.leakage import rows_of
from quantum_os.learning.training.models.calibrate import MODEL_SLOPE, Evidence, calibrator_of
from quantum_os.learning.training.models.lesson import Fitter, Lesson, NothingToLearn
from quantum_os.learning.training.path_report import PathResult, Paths
from quantum_os.learning.training.recipe import Progress, Recipe
from quantum_os.learning.training.scores import trades_of
from quantum_os.learning.training.trading_rule import edges, taken, worth_of

Floats = NDArray[np.float64]

ROWS_MAX = 60_000
"""Every so many bars are left out that no more rows remain; labels that overlap say it again."""
BLOCKS, TEST_BLOCKS = 10, 2
FAMILIES = (Family.FOREST, Family.LOGISTIC)
"""The families that see one bar, which need no bars beside each other and are fitted in seconds."""
TOGETHER = "together"
REFUSALS = (TooLittleHistory, NothingToLearn)


def paths_of(data: Dataset, recipe: Recipe, fits: Fits, progress: Progress) -> Paths | None:
    """Fits on every choice of spans; None where the recipe has none of the families."""
    fitters = [fitter for fitter in recipe.families if fitter.family in FAMILIES]
    if not fitters:
        return None
    every = every_bars(data)
    thin = thinned(data, every)
    try:
        folds = list(combinatorial(thin, blocks=BLOCKS, test_blocks=TEST_BLOCKS))
        said, edge = _asked(thin, folds, fitters, recipe, fits, progress)
    except REFUSALS as error:
        return Paths(BLOCKS, TEST_BLOCKS, 0, len(thin), every, {}, (), str(error))
    models: dict[str, list[PathResult]] = {name: [] for name in said}
    chances = []
    for path in range(next(iter(said.values())).shape[0]):
        rows = np.arange(len(thin), dtype=np.int64)
        daily = []
        for name, answers in said.items():
            result, days = _judged(thin, rows, answers[path], edge[name][path], recipe.seed)
            models[name].append(result)
            daily.append(days)
        chosen = overfitting(np.array(daily).T)
        chances.append(None if chosen is None else chosen.pbo)
    return Paths(
        blocks=BLOCKS,
        test_blocks=TEST_BLOCKS,
        fits=len(folds) * len(fitters),
        rows=len(thin),
        every_bars=every,
        models={name: tuple(each) for name, each in models.items()},
        pbo=tuple(chances),
    )


def every_bars(data: Dataset) -> int:
    """One bar in how many is taken, so that `ROWS_MAX` rows remain at most."""
    return max(1, -(-len(data) // ROWS_MAX))


def thinned(data: Dataset, every: int) -> Dataset:
    """One bar in `every`, with all its symbols."""
    if every == 1:
        return data
    bars = np.unique(data.bar_close)[::every]
    return rows_of(data, np.flatnonzero(np.isin(data.bar_close, bars)))


def _asked(
    data: Dataset,
    folds: Sequence[Fold],
    fitters: Sequence[Fitter],
    recipe: Recipe,
    fits: Fits,
    progress: Progress,
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """By model [paths, rows, 2]: what was said of each row on each path, and its edge."""
    paths = 1 + max(int(fold.path.max()) for fold in folds)
    names = [*(str(fitter.family) for fitter in fitters), TOGETHER]
    said = {name: np.full((paths, len(data), SIDES), np.nan) for name in names}
    edge = {name: np.full((paths, len(data), SIDES), np.nan) for name in names}
    alone = np.arange(len(data), dtype=np.int64)[:, None]
    for place, fold in enumerate(folds):
        progress(place / len(folds), f"paths: choice {place + 1} of {len(folds)}")
        lesson = Lesson(data, fold.train, alone, recipe.seed)
        for name, answers in _answers(lesson, fold, fitters, fits).items():
            said[name][fold.path, fold.test] = answers
            edge[name][fold.path, fold.test] = _edges(data, fold, answers, recipe.policy)
    return said, edge


def _answers(
    lesson: Lesson, fold: Fold, fitters: Sequence[Fitter], fits: Fits
) -> dict[str, Floats]:
    """[test rows, 2] by model: half of what it says is believed, as before any outcome."""
    half = calibrator_of(Evidence(np.zeros(0), np.zeros(0, np.bool_), 0.0), MODEL_SLOPE)
    answers = {}
    for fitter in fitters:
        model = admitted(fits.of(fitter, lesson))
        raw = model.raw_proba(lesson.data.x[fold.test])
        answers[str(fitter.family)] = calibrated(raw.ravel(), half).reshape(raw.shape)
    alike = [1.0 / len(answers)] * len(answers)
    answers[TOGETHER] = pooled(list(answers.values()), alike)
    return answers


def _edges(data: Dataset, fold: Fold, answers: Floats, policy: DecisionPolicy) -> Floats:
    return edges(answers, data.cost_r[fold.test], worth_of(data, fold.train, policy), policy)


def _judged(
    data: Dataset, rows: NDArray[np.int64], said: Floats, edge: Floats, seed: int
) -> tuple[PathResult, tuple[float, ...]]:
    took = taken(data, rows, edge)
    made = trades_of(data, rows, took, seed)
    base = surprises(np.broadcast_to(data.won.mean(axis=0), said.shape), data.won)
    result = PathResult(
        gain=float((base - surprises(said, data.won)).mean()),
        trades=made.trades,
        expectancy_r=made.expectancy_r,
        total_r=float(sum(made.daily)),
        sharpe=made.sharpe,
    )
    return result, made.daily
