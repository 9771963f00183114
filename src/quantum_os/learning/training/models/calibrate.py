"""Which map turns what a model says into what came, fitted on answers about rows it never saw."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.calibration import (
    Calibrator,
    Isotonic,
    Platt,
    calibrated,
    log_odds_of,
)
from quantum_os.formulas.reliability import log_loss

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ISOTONIC_OUTCOMES_MIN = 1_000.0
"""Independent outcomes below which a curve of two parameters is all that they can bear."""
ISOTONIC_GAIN_MIN = 5e-4
"""Nats that a free curve must gain: below it the difference is that of other days."""
GROUPS = 25
"""Groups of equal count that an isotonic map is drawn through."""
SHRINK = 50.0
"""Outcomes at the base rate that each group begins with, so that none says never or always."""
NEWTON_STEPS = 50
STEP_MIN = 1e-10
ODDS_MAX = 30.0
"""Log-odds beyond which a Newton step learns nothing more."""
MODEL_SLOPE, POOL_SLOPE = 0.5, 1.0
"""Slopes before any outcome: what is fitted on overlapping labels exaggerates, so half of it is
believed; a pool of calibrated models is believed as it speaks."""
SLOPE_DEVIATION = 0.25
OFFSET_DEVIATION = 0.2
"""How far, before any outcome, a slope may lie from that and an offset from 0."""


class Evidence(msgspec.Struct, frozen=True):
    """Answers [n] in order of time with their outcomes, worth `independent` outcomes of their own:
    labels that overlap, and symbols that move together, say the same again.
    """

    said: Floats
    won: Bools
    independent: float

    def part(self, where: slice) -> "Evidence":
        """Some of it, with its share of the independent outcomes."""
        said, won = self.said[where], self.won[where]
        return Evidence(said, won, self.independent * len(said) / len(self.said))


def calibrator_of(known: Evidence, slope: float = MODEL_SLOPE) -> Calibrator:
    """Gives the map for one side.

    The isotonic map is taken where it does clearly better than Platt's on the later half when both
    know the earlier half alone; else, and while outcomes are few, Platt's.
    """
    if known.independent >= ISOTONIC_OUTCOMES_MIN and _isotonic_is_better(known, slope):
        return isotonic_of(known.said, known.won)
    return platt_of(known, slope)


def platt_of(known: Evidence, slope: float = MODEL_SLOPE) -> Platt:
    """Fits slope and offset by Newton's method to the independent outcomes and what was believed
    before them; a slope is never below 0.
    """
    n, wins = len(known.said), int(known.won.sum())
    odds = log_odds_of(known.said)
    fitted, offset = _newton(odds, known, slope)
    if fitted < 0.0:
        fitted, offset = 0.0, _newton(np.zeros(n), known, slope)[1]
    return Platt(slope=fitted, offset=offset, n=n, wins=wins)


def _newton(odds: Floats, known: Evidence, slope: float) -> tuple[float, float]:
    """Slope and offset at which what was believed and what came pull as strongly."""
    worth = known.independent / max(len(odds), 1)
    before = np.array([slope, 0.0])
    firm = np.array([SLOPE_DEVIATION**-2, OFFSET_DEVIATION**-2])
    at = before
    for _ in range(NEWTON_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(at[0] * odds + at[1], -ODDS_MAX, ODDS_MAX)))
        spread, away = p * (1.0 - p), p - known.won
        uphill = worth * np.array([(away * odds).sum(), away.sum()]) + firm * (at - before)
        cross = worth * (spread * odds).sum()
        inner = worth * np.array([(spread * odds * odds).sum(), spread.sum()]) + firm
        step = np.linalg.solve(np.array([[inner[0], cross], [cross, inner[1]]]), uphill)
        at = at - step
        if np.abs(step).max() < STEP_MIN:
            break
    return float(at[0]), float(at[1])


def isotonic_of(said: Floats, won: Bools) -> Isotonic:
    """Fits a rising line through groups of equal count; groups that do not rise are pooled."""
    from sklearn.isotonic import IsotonicRegression

    order = np.argsort(said, kind="stable")
    groups = np.array_split(order, min(GROUPS, len(order)))
    rate = float(won.mean())
    counts = np.array([len(group) for group in groups])
    centre = np.array([said[group].mean() for group in groups])
    came = np.array([(won[g].sum() + SHRINK * rate) / (len(g) + SHRINK) for g in groups])
    rising = IsotonicRegression().fit_transform(np.arange(len(groups)), came, sample_weight=counts)
    knots = []
    for value in np.unique(rising):
        here = rising == value
        knots.append(
            (
                float(np.average(centre[here], weights=counts[here])),
                float(value),
                int(counts[here].sum()),
            )
        )
    strict = [k for i, k in enumerate(knots) if not i or k[0] > knots[i - 1][0]]
    return Isotonic(*(tuple(column) for column in zip(*strict, strict=True)))


def _isotonic_is_better(known: Evidence, slope: float) -> bool:
    half = len(known.said) // 2
    early, late = known.part(slice(0, half)), known.part(slice(half, None))
    maps: tuple[Calibrator, Calibrator] = (
        isotonic_of(early.said, early.won),
        platt_of(early, slope),
    )
    losses = [log_loss(calibrated(late.said, by).tolist(), late.won.tolist()) for by in maps]
    isotonic, platt = losses
    return isotonic is not None and platt is not None and platt - isotonic > ISOTONIC_GAIN_MIN
