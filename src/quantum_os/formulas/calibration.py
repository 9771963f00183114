"""Decides what a stated probability has meant in the past: the map from what is said to what came.

Platt's map is a logistic curve over log-odds (Platt, 1999; Niculescu-Mizil & Caruana, ICML 2005).
The isotonic map is a rising line through the means of pooled blocks (Zadrozny & Elkan, KDD 2002),
joined at their centres so that different inputs keep different outputs.
"""

from math import exp, log

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.edge import PROBABILITY_FLOOR

Floats = NDArray[np.float64]


class Platt(msgspec.Struct, frozen=True, tag="platt", forbid_unknown_fields=True):
    """P = 1 / (1 + exp(-(slope log_odds(p) + offset))), fitted on `n` outcomes with `wins`."""

    slope: float
    offset: float
    n: int
    wins: int


class Isotonic(msgspec.Struct, frozen=True, tag="isotonic", forbid_unknown_fields=True):
    """P by linear interpolation between knots, flat beyond them; `counts` outcomes stand behind
    each knot. `said` rises strictly, `came` never falls.
    """

    said: tuple[float, ...]
    came: tuple[float, ...]
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if not len(self.said) == len(self.came) == len(self.counts) > 0:
            raise ValueError("an isotonic map needs as many knots in each column, and one at least")
        rises = all(a < b for a, b in zip(self.said, self.said[1:], strict=False))
        if not rises or any(a > b for a, b in zip(self.came, self.came[1:], strict=False)):
            raise ValueError("the knots of an isotonic map must rise")


Calibrator = Platt | Isotonic


def calibrated(ps: Floats, by: Calibrator) -> Floats:
    """[n]: what probabilities [n] have meant; NaN stays NaN.

    Each value is computed alone, so that a block and a single row give the same bits.
    """
    if isinstance(by, Platt):
        odds = log_odds_of(ps) * by.slope + by.offset
        return probabilities(odds)
    return _interpolated(ps, by)


def probabilities(log_odds: Floats) -> Floats:
    """The logistic function of each value, by the machine's scalar exp; NaN stays NaN.

    numpy's own exp may round differently inside and at the end of a long array.
    """
    flat = log_odds.ravel()
    positive = flat >= 0.0
    small = np.where(positive, -flat, np.maximum(flat, -700.0))
    grown = np.array(list(map(exp, small.tolist())), dtype=np.float64)
    given: Floats = np.where(positive, 1.0, grown) / (1.0 + grown)
    return given.reshape(log_odds.shape)


def log_odds_of(ps: Floats) -> Floats:
    """ln(p / (1 - p)) of each value, held off 0 and 1 by `PROBABILITY_FLOOR`; NaN stays NaN."""
    held = np.clip(ps, PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR)
    ratios = (held / (1.0 - held)).ravel().tolist()
    return np.array(list(map(log, ratios)), dtype=np.float64).reshape(ps.shape)


def _interpolated(ps: Floats, by: Isotonic) -> Floats:
    said, came = np.array(by.said), np.array(by.came)
    if len(said) == 1:
        flat: Floats = np.where(np.isnan(ps), np.nan, came[0])
        return flat
    place = np.clip(np.searchsorted(said, ps, side="right") - 1, 0, len(said) - 2)
    low, high = said[place], said[place + 1]
    share = np.clip((ps - low) / (high - low), 0.0, 1.0)
    mapped: Floats = came[place] + share * (came[place + 1] - came[place])
    return mapped
