"""What a voter's resolved votes and its latest inputs say of it: the figures it is judged by."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.ma  # np.unique loads it when first called: 40 ms within a bar close
from numpy.typing import NDArray

from quantum_os.ai.binned_window import UNKNOWN
from quantum_os.ai.outcome_window import SIDES, Met
from quantum_os.events.units import NS_PER_DAY
from quantum_os.formulas.clustered_mean import clustered_interval
from quantum_os.formulas.drift import Reference, Spread, found_false, shifts_of
from quantum_os.formulas.log_loss_gain import surprises
from quantum_os.formulas.quality_gate import Gate, judged
from quantum_os.formulas.reliability import brier, calibration_error, calibration_noise
from quantum_os.formulas.statistics import wilson_interval

STRETCH_NS = 3 * NS_PER_DAY
"""Votes live for 36 h, so outcomes of one stretch hang together and count as one."""

Interval = tuple[float, float]


class Review(msgspec.Struct, frozen=True):
    """A voter by what came of its latest votes. Log-losses are in nats, R before costs.

    `gain` is the base rate's log-loss less its own, the base rate of each side taken from the same
    outcomes. `ece_noise` is the calibration error that chance alone would give. None: not known.
    """

    at: int
    outcomes: int
    wins: int
    hit_interval: Interval | None
    with_p: int
    brier: float | None
    brier_base: float | None
    log_loss: float | None
    log_loss_base: float | None
    gain: float | None
    gain_interval: Interval | None
    ece: float | None
    ece_noise: float | None
    mean_r: float | None
    mean_r_interval: Interval | None
    gate: Gate | None


class DriftRow(msgspec.Struct, frozen=True):
    """One number held against its reference; `unknown` is the share of its values.

    Measures are None where no value was known. `drifts` after allowing for all that were tested.
    """

    name: str
    unknown: float
    psi: float | None
    distance: float | None
    p: float | None
    drifts: bool


class Drift(msgspec.Struct, frozen=True):
    """A model's features, and what it said, over the latest `bars`."""

    at: int
    bars: int
    features: tuple[DriftRow, ...]
    said: DriftRow | None


def review_of(met: Met, at: int) -> Review:
    """Measures resolved votes."""
    said = met.where(np.isfinite(met.p))
    mean_r, mean_r_interval = _mean(met.r, met.bar)
    wins = int(met.won.sum())
    base = _base(said)
    own_loss, base_loss = surprises(said.p, said.won), surprises(base, said.won)
    gain, gain_interval = _mean(base_loss - own_loss, said.bar)
    low = None if gain_interval is None else gain_interval[0]
    return Review(
        at=at,
        outcomes=len(met),
        wins=wins,
        hit_interval=wilson_interval(wins, len(met)),
        with_p=len(said),
        brier=brier(said.p, said.won),
        brier_base=brier(base, said.won),
        log_loss=float(own_loss.mean()) if len(said) else None,
        log_loss_base=float(base_loss.mean()) if len(said) else None,
        gain=gain,
        gain_interval=gain_interval,
        ece=calibration_error(said.p, said.won),
        ece_noise=calibration_noise(len(said), float(said.won.mean())) if len(said) else None,
        mean_r=mean_r,
        mean_r_interval=mean_r_interval,
        gate=judged(said.p[:, None], _class_share(said), low) if len(said) else None,
    )


def drift_of(
    counts: NDArray[np.int64],
    said: NDArray[np.int64] | None,
    names: Sequence[str],
    reference: Reference,
    level: float,
    at: int,
) -> Drift:
    """Holds counted features [F, bins], and what was `said` [1, bins], against the reference.

    All are tested together: among those that drift a share `level` may be false.
    """
    spreads, labels = [*reference.features], [*names]
    if said is not None and reference.said is not None:
        spreads.append(reference.said)
        labels.append("what it says")
        counts = np.concatenate((counts, said))
    tested = _rows(labels, counts, spreads)
    odds = [1.0 if row.p is None else row.p for row in tested]
    drifts = found_false(odds, level)
    found = [
        msgspec.structs.replace(row, drifts=refused)
        for row, refused in zip(tested, drifts, strict=True)
    ]
    count = len(reference.features)
    return Drift(at, reference.bars, tuple(found[:count]), found[count] if found[count:] else None)


def _rows(
    names: Sequence[str], counts: NDArray[np.int64], spreads: Sequence[Spread]
) -> list[DriftRow]:
    """Measures each number [F, bins and unknown]; what has no known value is left unmeasured."""
    total = counts.sum(axis=1)
    unknown = np.where(total > 0, counts[:, UNKNOWN] / np.maximum(total, 1), 1.0).tolist()
    rows = [
        DriftRow(name, share, None, None, None, drifts=False)
        for name, share in zip(names, unknown, strict=True)
    ]
    told = np.flatnonzero(counts[:, :UNKNOWN].any(axis=1)).tolist()
    shifts = shifts_of(
        counts[told, :UNKNOWN], [spreads[row] for row in told], [1.0 - unknown[row] for row in told]
    )
    for row, shift in zip(told, shifts, strict=True):
        rows[row] = DriftRow(
            names[row], unknown[row], shift.psi, shift.distance, shift.p, drifts=False
        )
    return rows


def _base(met: Met) -> NDArray[np.float64]:
    """[n]: for each vote, how often votes of its side won."""
    counts = np.bincount(met.side, minlength=len(SIDES))
    wins = np.bincount(met.side, weights=met.won, minlength=len(SIDES))
    rates: NDArray[np.float64] = (wins / np.maximum(counts, 1))[met.side]
    return rates


def _class_share(met: Met) -> float:
    return float(np.bincount(met.side, minlength=len(SIDES)).max()) / len(met)


def _mean(
    values: NDArray[np.float64], bar: NDArray[np.int64]
) -> tuple[float | None, Interval | None]:
    return clustered_interval(values, bar // STRETCH_NS) if len(values) else (None, None)
