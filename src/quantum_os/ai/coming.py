"""Which candles a replay knows are coming: what is computed from them ahead, and told in its time.

A backtest reads its market some bars ahead of the fund. Modules compute a block of bars at once
from these candles, and take a row of it only for a bar that they hear exactly so. So a block can
say nothing that single bars would not have said: it is a cache of what follows from its inputs.
"""

from collections import Counter, deque
from typing import NamedTuple

import numpy as np

from quantum_os.events.market import MarketCandle
from quantum_os.formulas.kernels.state import Floats

ROWS_AHEAD = 4_096
"""Symbol-bars that are read ahead: enough to make a call of numpy cheap, little to keep."""
BARS_AHEAD_MIN, BARS_AHEAD_MAX = 8, 256
"""Decision bars that are read ahead of many symbols, and of few."""


class FeatureRows(NamedTuple):
    """Features of candles [F, T, S] in the order of `CANDLE_NAMES`, of bars that have not closed
    yet; `close_times` rise, ns UTC.
    """

    symbols: tuple[str, ...]
    close_times: tuple[int, ...]
    values: Floats


NO_FEATURES = FeatureRows((), (), np.empty((0, 0, 0)))


class Coming:
    """The candles of one venue and timeframe that were read ahead, and the features made of them.

    Nobody hears of it: it is no event, and whatever a module does with it must be what the module
    would do without. `bars_taken` counts the bars whose features, regimes and answers came out of
    blocks.
    """

    def __init__(self) -> None:
        self.features = NO_FEATURES
        self.bars_taken: Counter[str] = Counter()
        self._candles: deque[MarketCandle] = deque()

    def tell(self, candle: MarketCandle) -> None:
        """Adds a candle; they come in the order of time."""
        self._candles.append(candle)

    def since(self, close_time: int) -> list[MarketCandle]:
        """Lists the candles from this close on, and forgets those before it."""
        candles = self._candles
        while candles and candles[0].close_time < close_time:
            candles.popleft()
        return list(candles)


def bars_ahead(symbols: int) -> int:
    """How many decision bars are read ahead of so many symbols."""
    return max(BARS_AHEAD_MIN, min(BARS_AHEAD_MAX, ROWS_AHEAD // max(symbols, 1)))
