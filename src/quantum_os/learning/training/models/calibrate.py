"""Which map turns what a model says into what came, fitted on answers about rows it never saw."""

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

ISOTONIC_ROWS_MIN = 4_000
"""Below this a curve of two parameters is all that the outcomes can bear."""
ISOTONIC_GAIN_MIN = 5e-4
"""Nats that a free curve must gain: below it the difference is that of other days."""
GROUPS = 25
"""Groups of equal count that an isotonic map is drawn through."""
SHRINK = 50.0
"""Outcomes at the base rate that each group begins with, so that none says never or always."""
NEWTON_STEPS = 50
ODDS_MAX = 30.0
"""Log-odds beyond which a Newton step learns nothing more."""
SLOPE_PULL = 25.0
"""How firmly a slope stays at 1 before outcomes move it: as if by a sum of p (1 - p) log_odds^2."""


def calibrator_of(said: Floats, won: Bools) -> Calibrator:
    """Gives the map for one side from answers [n] in order of time and their outcomes.

    The isotonic map is taken where it does clearly better than Platt's on the later half when both
    know the earlier half alone; else, and while outcomes are few, Platt's.
    """
    if len(said) >= ISOTONIC_ROWS_MIN and _isotonic_is_better(said, won):
        return isotonic_of(said, won)
    return platt_of(said, won)


def platt_of(said: Floats, won: Bools) -> Platt:
    """Fits slope and offset by Newton's method; the slope is pulled towards 1 and never below 0."""
    n, wins = len(said), int(won.sum())
    if not n:
        return Platt(slope=1.0, offset=0.0, n=0, wins=0)
    odds = log_odds_of(said)
    base = (wins + 1.0) / (n + 2.0)
    at = base_rate = np.array([0.0, np.log(base / (1.0 - base))])
    for _ in range(NEWTON_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(at[0] * odds + at[1], -ODDS_MAX, ODDS_MAX)))
        spread = p * (1.0 - p)
        pull = np.array([SLOPE_PULL * (at[0] - 1.0), at[1] * 1e-6])
        slope = np.array([((p - won) * odds).sum(), (p - won).sum()]) + pull
        cross = (spread * odds).sum()
        curve = np.array(
            [[(spread * odds * odds).sum() + SLOPE_PULL, cross], [cross, spread.sum() + 1e-6]]
        )
        step = np.linalg.solve(curve, slope)
        at = at - step
        if np.abs(step).max() < 1e-10:
            break
    if not at[0] >= 0.0:
        at = base_rate
    return Platt(slope=float(at[0]), offset=float(at[1]), n=n, wins=wins)


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


def _isotonic_is_better(said: Floats, won: Bools) -> bool:
    half = len(said) // 2
    early, late = slice(0, half), slice(half, None)
    losses = [
        log_loss(calibrated(said[late], made(said[early], won[early])).tolist(), won[late].tolist())
        for made in (isotonic_of, platt_of)
    ]
    isotonic, platt = losses
    return isotonic is not None and platt is not None and platt - isotonic > ISOTONIC_GAIN_MIN
