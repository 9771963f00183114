"""EDGE. How a fitted model becomes an artefact: a folder named by its content, whole or absent."""

import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.artefact import Artefact, ArtefactRefused, read_artefact
from quantum_os.ai.models.loading import unverified
from quantum_os.ai.models.manifest import (
    MANIFEST,
    DataSpan,
    Family,
    FileHash,
    Manifest,
    Sample,
    encoded,
)
from quantum_os.ai.models.novelty import unverified_novelty
from quantum_os.formulas.calibration import Calibrator, Platt
from quantum_os.formulas.drift import Reference
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.models.lesson import Fitter, Lesson, inputs_at, step_of

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

SAMPLE_ROWS = 16
"""Rows of the stored vector, spread over all that was learnt from."""

AS_SAID = Platt(slope=1.0, offset=0.0, n=0, wins=0)
"""The calibration that changes nothing, as long as no outcome is known."""


class Making(msgspec.Struct, frozen=True):
    """What of an artefact is not in its files: where it comes from and how well it did."""

    code_hash: str
    calibration: tuple[Calibrator, ...] = (AS_SAID, AS_SAID)
    metrics: Mapping[str, float | None] = {}
    reference: Reference | None = None


def artefact_of(
    fitter: Fitter, lesson: Lesson, files: Mapping[str, bytes], making: Making
) -> Artefact:
    """Makes an artefact in memory, with the answers that a model of these very bytes gives.

    Raises ArtefactRefused for a model that could not be loaded either.
    """
    inputs = _sample_inputs(fitter, lesson)
    blank = _manifest(fitter, lesson, files, making)
    sample = Sample(inputs=_rows(inputs), outputs=_rows(_answers(blank, files, inputs)))
    manifest = msgspec.structs.replace(blank, sample=sample)
    return Artefact(sha256(encoded(manifest)).hexdigest(), manifest, files)


def write_artefact(root: Path, artefact: Artefact) -> Path:
    """Writes an artefact below `root` and gives its folder; a sound one that is there is kept.

    It is written beside its place and then renamed, so that nobody ever finds half of it.
    """
    folder = root / artefact.id
    if _is_sound(folder):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    making = root / f".{artefact.id}.making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    for name, content in artefact.files.items():
        (making / name).write_bytes(content)
    (making / MANIFEST).write_bytes(encoded(artefact.manifest))
    making.rename(folder)
    return folder


def _is_sound(folder: Path) -> bool:
    try:
        read_artefact(folder)
    except ArtefactRefused:
        return False
    return True


def _manifest(
    fitter: Fitter, lesson: Lesson, files: Mapping[str, bytes], making: Making
) -> Manifest:
    hashes = (FileHash(name, sha256(files[name]).hexdigest()) for name in sorted(files))
    return Manifest(
        family=fitter.family,
        name=fitter.family.value,
        features=lesson.data.names,
        schema_hash=lesson.data.schema_hash,
        depth=fitter.depth,
        step_ns=step_of(lesson.data),
        parameters=dict(fitter.parameters),
        seed=lesson.seed,
        code_hash=making.code_hash,
        data=span_of(lesson.data, lesson.rows),
        metrics=dict(making.metrics),
        calibration=() if fitter.family is Family.NOVELTY else making.calibration,
        sample=Sample(inputs=(), outputs=()),
        files=tuple(hashes),
        reference=making.reference,
    )


def span_of(data: Dataset, rows: Rows) -> DataSpan:
    """Says which rows were learnt from, and until when they know the market."""
    return DataSpan(
        start=int(data.bar_close[rows].min()),
        end=int(data.bar_close[rows].max()),
        labels_until=int(data.ends[rows].max()),
        rows=len(rows),
        data_hash=data.data_hash,
    )


def _sample_inputs(fitter: Fitter, lesson: Lesson) -> Floats:
    known = lesson.of_depth(fitter.depth)
    chosen = np.linspace(0, len(known.rows) - 1, SAMPLE_ROWS).astype(np.int64)
    return inputs_at(lesson.data, known.places[known.rows[chosen]])


def _answers(blank: Manifest, files: Mapping[str, bytes], inputs: Floats) -> Floats:
    """Asks the model before its answers are known: only that comparison is left out."""
    unanswered = Artefact("", blank, files)
    if blank.family is Family.NOVELTY:
        return unverified_novelty(unanswered).odds(inputs)[:, None]
    return unverified(unanswered).predict_proba(inputs)


def _rows(values: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in values.tolist())
