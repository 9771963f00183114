"""What the features must remember of the last 64 bars, and how far back each of them looks."""

import numpy as np

from quantum_os.formulas.kernels.state import Counts, Floats

DEPTH = 64
"""Bars kept; a power of two, so that a place in the ring is a bit mask away."""

CLOSE, VOLUME, HIGH, EMA = 0, 1, 2, 4
"""First of a quantity's rows in a bar's place. HIGH is followed by the low, negated: both ends of
a window are then one maximum."""
DOUBLED = 5
"""From here two rows (high, -low) for each of the last 2, 4, 8, 16, 32, 64 bars' extremes."""
ROWS = 17

WINDOW = 20
CLOSES = slice(0, WINDOW)
"""Rows of `look_back`: the last 20 closes, the newest first; then as many volumes."""
CLOSE_24, EMA_10 = 2 * WINDOW, 2 * WINDOW + 1
EXTREMES = 2 * WINDOW + 2

_EXTREMES_BACK = ((0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (4, 4), (5, 1), (5, 24), (6, 8))
"""(doubling, lag): the first six build the next doubling, the others complete 20, 55 and 72."""


def _extreme_row(doubling: int) -> int:
    return HIGH if doubling == 0 else DOUBLED + 2 * (doubling - 1)


_LOOKS: tuple[tuple[int, int], ...] = (
    *((CLOSE, lag) for lag in range(WINDOW)),
    *((VOLUME, lag) for lag in range(WINDOW)),
    (CLOSE, 24),
    (EMA, 10),
    *((_extreme_row(level) + end, lag) for level, lag in _EXTREMES_BACK for end in (0, 1)),
)
_QUANTITIES = np.array([[quantity] for quantity, _ in _LOOKS])
_LAGS = np.array([[lag] for _, lag in _LOOKS])


def remember(ring: Floats, bars: Counts, first: int, values: Floats) -> None:
    """Writes `values` [k, S] into rows `first`.. of each symbol's current place.

    The place belongs to the bar numbered `bars`: where a symbol has no bar its count stays, nothing
    looks there, and the next bar overwrites it.
    """
    symbols = ring.shape[1]
    rows = (bars & (DEPTH - 1)) * ROWS + np.arange(first, first + values.shape[0]).reshape(-1, 1)
    ring.reshape(-1)[rows * symbols + np.arange(symbols)] = values


def look_back(ring: Floats, bars: Counts) -> Floats:
    """[62, S]: everything the features need of the past, in one gather."""
    symbols = ring.shape[1]
    rows = ((bars - _LAGS) & (DEPTH - 1)) * ROWS + _QUANTITIES
    past: Floats = ring.reshape(-1)[rows * symbols + np.arange(symbols)]
    return past


def window_sums(window: Floats) -> Floats:
    """[q, S] sums of [q, 20, S], always added in the same order, with no memory of older bars."""
    tens = window[:, :10] + window[:, 10:]
    fives = tens[:, :5] + tens[:, 5:]
    total: Floats = fives[:, 0] + fives[:, 1] + fives[:, 2] + fives[:, 3] + fives[:, 4]
    return total


def extend_extremes(current: Floats, past: Floats) -> Floats:
    """[9, 2, S] maxima of (high, -low): over 2, 4, .. 64 bars, then 20, the 55 before, and 72.

    Twice as long a window is the maximum of two halves, so no window is ever scanned.
    """
    symbols = current.shape[1]
    before = past[EXTREMES:].reshape(len(_EXTREMES_BACK), 2, symbols)
    out = np.empty((9, 2, symbols))
    out[0] = np.maximum(current, before[0])
    for doubling in range(1, 6):
        out[doubling] = np.maximum(out[doubling - 1], before[doubling])
    out[6] = np.maximum(out[3], before[6])
    out[7] = np.maximum(before[7], before[8])
    out[8] = np.maximum(out[5], before[9])
    return out
