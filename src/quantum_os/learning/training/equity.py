"""What the trades of a walk forward came to over time, beside symbols drawn by lot."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.units import NS_PER_DAY, NS_PER_MS
from quantum_os.kernel.chance import generator
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.trading_rule import Taken

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

DRAWS = 1_000
"""Times that every trade's symbol is drawn by lot."""
POINTS_MAX = 240
"""Times at which a curve is told; the deepest fall between two of them is kept."""
BAND = (0.05, 0.95)
DIGITS = 4


class Equity(msgspec.Struct, frozen=True):
    """R made up to each time (ms UTC), each trade risking the same, counted when it ended.

    `below` is how far that lies under its highest so far, at the worst since the time before.
    `lot` is the mean of `DRAWS` draws in which each trade takes, at its own bar and on its own
    side, any symbol that was asked about, with the same exits and costs; `low` and `high` hold nine
    of ten draws. `lot_share` is the share of draws that made as much as the trades, or more.
    """

    times: tuple[int, ...]
    made: tuple[float, ...]
    below: tuple[float, ...]
    lot: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    draws: int
    lot_share: float


def equity_of(data: Dataset, rows: Rows, took: Taken, seed: int) -> Equity | None:
    """Follows the trades taken out of the rows asked about; None without a trade."""
    if not len(took.rows):
        return None
    first = int(data.bar_close[rows[0]]) // NS_PER_DAY
    days = int(data.ends[rows].max()) // NS_PER_DAY - first + 1
    shown = np.unique(np.linspace(0, days - 1, min(days, POINTS_MAX)).astype(np.int64))
    made = _risen(data.ends[took.rows, took.sides] // NS_PER_DAY - first, took.net_r, days)
    below = made - np.maximum.accumulate(np.maximum(made, 0.0))
    begins = np.concatenate(([0], shown[:-1] + 1))
    lots = np.stack([drawn[shown] for drawn in _lots(data, rows, took, (first, days), seed)])
    low, high = np.quantile(lots, BAND, axis=0)
    as_much = int((lots[:, -1] >= made[-1]).sum())
    return Equity(
        times=tuple(((shown + 1 + first) * (NS_PER_DAY // NS_PER_MS)).tolist()),
        made=_told(made[shown]),
        below=_told(np.minimum.reduceat(below, begins)),
        lot=_told(lots.mean(axis=0)),
        low=_told(low),
        high=_told(high),
        draws=DRAWS,
        lot_share=(as_much + 1) / (DRAWS + 1),
    )


def _lots(data: Dataset, rows: Rows, took: Taken, span: tuple[int, int], seed: int) -> list[Floats]:
    """[draws][days]: R made by the end of each day, the symbols drawn by lot.

    Rows of one bar lie beside each other, so that a place among them is a symbol.
    """
    first, days = span
    closes = data.bar_close[rows]
    begin = np.searchsorted(closes, data.bar_close[took.rows])
    count = np.searchsorted(closes, data.bar_close[took.rows], side="right") - begin
    chance = generator(seed, "training", "lots")
    drawn = []
    for _ in range(DRAWS):
        chosen = rows[begin + (chance.random(len(begin)) * count).astype(np.int64)]
        net = data.r[chosen, took.sides] - data.cost_r[chosen]
        ended = data.ends[chosen, took.sides] // NS_PER_DAY - first
        drawn.append(_risen(ended, net, days))
    return drawn


def _risen(day: Rows, net_r: Floats, days: int) -> Floats:
    return np.cumsum(np.bincount(day, weights=net_r, minlength=days))


def _told(values: Floats) -> tuple[float, ...]:
    return tuple(round(value, DIGITS) + 0.0 for value in values.tolist())
