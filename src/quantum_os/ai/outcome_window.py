"""What a voter said and what came of it: the latest resolved votes, and none that is still open."""

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
    """The latest resolved votes of one voter, in the order in which they were resolved."""

    bar: list[int] = []
    side: list[int] = []
    regime: list[int] = []
    p: list[float | None] = []
    won: list[bool] = []
    r: list[float] = []

    def __len__(self) -> int:
        return len(self.bar)

    def note(self, event: SignalResolved, keep: int) -> None:
        """Takes an outcome; never holds more than `keep` and some slack."""
        self.bar.append(event.bar_close)
        self.side.append(SIDES.index(event.side))
        self.regime.append(REGIMES.index(event.regime))
        self.p.append(event.p)
        self.won.append(event.won)
        self.r.append(event.r)
        if len(self.bar) >= keep + SLACK:
            for column in (self.bar, self.side, self.regime, self.p, self.won, self.r):
                del column[: len(column) - keep]

    def met(self, keep: int) -> Met:
        """Gives the latest `keep` as columns."""
        return Met(
            bar=np.array(self.bar[-keep:], dtype=np.int64),
            side=np.array(self.side[-keep:], dtype=np.int64),
            regime=np.array(self.regime[-keep:], dtype=np.int64),
            p=np.array(self.p[-keep:], dtype=np.float64),
            won=np.array(self.won[-keep:], dtype=np.bool_),
            r=np.array(self.r[-keep:], dtype=np.float64),
        )
