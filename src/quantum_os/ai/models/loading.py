"""Decides whether a model may serve: its bytes, features, parameters and answers are verified."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import numpy as np

from quantum_os.ai.models.artefact import Artefact, ArtefactRefused, read_artefact
from quantum_os.ai.models.core import BadParameters, Core
from quantum_os.ai.models.forest import Forest
from quantum_os.ai.models.logistic import Logistic
from quantum_os.ai.models.manifest import Family, Manifest
from quantum_os.ai.models.sequence import Sequence
from quantum_os.ai.models.served import ServedModel

TOLERANCE = 1e-9
"""How far an answer to the stored vector may lie from the stored answer: exp differs by libraries.
"""

SPREAD_MIN = 1e-4
"""Deviation that the raw answers to the stored vector must have on one side at least: a model that
says the same of everything knows nothing."""

Load = Callable[[Manifest, Mapping[str, bytes]], Core]

CORES: dict[Family, Load] = {
    Family.FOREST: Forest.load,
    Family.LOGISTIC: Logistic.load,
    Family.SEQUENCE: Sequence.load,
}


class Schema(msgspec.Struct, frozen=True):
    """The features that are served, in order, and the hash of their formulas."""

    names: tuple[str, ...]
    hash: str


def load_model(folder: Path, schema: Schema | None = None) -> ServedModel:
    """Reads a model and lets it serve, or raises ArtefactRefused with the reason.

    With a `schema` every feature must be served, under the same formulas.
    """
    artefact = read_artefact(folder)
    if schema is not None:
        refuse_other_schema(artefact, schema)
    return admitted(artefact)


def admitted(artefact: Artefact) -> ServedModel:
    """Builds a model from verified bytes and holds it against its stored vector."""
    model = unverified(artefact)
    _refuse_other_answers(artefact, model)
    return model


def unverified(artefact: Artefact) -> ServedModel:
    """Builds a model without asking it anything: for who makes one. Raises ArtefactRefused."""
    manifest = artefact.manifest
    load = CORES.get(manifest.family)
    if load is None:
        raise ArtefactRefused(f"{_named(artefact)}: {manifest.family} gives no probabilities")
    if len(manifest.calibration) != 2:
        raise ArtefactRefused(f"{_named(artefact)}: it needs one calibration per side")
    try:
        return ServedModel(artefact.id, manifest, load(manifest, artefact.files))
    except (BadParameters, KeyError) as error:
        raise ArtefactRefused(f"{_named(artefact)}: {error}") from error


def refuse_other_schema(artefact: Artefact, schema: Schema) -> None:
    """Raises ArtefactRefused for a feature that is not served, or that is computed otherwise."""
    missing = [name for name in artefact.manifest.features if name not in schema.names]
    if missing:
        raise ArtefactRefused(
            f"{_named(artefact)}: it needs features that are not served: {', '.join(missing)}"
        )
    if artefact.manifest.schema_hash != schema.hash:
        raise ArtefactRefused(
            f"{_named(artefact)}: it was trained on feature schema "
            f"{artefact.manifest.schema_hash}, served is {schema.hash}; train again"
        )


def _refuse_other_answers(artefact: Artefact, model: ServedModel) -> None:
    sample, name = artefact.manifest.sample, _named(artefact)
    try:
        inputs = np.array(sample.inputs, dtype=np.float64)
        expected = np.array(sample.outputs, dtype=np.float64)
        given, raw = model.predict_proba(inputs), model.raw_proba(inputs)
    except ValueError as error:
        raise ArtefactRefused(f"{name}: its stored vector does not fit it: {error}") from error
    if not len(given) or expected.shape != given.shape:
        raise ArtefactRefused(f"{name}: its stored vector has no answers, or of another shape")
    away = float(np.abs(given - expected).max())
    if not away <= TOLERANCE:
        raise ArtefactRefused(
            f"{name}: it does not give the stored answers (one is {away:.3g} away): "
            "wrong library, wrong call, or parameters that are not numbers"
        )
    if not raw.std(axis=0).max() >= SPREAD_MIN:
        raise ArtefactRefused(f"{name}: it says the same of everything (constant model)")


def _named(artefact: Artefact) -> str:
    return f"model {artefact.manifest.name} {artefact.id[:12]}"
