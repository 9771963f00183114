"""How a regularised logistic regression serves: a weighted sum of scaled features per side."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.core import BadParameters
from quantum_os.ai.models.exact_products import on_weight_grid
from quantum_os.ai.models.manifest import Manifest
from quantum_os.ai.models.scaling import Scaling
from quantum_os.kernel.unreadable import UNREADABLE

Floats = NDArray[np.float64]

FILE = "weights.json"


class LogisticWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written: `weights[side][feature]` on scaled features, and an offset per side."""

    scaling: Scaling
    weights: tuple[tuple[float, ...], tuple[float, ...]]
    offsets: tuple[float, float]


class Logistic:
    """One logistic regression per side."""

    def __init__(self, read: LogisticWeights) -> None:
        self._scaling = read.scaling
        self._weights = np.ascontiguousarray(np.array(read.weights).T)
        self._offsets = np.array(read.offsets)

    @classmethod
    def load(cls, manifest: Manifest, files: Mapping[str, bytes]) -> "Logistic":
        """Reads the weights; raises BadParameters for wrong shapes, NaN, or a weight off the
        grid.
        """
        try:
            read = msgspec.json.decode(files[FILE], type=LogisticWeights)
        except UNREADABLE as error:
            raise BadParameters(f"{FILE}: {error}") from error
        read.scaling.checked(manifest.width)
        if any(len(side) != manifest.width for side in read.weights):
            raise BadParameters(f"{FILE}: not one weight per feature")
        if not on_weight_grid(np.array(read.weights).T) or not np.isfinite(read.offsets).all():
            raise BadParameters(f"{FILE}: weights that are NaN or off their grid")
        return cls(read)

    def log_odds(self, x: Floats) -> Floats:
        given: Floats = self._scaling.applied(x) @ self._weights + self._offsets
        return given

    def contributions(self, x: Floats) -> Floats:
        parts = self._scaling.applied(x)[:, None, :] * self._weights.T[None]
        rest = np.broadcast_to(self._offsets[None, :, None], (len(x), 2, 1))
        return np.concatenate([parts, rest], axis=2)
