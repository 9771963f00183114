"""Makes a perpetual and its spot market on their own grids, and finds the real ones where they are.

The made spot market stands 4 bps above, trades a seventh, and quotes in finer ticks and steps, as
the real ones of BTC do.
"""

from pathlib import Path

import numpy as np
import polars as pl

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
DIRTY = SHARED / "dirty"
T0_MS = 1_735_689_600_000
STEP_MS = 300_000
NAMES = ("open", "high", "low", "close", "volume")
PERP, SPOT = (1, 3), (2, 5)
"""Decimals of price and volume: BTC's tick and step of .1 and .001, spot's of .01 and .00001."""


def made(
    count: int, grid: tuple[int, int], *, level: float = 1.0, share: float = 1.0
) -> pl.DataFrame:
    """Makes `count` 5m bars of BTC; the same walk for every grid: the markets belong together."""
    chance = np.random.default_rng(11)
    path = 95_000.0 * np.exp(np.cumsum(chance.normal(0.0, 0.0004, count * 4))) * level
    path = np.concatenate([path[:1], path]).round(grid[0])
    quarters = np.stack([path[at : at + count * 4 : 4] for at in range(4)] + [path[4::4]])
    volume = (chance.lognormal(5.0, 0.6, count) * share).round(grid[1])
    columns = (quarters[0], quarters.max(axis=0), quarters.min(axis=0), quarters[4], volume)
    frame = pl.DataFrame(dict(zip(NAMES, columns, strict=True)))
    times = pl.int_range(count, eager=True) * STEP_MS + T0_MS
    return frame.insert_column(0, times.alias("open_time"))


def perp(count: int) -> pl.DataFrame:
    return made(count, PERP)


def spot(count: int) -> pl.DataFrame:
    return made(count, SPOT, level=1.0004, share=1 / 7)


def hourly(frame: pl.DataFrame) -> pl.DataFrame:
    """Puts 5m bars together to whole hours."""
    hour = (pl.col("open_time") // 3_600_000 * 3_600_000).alias("open_time")
    parts = (
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum().round(5),
    )
    return frame.group_by(hour, maintain_order=True).agg(*parts)


def written(frame: pl.DataFrame, folder: Path, name: str) -> Path:
    """Writes a tape file and gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.parquet"
    frame.write_parquet(path)
    return path
