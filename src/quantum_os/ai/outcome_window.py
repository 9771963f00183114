"""What a voter said and what came of it: the latest resolved votes, and none that is still open."""

from math import nan

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.ai import SignalResolved
from quantum_os.events.units import PositionSide, Regime

SLACK = 256
"""Resolved votes beyond the window after which the oldest are let go, all at once."""

REGIMES = tuple(Regime)
SIDES = tuple(PositionSide)


class Met(msgspec.Struct, frozen=True):
    """Resolved votes as columns [n]; `p` is NaN where no probability was known.

    `side` and `regime` are places in `SIDES` and `REGIMES`; `bar` is the bar's close in ns.
    """

    bar: NDArray[np.int64]
    side: NDArray[np.int64]
    regime: NDArray[np.int64]
    p: NDArray[np.float64]
    won: NDArray[np.bool_]
    r: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.bar)

    def where(self, which: NDArray[np.bool_]) -> "Met":
        """Those of which `which` [n] is true."""
        return Met(
            bar=self.bar[which],
            side=self.side[which],
            regime=self.regime[which],
            p=self.p[which],
            won=self.won[which],
            r=self.r[which],
        )


class OutcomeWindow(msgspec.Struct):
    """The latest resolved votes of one voter, in the order in which they were resolved.

    `whole` [4, room] holds bar, side, regime and whether it won, `real` [2, room] p and r; the
    first `count` columns are taken. Arrays from the start: to make them of lists at a bar close
    takes as long as to weigh what they hold.
    """

    count: int = 0
    whole: np.ndarray = msgspec.field(default_factory=lambda: np.zeros((4, 0), np.int64))
    real: np.ndarray = msgspec.field(default_factory=lambda: np.zeros((2, 0)))

    def __len__(self) -> int:
        return self.count

    def note(self, event: SignalResolved, keep: int) -> None:
        """Takes an outcome; never holds more than `keep` and some slack."""
        if self.count == self.whole.shape[1]:
            self._make_room(keep)
        side, regime = SIDES.index(event.side), REGIMES.index(event.regime)
        self.whole[:, self.count] = (event.bar_close, side, regime, event.won)
        self.real[:, self.count] = (nan if event.p is None else event.p, event.r)
        self.count += 1

    def met(self, keep: int) -> Met:
        """Gives the latest `keep` as columns."""
        taken = slice(max(0, self.count - keep), self.count)
        bar, side, regime, won = self.whole[:, taken].copy()
        p, r = self.real[:, taken].copy()
        return Met(bar=bar, side=side, regime=regime, p=p, won=won != 0, r=r)

    def _make_room(self, keep: int) -> None:
        """Lets the oldest go, all at once, where `keep` and the slack are full; else grows."""
        room = min(max(SLACK, 2 * self.count), keep + SLACK)
        kept = min(self.count, keep) if room <= self.count else self.count
        whole, real = np.zeros((4, room), np.int64), np.zeros((2, room))
        whole[:, :kept] = self.whole[:, self.count - kept : self.count]
        real[:, :kept] = self.real[:, self.count - kept : self.count]
        self.whole, self.real, self.count = whole, real, kept
