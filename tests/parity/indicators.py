"""The fund's features, put together from TA-Lib's indicators instead of our kernels.

TA-Lib seeds its means as we do, so both agree from the first value on. What TA-Lib lacks, the
exponentially weighted variance, comes from pandas, which starts otherwise: its weight of the first
bar has to fade first.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import talib
from numpy.typing import NDArray

from quantum_os.formulas.kernels.atr import VOL_RATIO, AtrKernel
from quantum_os.formulas.kernels.bar_features import feature_state_new, features_of_bar
from quantum_os.formulas.kernels.feature_list import FEATURES
from tests.market.pairs import NAMES, SHARED, perp

Floats = NDArray[np.float64]

WARM = 250
WARM_PANDAS = 1_000
BARS = 4_000
TOLERANCE = 1e-9
"""Relative, and absolute for features that pass through 0: those are in ATRs or shares."""

BY_PANDAS = ("zscore_20", "bandwidth_20")
POSITIVE = (
    "atr_frac",
    "bandwidth_20",
    "range_ratio",
    "variance_ratio_5",
    "vol_ratio",
    "volume_ratio",
)
WITHOUT_ORACLE = ("streak",)
"""Counted, not smoothed: no library has it, our own textbook test does."""


FILES = {
    "BTC 1h": "1h_from_2019-09/binance_um_BTCUSDT_1h",
    "ETH 1h": "1h_from_2019-11/binance_um_ETHUSDT_1h",
    "XRP 5m": "5m_from_2025-07/binance_um_XRPUSDT_5m",
    "1000PEPE 5m": "5m_from_2025-07/binance_um_1000PEPEUSDT_5m",
    "BTC 1m": "1m_from_2025-05/binance_um_BTCUSDT_1m",
    "SOL 4h": "4h_from_2024-02/binance_um_SOLUSDT_4h",
}
MADE = "made 5m"
MARKETS = tuple(FILES) if SHARED.is_dir() else (MADE,)


@cache
def market(name: str) -> Floats:
    """Bars [5, T]; made ones where no recording is at hand."""
    if name == MADE:
        print("no recordings at hand: a made market stands in")
        return perp(BARS).select(NAMES).to_numpy().T
    frame = pl.read_parquet(SHARED / f"{FILES[name]}.parquet").head(BARS)
    return frame.select(NAMES).to_numpy().T


@cache
def gaps(name: str) -> dict[str, float]:
    """The largest difference of every feature on one market."""
    mine, other = ours(market(name)), theirs(market(name))
    assert set(mine) - set(other) == set(WITHOUT_ORACLE)
    return {feature: largest_gap(feature, mine[feature], other[feature]) for feature in other}


def ours(bars: Floats) -> dict[str, Floats]:
    """Every feature of one symbol, by our kernels bar by bar, and the volatility ratio."""
    state, kernel = feature_state_new(1), AtrKernel(1)
    steps = [np.ascontiguousarray(bar[:, None]) for bar in bars.T]
    told = np.array([features_of_bar(state, bar)[:, 0] for bar in steps])
    ratio = np.array([kernel.step(bar[1], bar[2], bar[3])[VOL_RATIO, 0] for bar in steps])
    return {name: told[:, row] for row, name in enumerate(FEATURES)} | {"vol_ratio": ratio}


def theirs(bars: Floats) -> dict[str, Floats]:
    """The same from TA-Lib and pandas."""
    found = {**_directional(bars), **_places(bars), **_shapes(bars)}
    return {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}


def _directional(bars: Floats) -> dict[str, Floats]:
    """Means of moves, and prices against means."""
    _, high, low, close, volume = bars
    atr = talib.ATR(high, low, close, 14)
    fast, slow, long = (talib.EMA(close, length) for length in (10, 20, 50))
    change = talib.MOM(close, 1)
    squares = after(5, lambda five: talib.EMA(five * five, 50), talib.MOM(close, 5))
    single = after(1, lambda one: talib.EMA(one * one, 50), change)
    spread = np.sqrt(pd.Series(close).ewm(span=20, adjust=False).var(bias=True).to_numpy())
    fraction = atr / close
    usual = pd.Series(fraction).rolling(720, min_periods=24).median().to_numpy()
    return {
        "ret_1_atr": change / atr,
        "ret_4_atr": talib.MOM(close, 4) / atr,
        "ret_24_atr": talib.MOM(close, 24) / atr,
        "ema_cross_atr": (fast - slow) / atr,
        "ema50_slope_atr": talib.MOM(long, 1) / atr,
        "ema50_gap_atr": (close - long) / atr,
        "rsi_14": talib.RSI(close, 14) / 50.0 - 1.0,
        "persistence": after(1, lambda one: talib.EMA(one, 50), change)
        / after(1, lambda one: talib.EMA(np.abs(one), 50), change),
        "variance_ratio_5": squares / (5.0 * single),
        "volume_ratio": volume / talib.EMA(volume, 20),
        "zscore_20": (close - slow) / spread,
        "bandwidth_20": spread / slow,
        "atr_frac": talib.NATR(high, low, close, 14) / 100.0,
        "vol_ratio": np.minimum(fraction / usual, 3.0),
    }


def _places(bars: Floats) -> dict[str, Floats]:
    """Where the close stands in the channels of the bars before it."""
    _, high, low, close, _ = bars
    atr = talib.ATR(high, low, close, 14)
    top, bottom = before(talib.MAX(high, 20)), before(talib.MIN(low, 20))
    outer_top, outer_bottom = before(talib.MAX(high, 55)), before(talib.MIN(low, 55))
    beyond = np.maximum(close - outer_top, 0.0) + np.minimum(close - outer_bottom, 0.0)
    return {
        "donchian_20": 2.0 * (close - bottom) / (top - bottom) - 1.0,
        "breakout_55_atr": beyond / atr,
        "drawdown_72_atr": (talib.MAX(high, 73) - close) / atr,
        "range_ratio": (high - low) / atr,
    }


def _shapes(bars: Floats) -> dict[str, Floats]:
    """The shape of the bar itself; NaN where it has no range."""
    opened, high, low, close, _ = bars
    reach = np.where(high > low, high - low, np.nan)
    return {
        "bar_position": 2.0 * (close - low) / reach - 1.0,
        "upper_wick": (high - np.maximum(opened, close)) / reach,
        "lower_wick": (np.minimum(opened, close) - low) / reach,
    }


def after(bars: int, smooth: Callable[[Floats], Floats], values: Floats) -> Floats:
    """Smooths what comes after so many bars without a value: TA-Lib takes no gaps."""
    return np.concatenate([np.full(bars, np.nan), smooth(values[bars:])])


def before(values: Floats) -> Floats:
    """What was known a bar earlier."""
    return np.concatenate([[np.nan], values[:-1]])


def largest_gap(name: str, mine: Floats, other: Floats) -> float:
    """The largest difference after the warm-up, relative to the value.

    Features that pass through 0 are measured against 1 where they are smaller: an ATR, or the whole
    of a share. Infinite when one side knows a value that the other does not.
    """
    warm = WARM_PANDAS if name in BY_PANDAS else WARM
    a, b = mine[warm:], other[warm:]
    if (np.isnan(a) != np.isnan(b)).any() or np.isnan(b).all():
        return float("inf")
    known = ~np.isnan(a)
    least = 1e-12 if name in POSITIVE else 1.0
    return float(np.max(np.abs(a[known] - b[known]) / np.maximum(np.abs(b[known]), least)))
