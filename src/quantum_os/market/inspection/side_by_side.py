"""What two files say of each other: the same contract twice, its spot market, its mark, a venue."""

import numpy as np
from numpy.typing import NDArray

from quantum_os.market.feeds.tape_facts import iso
from quantum_os.market.inspection.bars import Bars, coarser, hourly_closes, shared_times
from quantum_os.market.inspection.findings import Comparison, Evidence, Finding

PRICE_SAME = 1e-9
"""Relative: prices are copied, not computed."""
VOLUME_SAME = 1e-6
"""Relative: a sum of floats is not exact."""

DISAGREE_SHARE_MAX = 0.001
"""Recordings of one contract by different hands agree in 99.99 % of their bars."""

TWINS_MIN = 3
"""Traded bars that a perpetual and its spot market may not share to the last digit: chance is one
in millions for each."""

WINDOW = 24
"""Hourly closes that are judged together."""
ONE_SIDE = 0.95
"""Share of a window on one side of the reference that makes it one-sided..."""
APART_BPS = 2.0
"""... and its median distance in bps that makes it apart."""
APART_OF_MARK_MAX = 0.2
"""A perpetual stands apart from its own mark on .1 % of days, its spot market on 67 to 84 %."""
APART_OF_VENUE_MAX = 0.5
"""A perpetual stands apart from that of another venue on up to 26 % of days, spot on 66 to 93 %."""


Compared = tuple[Comparison, Finding | None] | None
"""What a comparison came to; None where the two files have nothing in common."""


def disagreement(one: Bars, other: Bars, name: str) -> Compared:
    """Compares two files of one contract, the finer put together to the coarser; `name` the other.

    Finds something when they differ more often than recordings by different hands do.
    """
    met = _meeting(one, other)
    if met is None:
        return None
    left, right = met
    found = np.flatnonzero(~_same(left, right))
    compared = Comparison(name, len(left.times), len(found))
    if len(found) <= DISAGREE_SHARE_MAX * len(left.times):
        return compared, None
    away = left.prices[3][found] / right.prices[3][found] - 1.0
    times = _median_ratio(left.volume[found], right.volume[found])
    reason = (
        f"close {np.median(away) * 1e4:+.1f} bps off, volume {times:.2f} times as much (medians)"
    )
    return compared, _finding(Evidence.DISAGREES, left, found, reason, name)


def twins(one: Bars, spot: Bars, name: str) -> Compared:
    """Compares a file with the spot market's bars of the same pair: none should be the same."""
    met = _meeting(one, spot)
    if met is None:
        return None
    left, right = met
    found = np.flatnonzero(_same(left, right) & (left.volume > 0.0))
    compared = Comparison(name, len(left.times))
    if len(found) < TWINS_MIN:
        return compared, None
    reason = "price and volume are those of the spot market"
    return compared, _finding(Evidence.SPOT_TWIN, left, found, reason, name)


def apart(one: Bars, reference: Bars, name: str, share_max: float) -> Compared:
    """Compares hourly closes with a reference's, and finds the windows that stand to one side.

    A perpetual crosses its mark many times a day. Prices of another market keep the difference of
    the two markets for days.
    """
    times, closes = hourly_closes(one)
    others, marks = hourly_closes(reference)
    rows, places = shared_times(times, others)
    windows = len(rows) // WINDOW
    if not windows:
        return None
    compared = Comparison(name, len(rows))
    bps = (closes[rows] / marks[places] - 1.0)[: windows * WINDOW].reshape(windows, WINDOW) * 1e4
    one_sided = np.maximum((bps > 0).mean(axis=1), (bps < 0).mean(axis=1)) >= ONE_SIDE
    median = np.median(bps, axis=1)
    found = np.flatnonzero(one_sided & (np.abs(median) > APART_BPS))
    if len(found) <= share_max * windows:
        return compared, None
    reason = f"{np.median(median[found]):+.1f} bps to one side for {WINDOW} hours at a time"
    first, last = (iso(int(times[rows[row * WINDOW]])) for row in (found[0], found[-1]))
    count = len(found) * WINDOW
    return compared, Finding(Evidence.APART, count, len(rows), first, last, reason, name)


def _meeting(one: Bars, other: Bars) -> tuple[Bars, Bars] | None:
    """Gives the bars that both have, in the coarser step; None when there are none."""
    step = max(one.step_ns, other.step_ns)
    if step % min(one.step_ns, other.step_ns):
        return None
    left, right = coarser(one, step), coarser(other, step)
    rows, others = shared_times(left.times, right.times)
    return (left.take(rows), right.take(others)) if len(rows) else None


def _finding(
    evidence: Evidence, bars: Bars, rows: NDArray[np.int64], reason: str, against: str
) -> Finding:
    first, last = bars.at(int(rows[0])), bars.at(int(rows[-1]))
    return Finding(evidence, len(rows), len(bars.times), first, last, reason, against)


def _same(left: Bars, right: Bars) -> NDArray[np.bool_]:
    price = np.abs(left.prices - right.prices) <= PRICE_SAME * right.prices
    volume = np.abs(left.volume - right.volume) <= VOLUME_SAME * right.volume
    same: NDArray[np.bool_] = price.all(axis=0) & volume
    return same


def _median_ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    known = whole > 0.0
    return float(np.median(part[known] / whole[known])) if known.any() else float("nan")
