"""Which bars stand behind a symbol's newest one: the memory of models that look back.

Models stay without state. Whoever asks them keeps these windows and puts them into its snapshot. In
blocks the same windows are places in an array (`lagged_places`).
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

MISSING = -1
"""The place of a bar that is not there."""


class Windows(msgspec.Struct):
    """The inputs of the last `depth` bars of each symbol, `step_ns` apart; a gap begins anew.

    `rows` [symbols, depth, F] holds the oldest bar first, NaN where one is not known.
    """

    depth: int
    step_ns: int
    bar_close: int = 0
    symbols: tuple[str, ...] = ()
    rows: np.ndarray = msgspec.field(default_factory=lambda: np.empty((0, 0, 0)))

    def advance(self, bar_close: int, symbols: tuple[str, ...], x: Floats) -> None:
        """Takes in a bar [symbols, F]; a symbol that missed one begins anew, one that is not there
        is forgotten.
        """
        rows = np.full((len(symbols), self.depth, x.shape[1]), np.nan)
        if self.bar_close == bar_close - self.step_ns:
            if symbols == self.symbols:
                rows[:, :-1] = self.rows[:, 1:]
            else:
                known = {symbol: place for place, symbol in enumerate(self.symbols)}
                for place, symbol in enumerate(symbols):
                    if symbol in known:
                        rows[place, :-1] = self.rows[known[symbol], 1:]
        rows[:, -1] = x
        self.bar_close, self.symbols, self.rows = bar_close, symbols, rows

    def inputs(self, depth: int) -> Floats:
        """[symbols, depth * F]: the inputs of a model that looks back so many bars."""
        inputs: Floats = self.rows[:, self.depth - depth :].reshape(len(self.symbols), -1)
        return inputs


class Series:
    """Bars in a row [L, S, F], of which the last `count` are asked about, all symbols of each.

    Called with a depth it gives the inputs that `Windows` would give of each of these bars.
    """

    def __init__(self, bars: Floats, count: int) -> None:
        self.bars, self.count = bars, count

    def __call__(self, depth: int) -> Floats:
        """[count * S, depth * F]: the bars up to each, the oldest first."""
        behind = self.up_to(depth)
        lagged = [behind[lag : lag + self.count] for lag in range(depth)]
        inputs: Floats = np.concatenate(lagged, axis=2)
        return inputs.reshape(self.count * self.bars.shape[1], -1)

    def up_to(self, depth: int) -> Floats:
        """[count + depth - 1, S, F]: all bars that models of this depth look at."""
        return self.bars[len(self.bars) - self.count - depth + 1 :]


def lagged_places(bar_close: Places, symbol: NDArray[np.int32], depth: int, step_ns: int) -> Places:
    """[rows, depth]: where the bars up to each row stand, the oldest first; MISSING beyond a gap.

    Rows rise by bar close; each symbol has one row per bar at most.
    """
    places = np.full((len(bar_close), depth), MISSING, dtype=np.int64)
    for each in np.unique(symbol):
        rows = np.flatnonzero(symbol == each)
        run = np.arange(len(rows))
        broken = np.ones(len(rows), dtype=np.bool_)
        broken[1:] = np.diff(bar_close[rows]) != step_ns
        begun = np.maximum.accumulate(np.where(broken, run, 0))
        for lag in range(depth):
            known = run - lag >= begun
            places[rows[known], depth - 1 - lag] = rows[run[known] - lag]
    return places


def gathered(x: Floats, places: Places) -> Floats:
    """[rows, depth * F]: the inputs at `places` of `x` [all rows, F]; NaN where one is missing."""
    window = x[np.maximum(places, 0)]
    window[places == MISSING] = np.nan
    return window.reshape(len(places), -1)
