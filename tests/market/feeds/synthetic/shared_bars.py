"""Reads the real bars that the made-up market is measured on, where they are at hand."""

from pathlib import Path

import numpy as np
import polars as pl

from tests.market.feeds.synthetic.market_statistics import Bars

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data"
FOLDERS = ("5m_from_2025-07", "5m_from_2025-04", "5m_from_2025-06")
"""5m sets that reach from July to September 2025; SOL and DOGE start earlier, in their own."""

COLUMNS = ("open", "high", "low", "close", "volume")


def real_bars(bases: tuple[str, ...], exchange: str = "binance_um") -> Bars | None:
    """Gives the bars of these coins that all have in common; None where the data are not there."""
    frames = [_klines(base, exchange) for base in bases]
    if any(frame is None for frame in frames):
        return None
    known = [frame for frame in frames if frame is not None]
    joined = known[0].select("open_time")
    for place, frame in enumerate(known):
        joined = joined.join(frame.select("open_time", *_named(place)), on="open_time")
    joined = joined.sort("open_time")
    columns = {
        name: joined.select(f"{name}{place}" for place in range(len(known))).to_numpy()
        for name in COLUMNS
    }
    return Bars(open_ms=joined["open_time"].to_numpy(), **columns)


def real_funding(base: str) -> np.ndarray | None:
    """Gives [stamps, 2]: time in ms, on the minute, and rate, since February 2025."""
    path = SHARED / "funding" / f"binance_um_{base}USDT_funding.parquet"
    if not path.exists():
        return None
    rows = pl.read_parquet(path).unique("funding_time").sort("funding_time")
    times = np.round(rows["funding_time"].to_numpy() / 60_000) * 60_000
    since = times >= 1_738_368_000_000
    return np.stack([times, rows["funding_rate"].to_numpy()], axis=1)[since]


def _klines(base: str, exchange: str) -> pl.DataFrame | None:
    for folder in FOLDERS:
        path = SHARED / folder / f"{exchange}_{base}USDT_5m.parquet"
        if path.exists():
            return pl.read_parquet(path)
    return None


def _named(place: int) -> list[pl.Expr]:
    return [pl.col(name).alias(f"{name}{place}") for name in COLUMNS]
