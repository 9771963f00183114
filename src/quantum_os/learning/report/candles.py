"""Decides which candles around a trade are drawn, and packs them small."""

from math import floor, log10

import numpy as np
import numpy.typing as npt

from quantum_os.events.units import NS_PER_HOUR, NS_PER_MS
from quantum_os.formulas.timeframes import TIMEFRAMES, timeframe_ns
from quantum_os.learning.report.evidence import Bars

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CANDLES_MAX = 120_000
"""Candles of all trades together: about 2 MB of the page."""
CANDLES_A_TRADE = 120
CANDLES_A_TRADE_MIN = 40

MARGIN_SHARE = 0.3
"""What is shown before and after a trade, as a share of its hold, and at least `MARGIN_NS`."""
MARGIN_NS = 6 * NS_PER_HOUR

_DIGITS = 7
"""Significant digits kept of a price; ticks of the traded perpetuals need at most six."""


def candles_each(trades: int) -> int:
    """How many candles each of so many trades may have."""
    return max(CANDLES_A_TRADE_MIN, min(CANDLES_A_TRADE, CANDLES_MAX // max(trades, 1)))


def trades_drawn(trades: int) -> int:
    """How many of so many trades are drawn with candles at all."""
    return min(trades, CANDLES_MAX // CANDLES_A_TRADE_MIN)


def packed_candles(
    bars: Bars, timeframe: str, opened: int, closed: int, *, at_most: int
) -> dict[str, object] | None:
    """The candles from before the entry until after the exit, in the finest step that fits.

    `step` and `start` in ms; `places` are prices times 10^`digits`, five to a candle: steps since
    the candle before (the first: since `start`), open less the last close, high above the body, low
    below it, close less open. None when there is no bar.
    """
    margin = max(MARGIN_NS, int((closed - opened) * MARGIN_SHARE))
    times = np.frombuffer(bars.open_time, dtype=np.int64)
    first, last = np.searchsorted(times, [opened - margin, closed + margin])
    if first == last:
        return None
    span = int(times[last - 1] - times[first]) + timeframe_ns(timeframe)
    step = _step(span, at_most, timeframe_ns(timeframe))
    buckets = times[first:last] // step
    columns = [
        np.frombuffer(each)[first:last] for each in (bars.open, bars.high, bars.low, bars.close)
    ]
    starts = np.flatnonzero(np.diff(buckets, prepend=buckets[0] - 1))
    candles = _candles(columns, starts)
    digits = max(0, _DIGITS - 1 - floor(log10(float(candles[1].max()))))
    return {
        "start": int(buckets[0] * step) // NS_PER_MS,
        "step": step // NS_PER_MS,
        "digits": digits,
        "places": _deltas(buckets[starts], candles, digits).ravel().tolist(),
    }


def _step(span: int, at_most: int, finest: int) -> int:
    """The finest step that is made of whole bars and needs no more candles than that."""
    steps = [step for step in TIMEFRAMES.values() if step >= finest and step % finest == 0]
    return next((step for step in steps if span <= step * at_most), steps[-1])


def _candles(columns: list[Floats], starts: Ints) -> list[Floats]:
    opens, highs, lows, closes = columns
    ends = np.append(starts[1:], len(opens)) - 1
    return [
        opens[starts],
        np.maximum.reduceat(highs, starts),
        np.minimum.reduceat(lows, starts),
        closes[ends],
    ]


def _deltas(buckets: Ints, candles: list[Floats], digits: int) -> Ints:
    opens, highs, lows, closes = (np.rint(each * 10**digits).astype(np.int64) for each in candles)
    return np.stack(
        [
            np.diff(buckets, prepend=buckets[0]),
            opens - np.concatenate([[0], closes[:-1]]),
            highs - np.maximum(opens, closes),
            np.minimum(opens, closes) - lows,
            closes - opens,
        ],
        axis=1,
    )
