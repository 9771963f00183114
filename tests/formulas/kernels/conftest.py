"""Gives the kernels' tests real bars when they are at hand, else seeded ones, and says which."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
COLUMNS = ("open", "high", "low", "close", "volume")
BARS = 1_500
SYMBOLS = 17


@pytest.fixture(scope="session")
def whole_bars() -> NDArray[np.float64]:
    """Bars [T, 5, S] without a gap."""
    folder = SHARED / "5m_from_2025-07"
    if folder.is_dir():
        print(f"bars under test: real data, {folder}")
        files = sorted(folder.glob("*.parquet"))[:SYMBOLS]
        frames = [pl.read_parquet(file, columns=list(COLUMNS)).head(BARS) for file in files]
        return np.stack([frame.select(COLUMNS).to_numpy() for frame in frames], axis=2)
    print("bars under test: synthetic, seed 7")
    return seeded_bars(BARS, SYMBOLS)


@pytest.fixture(scope="session")
def holed_bars(whole_bars: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same bars, where some symbols are listed late, pause, or show a bar in part."""
    bars = whole_bars.copy()
    bars[:300, :, 1] = np.nan
    bars[:1, :, 2] = np.nan
    bars[700:760, :, 3] = np.nan
    bars[801::97, :, 4] = np.nan
    bars[900, 4, 5] = np.nan
    bars[910, 1, 6] = np.nan
    return bars


def seeded_bars(count: int, symbols: int) -> NDArray[np.float64]:
    """A market of chance with changing volatility; the same in every run."""
    rng = np.random.default_rng(7)
    volatility = 0.004 * (1.0 + 0.8 * np.sin(np.arange(count) / 150.0))[:, None]
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 1.0, (count, symbols)) * volatility, axis=0))
    opened = np.vstack([close[:1], close[:-1]])
    high = np.maximum(opened, close) * (1.0 + volatility * rng.random((count, symbols)))
    low = np.minimum(opened, close) * (1.0 - volatility * rng.random((count, symbols)))
    return np.stack([opened, high, low, close, 100.0 * rng.random((count, symbols))], axis=1)


@pytest.fixture(scope="session")
def hours() -> list[NDArray[np.float64]]:
    """Hourly (high, low, close) [T, 3] of several symbols over years, or of a seeded market."""
    files = sorted(SHARED.glob("1h_from_202[0-4]-*/binance_um_*.parquet"))
    if files:
        print(f"hours under test: real data, {len(files)} symbols")
        return [pl.read_parquet(file).select(COLUMNS[1:4]).to_numpy() for file in files]
    print("hours under test: synthetic, seed 7")
    return [clustered_hours(12_000, seed) for seed in range(7, 11)]


def clustered_hours(count: int, seed: int) -> NDArray[np.float64]:
    """Hours whose volatility comes in clusters, as markets' does (its logarithm is an AR(1))."""
    rng = np.random.default_rng(seed)
    level = np.zeros(count)
    for t, shock in enumerate(rng.normal(0.0, 0.105, count)[1:], start=1):
        level[t] = 0.97 * level[t - 1] + shock
    volatility = 0.006 * np.exp(level)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 1.0, count) * volatility))
    opened = np.concatenate([close[:1], close[:-1]])
    reach = volatility * rng.random(count)
    high, low = np.maximum(opened, close) * (1.0 + reach), np.minimum(opened, close) * (1.0 - reach)
    return np.stack([high, low, close], axis=1)
