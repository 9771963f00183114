"""How an entry at each bar's close would have ended: at TP1, at the stop, or at the horizon.

The block form of what `ai/outcomes.py` says of one vote: in doubt the stop came first, a stop that
was jumped over fills at the open, and a horizon that passes without a price has no outcome.
"""

from typing import NamedTuple

import numpy as np

from quantum_os.formulas.exit_levels import lsf
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


class _Entries(NamedTuple):
    """Entries of one side that have not ended: the bar each was made in, its stop and its goal.

    `over` is the bar that ends with the horizon or after it, `end` the first one that opens when
    it has passed. Prices of shorts are negative: what is good for an entry is higher.
    """

    row: Counts
    stop: Floats
    goal: Floats
    over: Counts
    end: Counts

    def only(self, which: Flags) -> "_Entries":
        return _Entries(
            self.row[which], self.stop[which], self.goal[which], self.over[which], self.end[which]
        )


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
    row = np.flatnonzero(sl > 0.0)
    expires = closed[row] + barriers.horizon_ns
    over, end = np.searchsorted(closed, expires), np.searchsorted(opened, expires)
    for side, sign in enumerate((1.0, -1.0)):
        prices = sign * bars[[0, 1, 2, 3] if sign > 0.0 else [0, 2, 1, 3]]
        entry = prices[3, row]
        stop, goal = entry * (1.0 - sign * sl[row]), entry * (1.0 + sign * target[row])
        _walk(prices, _Entries(row, stop, goal, over, end), labels, side)
    return labels


def _walk(prices: Floats, entries: _Entries, labels: Labels, side: int) -> None:
    """Goes ahead bar by bar from all entries at once, and writes down those that end.

    `prices` [4, T]: the open, what is best and worst for the side, and the close.
    """
    opens, best, worst, closes = prices
    sign = 1.0 - 2.0 * side
    for ahead in range(1, len(closes)):
        entries = entries.only(entries.row + ahead < entries.end)
        if not len(entries.row):
            return
        bar = entries.row + ahead
        stopped = worst[bar] <= entries.stop
        won = ~stopped & (best[bar] >= entries.goal)
        ended = stopped | won | (bar >= entries.over)
        fill = np.where(opens[bar] < entries.stop, opens[bar], entries.stop)
        price = np.where(stopped, fill, np.where(won, entries.goal, closes[bar]))
        row = entries.row[ended]
        labels.last[row, side] = bar[ended]
        labels.won[row, side] = won[ended]
        labels.r[row, side] = sign * (price[ended] / closes[row] - 1.0) / labels.sl[row]
        entries = entries.only(~ended)
