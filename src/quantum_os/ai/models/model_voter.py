"""How a learned model votes: for its more probable side, with its own probability."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.manifest import Manifest
from quantum_os.ai.models.served import ServedModel
from quantum_os.ai.models.windows import lagged
from quantum_os.ai.voter import FeatureFrame, Prediction
from quantum_os.events.units import PositionSide

Floats = NDArray[np.float64]

VERSION_DIGITS = 12


class ModelVoter(msgspec.Struct, frozen=True):
    """A served model as a voter. It is pure; the bars before stand in the frame.

    It abstains where an input is unknown (`why_silent` says which) and where both sides are equally
    probable. Whether a side is worth its costs is not its question but the decision's.
    """

    model: ServedModel

    @property
    def name(self) -> str:
        return self.model.manifest.name

    @property
    def version(self) -> str:
        return self.model.id[:VERSION_DIGITS]

    @property
    def reads(self) -> tuple[str, ...]:
        """The features it needs; the line-up computes what some voter reads."""
        return self.model.manifest.features

    def predict(self, frame: FeatureFrame) -> Prediction:
        said = self.model.predict_proba(inputs_of(frame, self.model.manifest)).tolist()
        side = tuple(_side(long, short) for long, short in said)
        p = tuple(
            None if each is None else max(both) for each, both in zip(side, said, strict=True)
        )
        return Prediction(side=side, p=p)

    def why_silent(self, frame: FeatureFrame) -> tuple[str | None, ...]:
        """Says for each symbol which input is unknown; None where it votes."""
        return self.model.why_silent(inputs_of(frame, self.model.manifest))


def inputs_of(frame: FeatureFrame, manifest: Manifest) -> Floats:
    """[symbols, width]: a model's inputs out of a frame; raises KeyError for a missing feature."""
    columns = [
        frame[lagged(name, lag)]
        for lag in reversed(range(manifest.depth))
        for name in manifest.features
    ]
    return np.stack(columns, axis=1)


def _side(long: float, short: float) -> PositionSide | None:
    """The more probable side; comparisons with NaN are false, and so it abstains."""
    if long > short:
        return PositionSide.LONG
    return PositionSide.SHORT if short > long else None
