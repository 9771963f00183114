"""Decides how well stated probabilities agree with what came: by bin, and in one score."""

from collections.abc import Sequence
from itertools import pairwise
from math import fsum, log, pi, sqrt
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.bounds import clip
from quantum_os.formulas.edge import PROBABILITY_FLOOR
from quantum_os.formulas.statistics import wilson_interval

Probabilities: TypeAlias = Sequence[float] | NDArray[np.float64]
Outcomes: TypeAlias = Sequence[bool] | NDArray[np.bool_]

BINS = 20
"""Bins of one width over [0, 1]; only those that something fell into are told."""

GROUPS = 15
"""Groups of equal count over which the calibration error is taken (governance.md 4)."""


class Bin(msgspec.Struct, frozen=True):
    """Predictions in [low, high), the last bin with its end: their mean, and how often they came.

    `interval` is Wilson's at 95 % for independent trials.
    """

    low: float
    high: float
    n: int
    wins: int
    p_mean: float
    rate: float
    interval: tuple[float, float]


class Reliability(msgspec.Struct, frozen=True):
    """A reliability curve and two scores (the lower the better), None of nothing.

    `brier_base` and `log_loss_base` are those of always saying the base rate: what a probability
    must beat to be worth anything. The base rate is taken from the same outcomes.
    """

    n: int
    wins: int
    base_rate: float | None
    base_interval: tuple[float, float] | None
    brier: float | None
    brier_base: float | None
    log_loss: float | None
    log_loss_base: float | None
    bins: tuple[Bin, ...]


def reliability(ps: Sequence[float], wons: Sequence[bool]) -> Reliability:
    """Compares probabilities with outcomes, place by place.

    Logarithms are taken no nearer than `PROBABILITY_FLOOR` to 0 and 1. Raises ValueError on unequal
    lengths and for what is no probability.
    """
    if len(ps) != len(wons):
        raise ValueError(f"{len(ps)} probabilities of {len(wons)} outcomes")
    if not all(0.0 <= p <= 1.0 for p in ps):
        raise ValueError("a probability must lie in [0, 1]")
    n, wins = len(ps), sum(wons)
    rate = wins / n if n else None
    base = [rate] * n if rate is not None else []
    return Reliability(
        n=n,
        wins=wins,
        base_rate=rate,
        base_interval=wilson_interval(wins, n),
        brier=brier(ps, wons),
        brier_base=brier(base, wons),
        log_loss=log_loss(ps, wons),
        log_loss_base=log_loss(base, wons),
        bins=_binned(ps, wons),
    )


def brier(ps: Probabilities, wons: Outcomes) -> float | None:
    """The mean squared distance between probability and outcome; None of nothing."""
    apart = _apart(ps, wons)
    return fsum((apart * apart).tolist()) / len(ps) if len(ps) else None


def log_loss(ps: Sequence[float], wons: Sequence[bool]) -> float | None:
    """The mean surprise -ln(what was said of what came), in nats; None of nothing."""
    held = [clip(p, PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR) for p in ps]
    surprises = (-log(p if won else 1.0 - p) for p, won in zip(held, wons, strict=True))
    return fsum(surprises) / len(ps) if ps else None


def calibration_error(ps: Probabilities, wons: Outcomes, groups: int = GROUPS) -> float | None:
    """The mean distance between what was said and what came, over groups of equal count (ECE).

    Sorted by probability, equal ones in the order given. None of fewer outcomes than groups.
    """
    if len(ps) < groups:
        return None
    apart = _apart(ps, wons)[np.argsort(ps, kind="stable")].tolist()
    cuts = [len(ps) * group // groups for group in range(groups + 1)]
    return fsum(abs(fsum(apart[low:high])) for low, high in pairwise(cuts)) / len(ps)


def calibration_noise(n: int, rate: float, groups: int = GROUPS) -> float | None:
    """The calibration error that chance alone gives a voter who says the truth, on average.

    The mean distance of a share of n / groups trials from its rate. None of fewer than groups.
    """
    return sqrt(2.0 / pi * rate * (1.0 - rate) * groups / n) if n >= groups else None


def _apart(ps: Probabilities, wons: Outcomes) -> NDArray[np.float64]:
    """[n]: by how much each probability lies above what came; ValueError on unequal lengths."""
    if len(ps) != len(wons):
        raise ValueError(f"{len(ps)} probabilities of {len(wons)} outcomes")
    return np.asarray(ps, dtype=np.float64) - np.asarray(wons, dtype=np.float64)


def _binned(ps: Sequence[float], wons: Sequence[bool]) -> tuple[Bin, ...]:
    inside: dict[int, list[int]] = {}
    for place, p in enumerate(ps):
        inside.setdefault(min(int(p * BINS), BINS - 1), []).append(place)
    return tuple(
        _bin(number, [ps[place] for place in places], sum(wons[place] for place in places))
        for number, places in sorted(inside.items())
    )


def _bin(number: int, ps: Sequence[float], wins: int) -> Bin:
    n = len(ps)
    interval = wilson_interval(wins, n)
    assert interval is not None
    low, high = number / BINS, (number + 1) / BINS
    return Bin(low, high, n, wins, fsum(ps) / n, wins / n, interval)
