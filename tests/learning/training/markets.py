"""Tapes on disk for the dataset builder: a small market of chance, the same in every run."""

from pathlib import Path

import numpy as np
import polars as pl

SYMBOLS = ("BTC", "ETH", "SOL", "XRP", "ADA", "LTC")
START_MS = 1_704_067_200_000  # 2024-01-01 00:00 UTC
HOUR_MS = 3_600_000


def frame_of(seed: int, bars: int, step_ms: int = HOUR_MS) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(chance.normal(0.0, 0.01, bars)))
    opened = np.concatenate([close[:1], close[:-1]])
    reach = np.exp(np.abs(chance.normal(0.0, 0.005, bars)))
    return pl.DataFrame(
        {
            "open_time": START_MS + np.arange(bars) * step_ms,
            "open": opened,
            "high": np.maximum(opened, close) * reach,
            "low": np.minimum(opened, close) / reach,
            "close": close,
            "volume": chance.lognormal(3.0, 1.0, bars),
        }
    )


def written_market(folder: Path, bars: int = 900, *, venue: str = "binance_um") -> Path:
    """Writes hours of six symbols: one listed late, one with a hole, one silent for two days."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, symbol in enumerate(SYMBOLS):
        frame = frame_of(seed, bars)
        if symbol == "SOL":
            frame = frame.slice(120)
        elif symbol == "XRP":
            frame = frame.filter(pl.int_range(pl.len()) != 650)
        elif symbol == "LTC":
            frame = frame.filter((pl.int_range(pl.len()) < 200) | (pl.int_range(pl.len()) >= 248))
        frame.write_parquet(folder / f"{venue}_{symbol}USDT_1h.parquet")
    return folder


def written_funding(folder: Path, symbol: str, rate: float, bars: int = 900) -> Path:
    """Adds a funding rate of 8 h to a market."""
    times = START_MS + np.arange(0, bars, 8) * HOUR_MS
    rates = pl.DataFrame({"funding_time": times, "funding_rate": np.full(len(times), rate)})
    rates.write_parquet(folder / f"binance_um_{symbol}USDT_funding.parquet")
    return folder
