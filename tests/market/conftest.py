"""Gives the tests of the market a tape of real data when it is at hand, else a synthetic one."""

from math import exp, sin
from pathlib import Path

import msgspec
import polars as pl
import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
STEP_MS = 300_000
T0_MS = 1_751_628_900_000


class SharedData(msgspec.Struct, frozen=True):
    """A 5m tape to test on; `bars` is what its maker says it holds, `real` if markets made it."""

    folder: Path
    bars: int
    symbols: int
    real: bool


@pytest.fixture(scope="session")
def shared_data(tmp_path_factory: pytest.TempPathFactory) -> SharedData:
    folder = SHARED / "5m_from_2025-07"
    if folder.is_dir():
        print(f"tape under test: real data, {folder}")
        return SharedData(folder, bars=433_288, symbols=17, real=True)
    made = tmp_path_factory.mktemp("synthetic_tape")
    counts = {"BTC": 25_493, "ETH": 25_493, "SOL": 20_000}
    for late, (base, count) in enumerate(counts.items()):
        _wavy(late, count).write_parquet(made / f"binance_um_{base}USDT_5m.parquet")
    print(f"tape under test: synthetic, {made}")
    return SharedData(made, bars=sum(counts.values()), symbols=len(counts), real=False)


def _wavy(phase: int, count: int) -> pl.DataFrame:
    """Makes a market that swings on three scales; the same in every run."""
    price = [
        100 * exp(0.1 * sin(i / 900 + phase) + 0.02 * sin(i / 70) + 0.004 * sin(i * 1.7))
        for i in range(count + 1)
    ]
    frame = pl.DataFrame({"open": price[:-1], "close": price[1:]})
    return frame.select(
        (pl.int_range(count) * STEP_MS + T0_MS).alias("open_time"),
        "open",
        (pl.max_horizontal("open", "close") * 1.001).alias("high"),
        (pl.min_horizontal("open", "close") * 0.999).alias("low"),
        "close",
        pl.lit(5.0).alias("volume"),
    )
