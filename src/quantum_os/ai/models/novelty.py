"""Decides whether a row is too unlike anything a model has seen to be answered at all.

The score is the distance from the usual row, measured along the directions in which rows usually
vary (Mahalanobis). How far is too far is calibrated on rows that the score was not fitted on, so
that among rows like those the veto falls on a known share (`formulas/conformal.py`).
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.artefact import Artefact, ArtefactRefused, read_artefact
from quantum_os.ai.models.core import BadParameters
from quantum_os.ai.models.exact_products import on_weight_grid
from quantum_os.ai.models.manifest import Family, Manifest
from quantum_os.ai.models.scaling import Scaling
from quantum_os.formulas.conformal import conformal_limit, conformal_p
from quantum_os.kernel.unreadable import UNREADABLE

Floats = NDArray[np.float64]

FILE = "distance.json"

TOLERANCE = 1e-9

_STEP = 2.0**-10
_FAR = 1024.0
"""Whitened inputs are held on a grid and below this, so that the sum of their squares is exact."""


class DistanceWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written: `whitening[feature][direction]` on scaled features, and the rising scores of
    the rows that calibrated it. `level` is the share of usual rows that is vetoed.
    """

    scaling: Scaling
    whitening: tuple[tuple[float, ...], ...]
    known: tuple[float, ...]
    level: float


class Novelty:
    """The veto over one set of features."""

    def __init__(self, identity: str, manifest: Manifest, read: DistanceWeights) -> None:
        self.id = identity
        self.manifest = manifest
        self._scaling = read.scaling
        self._whitening = np.array(read.whitening)
        self._known = np.array(read.known)
        self.level = read.level
        self.limit = conformal_limit(self._known, read.level)

    @classmethod
    def load(cls, identity: str, manifest: Manifest, files: Mapping[str, bytes]) -> "Novelty":
        """Reads the score; raises BadParameters for wrong shapes, NaN, or scores out of order."""
        try:
            read = msgspec.json.decode(files[FILE], type=DistanceWeights)
            whitening = np.array(read.whitening, dtype=np.float64)
        except (*UNREADABLE, ValueError) as error:
            raise BadParameters(f"{FILE}: {error}") from error
        read.scaling.checked(manifest.width)
        if whitening.shape != (manifest.width, manifest.width) or not on_weight_grid(whitening):
            raise BadParameters(f"{FILE}: a whitening of another shape, NaN, or off its grid")
        known = np.array(read.known)
        if not len(known) or not (np.diff(known) >= 0).all() or not 0.0 < read.level < 1.0:
            raise BadParameters(f"{FILE}: its known scores do not rise, or its level is no share")
        return cls(identity, manifest, read)

    def scores(self, x: Floats) -> Floats:
        """[rows]: the squared distance from the usual row; NaN where an input is unknown."""
        return distances(self._scaling.applied(x), self._whitening)

    def odds(self, x: Floats) -> Floats:
        """[rows]: the share of usual rows that are as far away; NaN where an input is unknown."""
        return conformal_p(self.scores(x), self._known)

    def vetoes(self, x: Floats) -> tuple[str | None, ...]:
        """Says for each row why it must not be answered; None for a usual one."""
        return tuple(map(self._words, self.odds(x).tolist()))

    def _words(self, odds: float) -> str | None:
        if odds != odds:
            return "an input is unknown"
        if odds > self.level:
            return None
        return f"unlike what was seen: {odds:.2%} of usual rows are as far, limit {self.level:.2%}"


def distances(scaled: Floats, whitening: Floats) -> Floats:
    """[rows]: squared lengths of scaled rows [rows, F] along the columns of [F, F]; NaN stays."""
    along = np.clip(np.rint(scaled @ whitening / _STEP) * _STEP, -_FAR, _FAR)
    summed: Floats = (along * along).sum(axis=1)
    return summed


def load_novelty(folder: Path) -> Novelty:
    """Reads and verifies a veto; raises ArtefactRefused with the reason."""
    return admitted_novelty(read_artefact(folder))


def admitted_novelty(artefact: Artefact) -> Novelty:
    """Builds the veto from verified bytes and holds it against its stored vector."""
    read = unverified_novelty(artefact)
    sample = artefact.manifest.sample
    try:
        given = read.odds(np.array(sample.inputs, dtype=np.float64))
        away = float(np.abs(given - np.array(sample.outputs, dtype=np.float64)[:, 0]).max())
    except (ValueError, IndexError) as error:
        raise ArtefactRefused(f"{_named(artefact)}: its stored vector: {error}") from error
    if not away <= TOLERANCE:
        raise ArtefactRefused(
            f"{_named(artefact)}: it does not give the stored answers ({away:.3g} away)"
        )
    return read


def unverified_novelty(artefact: Artefact) -> Novelty:
    """Builds the veto without asking it anything: for who makes one. Raises ArtefactRefused."""
    if artefact.manifest.family is not Family.NOVELTY:
        raise ArtefactRefused(f"{_named(artefact)}: its family is {artefact.manifest.family}")
    try:
        return Novelty.load(artefact.id, artefact.manifest, artefact.files)
    except (BadParameters, KeyError) as error:
        raise ArtefactRefused(f"{_named(artefact)}: {error}") from error


def _named(artefact: Artefact) -> str:
    return f"novelty veto {artefact.id[:12]}"
