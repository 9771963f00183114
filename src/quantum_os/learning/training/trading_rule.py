"""Which answers would have been traded, one position a symbol at a time, and what they came to."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.governance import DecisionPolicy
from quantum_os.learning.training.dataset import LONG, SHORT, SIDES, Dataset

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


class Worth(msgspec.Struct, frozen=True):
    """Mean gross R of LONG and SHORT given the target (A) and given its absence (B)."""

    gain_r: tuple[float, float]
    loss_r: tuple[float, float]


class Taken(msgspec.Struct, frozen=True):
    """The trades [n]: their rows, sides, and R net of costs."""

    rows: Rows
    sides: Rows
    net_r: Floats


def worth_of(data: Dataset, rows: Rows, policy: DecisionPolicy) -> Worth:
    """Measures A and B on the rows that were learnt from, shrunk to the policy's (trading.md 2)."""
    gains, losses = [], []
    for side in (LONG, SHORT):
        r, won = data.r[rows, side], data.won[rows, side]
        gains.append(_shrunk(r[won], policy.gain_r, policy.prior_weight))
        losses.append(_shrunk(r[~won], policy.loss_r, policy.prior_weight))
    return Worth((gains[LONG], gains[SHORT]), (losses[LONG], losses[SHORT]))


def edges(said: Floats, cost_r: Floats, worth: Worth, policy: DecisionPolicy) -> Floats:
    """[rows, 2]: expected net R where a side is worth its costs, else NaN (trading.md 2)."""
    gain, loss = np.array(worth.gain_r), np.array(worth.loss_r)
    expected = said * gain + (1.0 - said) * loss - cost_r[:, None]
    breakeven = (cost_r[:, None] - loss) / (gain - loss)
    enough = (expected >= policy.e_net_min_r) & (said >= breakeven + policy.q_margin)
    return np.where(enough, expected, np.nan)


def taken(data: Dataset, rows: Rows, edge: Floats) -> Taken:
    """Takes the better side of each row [rows, 2] that has one, unless its symbol is still held.

    A position is held until its label ends; rows are in the order of time.
    """
    best = np.nan_to_num(edge, nan=-np.inf)
    sides = best.argmax(axis=1)
    wanted = np.flatnonzero(np.isfinite(best.max(axis=1)))
    held_until = dict.fromkeys(range(len(data.symbols)), 0)
    kept = []
    for place in wanted.tolist():
        row, side = int(rows[place]), int(sides[place])
        symbol = int(data.symbol[row])
        if held_until[symbol] <= data.bar_close[row]:
            held_until[symbol] = int(data.ends[row, side])
            kept.append(place)
    chosen = np.array(kept, dtype=np.int64)
    at, of = rows[chosen], sides[chosen].astype(np.int64)
    return Taken(at, of, data.r[at, of] - data.cost_r[at])


def unselected_r(data: Dataset, rows: Rows) -> tuple[float, float]:
    """Mean net R of LONG and SHORT when every row is taken: what selection must beat."""
    net = (data.r[rows] - data.cost_r[rows, None]).mean(axis=0)
    assert len(net) == SIDES
    return float(net[LONG]), float(net[SHORT])


def _shrunk(results: Floats, prior: float, weight: float) -> float:
    return float((results.sum() + prior * weight) / (len(results) + weight))
