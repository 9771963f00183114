"""What each model said of rows it had not seen, walking forward: raw, calibrated, and pooled.

The models of the first fold have no past answers to be calibrated on, so theirs only calibrate the
next; every later answer is calibrated and weighed on answers whose labels were known by then.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.artefact import Artefact
from quantum_os.ai.models.loading import admitted
from quantum_os.ai.models.novelty import admitted_novelty
from quantum_os.ai.models.pooling import pooled
from quantum_os.formulas.calibration import Calibrator, calibrated
from quantum_os.formulas.independent_outcomes import design_effect
from quantum_os.formulas.log_loss_gain import surprises
from quantum_os.formulas.pool_weights import pool_weights
from quantum_os.learning.training.dataset import LONG, SHORT, Dataset
from quantum_os.learning.training.fits import Fits
from quantum_os.learning.training.folds import Fold
from quantum_os.learning.training.models.calibrate import (
    MODEL_SLOPE,
    POOL_SLOPE,
    Evidence,
    calibrator_of,
)
from quantum_os.learning.training.models.lesson import Fitter, Lesson, inputs_at
from quantum_os.learning.training.models.novelty_fit import NoveltyFitter
from quantum_os.learning.training.paging import give_back

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Maps = tuple[Calibrator, Calibrator]

CHUNK_ROWS = 4_096
"""Rows asked at once: the windows of more would fill the memory."""

ASKED_FIRST = 1
"""The fold from which on answers are calibrated and count."""

Tell = Callable[[str], None]


class FoldFits(msgspec.Struct, frozen=True):
    """The uncalibrated models of one fold by name, and its veto."""

    models: Mapping[str, Artefact]
    novelty: Artefact


class Voices(msgspec.Struct, frozen=True):
    """What was said of every row of a dataset by name, [rows, 2]; NaN where nothing was.

    `maps` and `weights` hold one entry per fold, and one more for what comes after the data.
    """

    said: Mapping[str, Floats]
    maps: Mapping[str, tuple[Maps, ...]]
    weights: tuple[tuple[float, ...], ...]


ENSEMBLE = "ensemble"


def fitted(fitters: Sequence[Fitter], lesson: Lesson, fits: Fits, tell: Tell) -> FoldFits:
    """Fits every family, and the veto, on one lesson."""
    models = {}
    for fitter in fitters:
        models[str(fitter.family)] = fits.of(fitter, lesson)
        tell(str(fitter.family))
    veto = fits.of(NoveltyFitter(), lesson)
    tell(str(veto.manifest.family))
    return FoldFits(models, veto)


def asked(fold: FoldFits, data: Dataset, rows: Rows, places: Rows) -> dict[str, Floats]:
    """What the models of a fold say of rows before calibration, by name, [rows, 2]."""
    answers = {}
    for name, artefact in fold.models.items():
        model = admitted(artefact)
        window = places[:, places.shape[1] - model.manifest.depth :]
        parts = np.array_split(rows, max(1, len(rows) // CHUNK_ROWS))
        said = [model.raw_proba(inputs_at(data, window[part])) for part in parts]
        answers[name] = np.concatenate(said)
        give_back(data.x)
    return answers


def usual(fold: FoldFits, data: Dataset, rows: Rows) -> NDArray[np.bool_]:
    """[rows]: which of the rows are like those that the fold has seen."""
    veto = admitted_novelty(fold.novelty)
    parts = np.array_split(rows, max(1, len(rows) // CHUNK_ROWS))
    like = np.concatenate([veto.odds(data.x[part]) > veto.level for part in parts])
    give_back(data.x)
    return like


def voices(
    data: Dataset,
    folds: Sequence[Fold],
    raw: Mapping[str, Floats],
    like: NDArray[np.bool_],
    label_bars: float,
) -> Voices:
    """Calibrates, weighs and pools what was said raw [rows, 2], fold by fold, on past answers.

    The ensemble is calibrated on past raw answers as today's maps and weights would pool them.
    """
    said = {name: np.full(data.won.shape, np.nan) for name in (*raw, ENSEMBLE)}
    maps: dict[str, list[Maps]] = {name: [] for name in said}
    weights: list[tuple[float, ...]] = []
    for place in range(len(folds) + 1):
        test = folds[place].test if place < len(folds) else np.zeros(0, np.int64)
        past = _past(data, folds[:place], test)
        counted = past[np.isin(past, _tests(folds[ASKED_FIRST:place]))]
        for name, each in raw.items():
            maps[name].append(_maps(each, data, past, label_bars, MODEL_SLOPE))
            if place >= ASKED_FIRST:
                said[name][test] = _mapped(each[test], maps[name][-1])
        weights.append(_weights([said[name] for name in raw], data, counted, label_bars))
        together = np.full(data.won.shape, np.nan)
        for rows in (past, test):
            answers = [_mapped(each[rows], maps[name][-1]) for name, each in raw.items()]
            together[rows] = pooled(answers, weights[-1])
        maps[ENSEMBLE].append(_maps(together, data, past, label_bars, POOL_SLOPE))
        if place >= ASKED_FIRST:
            mapped = _mapped(together[test], maps[ENSEMBLE][-1])
            said[ENSEMBLE][test] = np.where(like[test, None], mapped, np.nan)
    return Voices(said, {name: tuple(each) for name, each in maps.items()}, tuple(weights))


def _past(data: Dataset, folds: Sequence[Fold], test: Rows) -> Rows:
    """Rows that were asked about before and whose labels were known when the test begins."""
    rows = _tests(folds)
    if not len(test):
        return rows
    known: Rows = rows[data.ends[rows].max(axis=1) < data.bar_close[test[0]]]
    return known


def _tests(folds: Sequence[Fold]) -> Rows:
    rows: Rows = np.concatenate([np.zeros(0, np.int64), *(fold.test for fold in folds)])
    return rows


def _maps(said: Floats, data: Dataset, past: Rows, label_bars: float, slope: float) -> Maps:
    known = past[~np.isnan(said[past]).any(axis=1)]
    worth = independent_outcomes(data, known, label_bars)
    long, short = (
        calibrator_of(Evidence(said[known, side], data.won[known, side], worth), slope)
        for side in (LONG, SHORT)
    )
    return long, short


def independent_outcomes(data: Dataset, rows: Rows, label_bars: float) -> float:
    """How many outcomes these rows are worth when those that say the same again are not counted.

    A label speaks once in its life. Symbols of one bar count as little as their outcomes agree.
    """
    if not len(rows):
        return 0.0
    effects = [design_effect(data.bar_close[rows], data.won[rows, side]) for side in (LONG, SHORT)]
    return len(rows) / label_bars / max(effects)


def _mapped(said: Floats, maps: Maps) -> Floats:
    return np.stack([calibrated(said[:, side], by) for side, by in enumerate(maps)], axis=1)


def _weights(
    said: Sequence[Floats], data: Dataset, past: Rows, label_bars: float
) -> tuple[float, ...]:
    """Weighs the members on rows that all of them answered."""
    known = past
    for each in said:
        known = known[~np.isnan(each[known]).any(axis=1)]
    if not len(known):
        return pool_weights([0.0] * len(said), 0)
    won = data.won[known]
    base = surprises(np.broadcast_to(won.mean(axis=0), won.shape), won).mean()
    gains = [float(base - surprises(each[known], won).mean()) for each in said]
    return pool_weights(gains, independent_outcomes(data, known, label_bars))
