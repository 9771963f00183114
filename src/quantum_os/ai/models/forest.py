"""How a gradient-boosted forest serves: one LightGBM model per side, in its native text form."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.core import BadParameters
from quantum_os.ai.models.forest_text import refuse_bad_forest
from quantum_os.ai.models.lightgbm_library import Booster, LightGbmFailed
from quantum_os.ai.models.manifest import Manifest

Floats = NDArray[np.float64]

FILES = ("long.txt", "short.txt")
"""The forest of each side."""


class Forest:
    """Two forests over the same features."""

    def __init__(self, boosters: tuple[Booster, Booster]) -> None:
        self._boosters = boosters

    @classmethod
    def load(cls, manifest: Manifest, files: Mapping[str, bytes]) -> "Forest":
        """Reads both forests; raises BadParameters for what is no forest over these features."""
        for name in FILES:
            refuse_bad_forest(files[name], manifest.features)
        try:
            long, short = (Booster(files[name]) for name in FILES)
        except LightGbmFailed as error:
            raise BadParameters(f"LightGBM refuses it: {error}") from error
        if {long.width, short.width} != {manifest.width}:
            raise BadParameters(f"the forests take {long.width} and {short.width} features")
        return cls((long, short))

    def log_odds(self, x: Floats) -> Floats:
        return np.stack([booster.raw_scores(x) for booster in self._boosters], axis=1)

    def contributions(self, x: Floats) -> Floats:
        return np.stack([booster.contributions(x) for booster in self._boosters], axis=1)
