"""How an entry at each bar's close would have ended: at TP1, at the stop, or at the horizon.

The block form of what `ai/outcomes.py` says of one vote: in doubt the stop came first, a stop that
was jumped over fills at the open, and a horizon that passes without a price has no outcome.
"""

from typing import NamedTuple

import numpy as np

from quantum_os.formulas.exit_levels import lsf
from quantum_os.formulas.kernels.compiled import compiled
from quantum_os.formulas.kernels.state import Counts, Flags, Floats

NO_END = -1
"""In place of a bar's number where a label never ended."""


class Barriers(NamedTuple):
    """Where an entry is left: the stop in ATRs, the leverage TP1 is set at, the horizon in ns."""

    stop_atr: float
    leverage: float
    horizon_ns: int


class Labels(NamedTuple):
    """One symbol's labels over T bars, per side as [LONG, SHORT].

    `last` [T, 2] is the bar in which each ended, `NO_END` where it did not: then `won` and `r`
    mean nothing. `r` is gross, in stop distances; `sl` [T] is NaN where volatility is unknown.
    """

    last: Counts
    won: Flags
    r: Floats
    sl: Floats


def barrier_labels(
    bars: Floats, times: tuple[Counts, Counts], atr_frac: Floats, barriers: Barriers
) -> Labels:
    """Labels every bar of one symbol as an entry at its close.

    Bars [5, T] (open, high, low, close, volume), `times` their opens and closes [T] in ns UTC,
    ascending; `atr_frac` [T] as the cross-section tells it, NaN where unknown.
    """
    opened, closed = times
    sl = barriers.stop_atr * atr_frac
    target = sl * (0.6 + lsf(barriers.leverage))
    total = closed.shape[0]
    labels = Labels(
        last=np.full((total, 2), NO_END, dtype=np.int64),
        won=np.zeros((total, 2), dtype=np.bool_),
        r=np.full((total, 2), np.nan),
        sl=sl,
    )
    run = compiled(_run, _end_of)
    prices = np.ascontiguousarray(bars[:4])
    run(prices, opened, closed, target, barriers.horizon_ns, labels)
    return labels


def _run(
    prices: Floats,
    opened: Counts,
    closed: Counts,
    target: Floats,
    horizon_ns: int,
    labels: Labels,
) -> None:
    for row in range(closed.shape[0]):
        sl = labels.sl[row]
        if not sl > 0.0:
            continue
        entry, expires = prices[3, row], closed[row] + horizon_ns
        for side in range(2):
            sign = 1 - 2 * side
            stop, goal = entry * (1 - sign * sl), entry * (1 + sign * target[row])
            bar, price, won = _end_of(
                prices, opened, closed, row + 1, expires, (float(sign), stop, goal)
            )
            if bar >= 0:
                labels.last[row, side] = bar
                labels.won[row, side] = won
                labels.r[row, side] = sign * (price / entry - 1) / sl


def _end_of(
    prices: Floats,
    opened: Counts,
    closed: Counts,
    first: int,
    expires: int,
    barriers: tuple[float, float, float],
) -> tuple[int, float, bool]:
    """The bar in which an entry before bar `first` ends, at what price, and whether at TP1."""
    sign, stop, goal = barriers
    for bar in range(first, closed.shape[0]):
        if opened[bar] >= expires:
            break
        near, far = (
            (prices[2, bar], prices[1, bar]) if sign > 0 else (prices[1, bar], prices[2, bar])
        )
        if sign * near <= sign * stop:
            gapped = sign * prices[0, bar] < sign * stop
            return bar, prices[0, bar] if gapped else stop, False
        if sign * far >= sign * goal:
            return bar, goal, True
        if closed[bar] >= expires:
            return bar, prices[3, bar], False
    return -1, 0.0, False
