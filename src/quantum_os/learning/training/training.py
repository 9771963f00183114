"""How a dataset becomes an ensemble: fits, answers out of sample, calibration, weights, artefacts.

The same dataset, seed and code give the same bytes, and an interrupted training goes on.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.artefact import Artefact
from quantum_os.ai.models.ensemble import (
    ARTEFACTS,
    CARD,
    EnsembleCard,
    Era,
    Member,
    load_ensemble,
)
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.training.artefact_writing import Making, artefact_of, write_artefact
from quantum_os.learning.training.dataset import LONG, SHORT, Dataset
from quantum_os.learning.training.evaluation import Evaluation, evaluated
from quantum_os.learning.training.fits import Fits
from quantum_os.learning.training.importances import importances
from quantum_os.learning.training.leak_report import LeakTest
from quantum_os.learning.training.leak_tests import leak_tests
from quantum_os.learning.training.models.lesson import Lesson, step_of
from quantum_os.learning.training.models.novelty_fit import NoveltyFitter
from quantum_os.learning.training.path_report import Paths
from quantum_os.learning.training.paths import paths_of
from quantum_os.learning.training.places import FITS, REPORT
from quantum_os.learning.training.recipe import Progress, Recipe, part_of
from quantum_os.learning.training.reference import feature_spreads, reference_of
from quantum_os.learning.training.report import ASSUMPTIONS, ModelReport, TrainingReport, verdict
from quantum_os.learning.training.scores import probabilities_of
from quantum_os.learning.training.trading_rule import unselected_r, worth_of
from quantum_os.learning.training.walk import ASKED_FIRST, ENSEMBLE, Maps
from quantum_os.learning.training.walked import Walked, walked
from quantum_os.learning.trials import TrialLedger

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

SHARES = (0.75, 0.88, 0.99)
"""Of the work: until the models are scored, the leak tests are done, the paths are."""


_SAID = ("log_loss", "base_log_loss", "ece", "brier")
"""Figures of probabilities that an artefact keeps."""


class _Outcome(msgspec.Struct, frozen=True):
    """What a report is made of, besides the data and how they were walked through."""

    evaluation: Evaluation
    card: EnsembleCard
    leakage: tuple[LeakTest, ...]
    paths: Paths | None


def train(
    data: Dataset, recipe: Recipe, folder: Path, ledger: TrialLedger, progress: Progress
) -> TrainingReport:
    """Trains on a dataset and writes artefacts, ensemble and report into `folder`.

    Raises TooLittleHistory or NothingToLearn where the data is too short, and ArtefactRefused for a
    model that came out unfit to serve.
    """
    fits = Fits(folder / FITS, recipe.code_hash)
    main, tried, last = SHARES
    walk = walked(data, recipe, fits, part_of(progress, 0.0, main))
    evaluation = evaluated(
        data,
        walk.folds,
        walk.heard,
        importances(walk.fits[-2], data, walk.folds[-1].test, walk.lessons[-1].places),
        policy=recipe.policy,
        seed=recipe.seed,
        config_hash=recipe.config_hash,
        ledger=ledger,
        tried=recipe.tried,
    )
    progress(main, "scores")
    card = _written(data, recipe, walk, evaluation, folder)
    leakage: tuple[LeakTest, ...] = ()
    if recipe.leakage:
        heard = part_of(progress, main, tried)
        leakage = leak_tests(data, recipe, folder / FITS, heard)
    paths = None
    if recipe.paths:
        paths = paths_of(data, recipe, fits, part_of(progress, tried, last))
    report = _report(data, recipe, walk, _Outcome(evaluation, card, leakage, paths))
    (folder / REPORT).write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    load_ensemble(folder)  # what could not serve was not made
    shutil.rmtree(folder / FITS)
    progress(1.0, "report")
    return report


def _written(
    data: Dataset, recipe: Recipe, walked: Walked, evaluation: Evaluation, folder: Path
) -> EnsembleCard:
    """Writes the calibrated models of every era that may serve, and who serves when."""
    eras = tuple(
        _era(data, recipe, walked, evaluation.models, place, folder / ARTEFACTS)
        for place in range(ASKED_FIRST, len(walked.lessons))
    )
    card = EnsembleCard(
        features=data.names,
        schema_hash=data.schema_hash,
        step_ns=step_of(data),
        horizon_h=recipe.policy.horizon_h,
        data_hash=data.data_hash,
        seed=recipe.seed,
        code_hash=recipe.code_hash,
        eras=eras,
    )
    (folder / CARD).write_bytes(msgspec.json.format(msgspec.json.encode(card)) + b"\n")
    return card


def _era(
    data: Dataset,
    recipe: Recipe,
    walked: Walked,
    models: Sequence[ModelReport],
    place: int,
    root: Path,
) -> Era:
    fits, lesson, heard = walked.fits[place], walked.lessons[place], walked.heard
    last = place == len(walked.folds)
    metrics = (
        {model.name: _metrics(model) for model in models}
        if last
        else _known_metrics(data, walked, place, recipe.seed)
    )
    members = []
    spreads = feature_spreads(lesson)
    for fitter, weight in zip(recipe.families, heard.weights[place], strict=True):
        name = str(fitter.family)
        making = Making(
            code_hash=recipe.code_hash,
            calibration=heard.maps[name][place],
            metrics=metrics.get(name, {}),
            reference=reference_of(lesson, spreads, heard.said[name]),
        )
        made = artefact_of(fitter, lesson, fits.models[name].files, making)
        members.append(Member(name, write_artefact(root, made).name, weight))
    until = int(data.ends[lesson.rows].max())
    worth = worth_of(data, lesson.rows, recipe.policy)
    test = data.bar_close[walked.folds[place].test] if not last else np.zeros(0, np.int64)
    return Era(
        labels_until=until,
        serves_from=until + 1 if last else int(test[0]),
        serves_until=None if last else int(test[-1]),
        members=tuple(members),
        novelty=write_artefact(root, _veto(lesson, fits.novelty, recipe)).name,
        calibration=_both(heard.maps[ENSEMBLE][place]),
        gain_r=worth.gain_r,
        loss_r=worth.loss_r,
    )


def _veto(lesson: Lesson, novelty: Artefact, recipe: Recipe) -> Artefact:
    return artefact_of(NoveltyFitter(), lesson, novelty.files, Making(recipe.code_hash))


def _both(maps: Maps) -> Maps:
    return maps[LONG], maps[SHORT]


def _metrics(model: ModelReport) -> Mapping[str, float | None]:
    """What an artefact says of how its family did out of sample.

    Nothing that counts trials is in it: a ledger would change the bytes of the same model.
    """
    return {name: getattr(model, name) for name in (*_SAID, "expectancy_r")}


def _known_metrics(
    data: Dataset, walked: Walked, place: int, seed: int
) -> dict[str, Mapping[str, float | None]]:
    """How each family did out of sample as far as it was known when the fold at `place` began.

    Only answers to folds before it count, and of those the ones whose labels had ended; empty where
    there is none.
    """
    asked = [fold.test for fold in walked.folds[ASKED_FIRST:place]]
    rows = np.concatenate([np.zeros(0, np.int64), *asked])
    began = int(data.bar_close[walked.folds[place].test[0]])
    rows = rows[data.ends[rows].max(axis=1) < began]
    said = {name: each for name, each in walked.heard.said.items() if name != ENSEMBLE}
    scored = {name: probabilities_of(data, rows, each, seed) for name, each in said.items()}
    return {
        name: {field: getattr(each, field) for field in _SAID}
        for name, each in scored.items()
        if each is not None
    }


def _report(data: Dataset, recipe: Recipe, walked: Walked, outcome: _Outcome) -> TrainingReport:
    evaluation = outcome.evaluation
    rows = np.concatenate([fold.test for fold in walked.folds[ASKED_FIRST:]])
    long, short = unselected_r(data, rows)
    weights = zip(recipe.families, walked.heard.weights[-1], strict=True)
    ensemble = next(model for model in evaluation.models if model.name == ENSEMBLE)
    eras = outcome.card.eras
    named = {m.artefact for era in eras for m in era.members} | {e.novelty for e in eras}
    return TrainingReport(
        verdict=verdict(ensemble, outcome.leakage, synthetic=recipe.synthetic),
        synthetic=recipe.synthetic,
        data_hash=data.data_hash,
        config_hash=recipe.config_hash,
        schema_hash=data.schema_hash,
        code_hash=recipe.code_hash,
        seed=recipe.seed,
        horizon_h=recipe.policy.horizon_h,
        start=iso(int(data.bar_close[0])),
        end=iso(int(data.bar_close[-1])),
        asked_from=iso(int(data.bar_close[rows[0]])),
        symbols=data.symbols,
        features=len(data.names),
        rows=len(data),
        dropped=dict(data.dropped),
        folds=len(walked.folds),
        trials=evaluation.trials,
        tried=recipe.tried,
        pbo=evaluation.pbo,
        unselected_long_r=long,
        unselected_short_r=short,
        weights={str(fitter.family): weight for fitter, weight in weights},
        leakage=outcome.leakage,
        paths=outcome.paths,
        assumptions=ASSUMPTIONS,
        ensemble=ensemble,
        models=tuple(m for m in evaluation.models if m is not ensemble),
        artefacts=tuple(sorted(named)),
    )
