"""What a model answers: one calibrated probability per side, or nothing and why."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.core import Core, SeriesCore
from quantum_os.ai.models.manifest import Manifest
from quantum_os.ai.models.windows import Series
from quantum_os.formulas.calibration import calibrated, probabilities

Floats = NDArray[np.float64]


class Predictor(Protocol):
    """What everybody may ask of a learned model."""

    @property
    def manifest(self) -> Manifest: ...
    def predict_proba(self, x: Floats) -> Floats: ...
    def explain(self, x: Floats) -> Floats: ...


class ServedModel(msgspec.Struct, frozen=True):
    """A verified model: its identity (the sha256 of its manifest), manifest and arithmetic."""

    id: str
    manifest: Manifest
    core: Core

    def predict_proba(self, x: Floats) -> Floats:
        """[rows, 2]: P(TP1 before the stop or the horizon) of LONG and SHORT, calibrated.

        A row with an unknown input has no probability (NaN): nothing is filled in.
        """
        return self._calibrated(self.raw_proba(x))

    def proba_of_series(self, series: Series) -> Floats:
        """[bars * S, 2]: what `predict_proba` gives of each bar of a series, to the bit."""
        core, depth = self.core, self.manifest.depth
        if not isinstance(core, SeriesCore):
            return self.predict_proba(series(depth))
        bars = series.up_to(depth)
        known = np.isfinite(bars)
        if known.all():
            return self._calibrated(probabilities(core.log_odds_of_series(bars)))
        there = np.logical_and.reduce(known, axis=2)
        whole = np.logical_and.reduce([there[lag : lag + series.count] for lag in range(depth)])
        raw = probabilities(core.log_odds_of_series(np.where(known, bars, 0.0)))
        return self._calibrated(np.where(whole.reshape(-1, 1), raw, np.nan))

    def raw_proba(self, x: Floats) -> Floats:
        """[rows, 2]: what the model says before calibration; NaN where an input is unknown."""
        known = self._known(x)
        if known.all():
            return probabilities(self.core.log_odds(np.ascontiguousarray(x)))
        given = np.full((len(x), 2), np.nan)
        if not known.any():
            return given
        given[known] = probabilities(self.core.log_odds(np.ascontiguousarray(x[known])))
        return given

    def explain(self, x: Floats) -> Floats:
        """[rows, 2, features + 1]: shares of the raw log-odds, the last one the rest; NaN where
        an input is unknown.
        """
        known = self._known(x)
        given = np.full((len(x), 2, len(self.manifest.features) + 1), np.nan)
        if not known.any():
            return given
        given[known] = self.core.contributions(np.ascontiguousarray(x[known]))
        return given

    def why_silent(self, x: Floats) -> tuple[str | None, ...]:
        """Says for each row which input is unknown; None for a row that gets an answer."""
        return unknown_inputs(x, self.manifest.features)

    def _calibrated(self, raw: Floats) -> Floats:
        sides = [calibrated(raw[:, side], by) for side, by in enumerate(self.manifest.calibration)]
        return np.stack(sides, axis=1)

    def _known(self, x: Floats) -> NDArray[np.bool_]:
        if x.ndim != 2 or x.shape[1] != self.manifest.width:
            raise ValueError(
                f"{self.manifest.name} takes rows of {self.manifest.width} numbers, not {x.shape}"
            )
        known: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(x), axis=1)
        return known


def unknown_inputs(x: Floats, features: Sequence[str]) -> tuple[str | None, ...]:
    """Names for each row [rows, bars * F] the first input that is unknown; None where all are
    known. The oldest bar comes first.
    """
    unknown = ~np.isfinite(x)
    if not unknown.any():
        return (None,) * len(x)
    last = x.shape[1] // len(features) - 1
    first = np.where(unknown.any(axis=1), unknown.argmax(axis=1), -1)
    return tuple(
        None if column < 0 else _words(features, last, int(column)) for column in first.tolist()
    )


def _words(features: Sequence[str], last: int, column: int) -> str:
    bar, feature = divmod(column, len(features))
    when = f" {last - bar} bars ago" if bar < last else ""
    return f"{features[feature]} is unknown{when}"
