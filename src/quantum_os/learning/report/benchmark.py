"""Decides what buying and holding the same symbols would have come to."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.learning.report.evidence import Bars, Evidence

Floats = npt.NDArray[np.float64]

BITCOIN = "BTC/USDT:USDT"
ASSUMED = (
    "buy & hold puts the deposit into the run's symbols in equal parts at each one's first open, "
    "unlevered, and holds; it pays no fees, no slippage and no funding"
)


def equal_weight(evidence: Evidence, symbols: Sequence[str], times: Sequence[int]) -> Floats | None:
    """What 1 became by holding these symbols in equal parts, at each time (ns).

    A symbol counts as cash until its first bar. None without a bar of any of them.
    """
    held = [
        growth for symbol in symbols if (growth := held_one(evidence, symbol, times)) is not None
    ]
    return np.mean(held, axis=0) if held else None


def held_one(evidence: Evidence, symbol: str, times: Sequence[int]) -> Floats | None:
    """What 1 became by holding one symbol from its first open; None without a bar of it."""
    bars = evidence.bars.get(symbol)
    if bars is None or not len(bars.close):
        return None
    return _growth(bars, np.asarray(times, dtype=np.int64), timeframe_ns(evidence.timeframe))


def _growth(bars: Bars, times: npt.NDArray[np.int64], step: int) -> Floats:
    closed = np.frombuffer(bars.open_time, dtype=np.int64) + step
    last = np.searchsorted(closed, times, side="right") - 1
    closes = np.frombuffer(bars.close, dtype=np.float64)
    return np.where(last < 0, 1.0, closes[np.maximum(last, 0)] / bars.open[0])
