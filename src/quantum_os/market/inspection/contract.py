"""Whether the bars of one file can be of their contract, from nothing but the file itself."""

import numpy as np
from numpy.typing import NDArray

from quantum_os.market.grid import Grid, foreign_bars, places, usual_grid
from quantum_os.market.inspection.bars import Bars
from quantum_os.market.inspection.findings import Evidence, Finding

SEAM_BARS = 288
"""Bars on each side of a seam whose volumes are compared."""

LOOK_BACK = 3
"""Bars before the first that is off the grid among which the seam may be: a few are on it by luck.
"""

OFF_GRID_SHARE_MAX = 0.0005
"""Single bars may be off the grid for reasons of their own; more are another market's."""


def off_grid(bars: Bars, contract: Grid | None) -> Finding | None:
    """Finds bars between the contract's ticks and steps; None when the file keeps to them.

    Where the contract's grid is not known, the one that most of the file keeps to stands in for it:
    that shows foreign bars mixed in, not a file that is foreign as a whole.
    """
    grid = contract or usual_grid(bars.prices, bars.volume)
    foreign = foreign_bars(bars.prices, bars.volume, grid)
    rows = np.flatnonzero(foreign)
    if len(rows) <= OFF_GRID_SHARE_MAX * len(bars.times):
        return None
    whose = "the contract's" if contract else "the rest of the file has"
    own = usual_grid(bars.prices[:, rows], bars.volume[rows])
    reason = (
        f"prices in {places(own.tick)} and volume in {places(own.step)}, "
        f"{whose} tick {places(grid.tick)} and step {places(grid.step)}{_seam(bars, foreign)}"
    )
    first, last = int(rows[0]), int(rows[-1])
    return Finding(
        Evidence.OFF_GRID, len(rows), len(bars.times), bars.at(first), bars.at(last), reason
    )


def _seam(bars: Bars, foreign: NDArray[np.bool_]) -> str:
    """Says what else changes where the foreign bars begin: the price level, and the volume."""
    at = int(foreign.argmax())
    if not SEAM_BARS <= at <= len(foreign) - SEAM_BARS:
        return ""
    jumps = bars.prices[0][at - LOOK_BACK : at + 1] / bars.prices[3][at - LOOK_BACK - 1 : at] - 1.0
    jump = float(jumps[np.abs(jumps).argmax()])
    before = float(np.median(bars.volume[at - SEAM_BARS : at]))
    after = float(np.median(bars.volume[at : at + SEAM_BARS]))
    less = f", volume {before / after:.1f} times lower" if before > after > 0 else ""
    return f"; there the price jumps by {jump * 1e4:+.1f} bps between two bars{less}"
