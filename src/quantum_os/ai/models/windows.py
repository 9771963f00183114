"""Which bars stand behind a symbol's newest one: the memory of models that look back.

Models and voters stay without state. Whoever asks them keeps these windows, puts them into its
snapshot, and shows the voters a frame that also holds the bars before: `rsi_14@1` is the value one
bar ago. In blocks the same windows are places in an array (`lagged_places`).
"""

from types import MappingProxyType

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.voter import FeatureFrame

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

MISSING = -1
"""The place of a bar that is not there."""


class Windows(msgspec.Struct):
    """The last bars of each symbol, `depth` of them, `step_ns` apart; a gap begins anew."""

    depth: int
    step_ns: int
    names: tuple[str, ...]
    bar_close: dict[str, int] = {}
    bars: dict[str, list[tuple[float, ...]]] = {}

    def advance(self, bar_close: int, frame: FeatureFrame) -> FeatureFrame:
        """Takes a bar in and gives its frame with the bars before; NaN where they are not known.

        A symbol that missed a bar begins anew; one that is not in the frame is forgotten.
        """
        rows = np.stack([frame[name] for name in self.names], axis=1)
        kept: dict[str, list[tuple[float, ...]]] = {}
        for symbol, row in zip(frame.symbols, rows.tolist(), strict=True):
            follows = self.bar_close.get(symbol) == bar_close - self.step_ns
            before = self.bars[symbol] if follows else []
            kept[symbol] = [*before, tuple(row)][-self.depth :]
        self.bars = kept
        self.bar_close = dict.fromkeys(kept, bar_close)
        return self._extended(frame)

    def _extended(self, frame: FeatureFrame) -> FeatureFrame:
        unknown = (np.nan,) * len(self.names)
        values = dict(frame.values)
        for lag in range(1, self.depth):
            rows = [
                self.bars[symbol][-1 - lag] if len(self.bars[symbol]) > lag else unknown
                for symbol in frame.symbols
            ]
            columns = np.array(rows, dtype=np.float64).reshape(len(rows), -1).T.copy()
            columns.flags.writeable = False
            values |= {
                lagged(name, lag): column for name, column in zip(self.names, columns, strict=True)
            }
        return FeatureFrame(frame.symbols, MappingProxyType(values))


def lagged(name: str, lag: int) -> str:
    """Gives the name of a feature so many bars ago; at lag 0 its own."""
    return f"{name}@{lag}" if lag else name


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
