"""A small tape on the disk, and one recorded run of it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantum_os.events.market import MarketKlines
from quantum_os.market.feeds.synthetic import SyntheticMarket
from tests.cli.console import quantum_os

if TYPE_CHECKING:
    from tests.servers.postgres import Server

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "XRP/USDT:USDT", "SUI/USDT:USDT")
DAYS = 6


def write_tape(folder: Path) -> Path:
    """Writes a made-up market as the klines of four perpetuals."""
    folder.mkdir(parents=True)
    rows: dict[str, list[tuple[float, ...]]] = {symbol: [] for symbol in SYMBOLS}
    for _, _, event in SyntheticMarket(seed=5, days=DAYS, disturbed=False).frames():
        if isinstance(event, MarketKlines) and event.venue == "binance":
            for symbol in SYMBOLS:
                at = event.symbols.index(symbol)
                prices = (event.open[at], event.high[at], event.low[at], event.close[at])
                rows[symbol].append((event.open_time // 1_000_000, *prices, event.volume[at]))
    for symbol, bars in rows.items():
        names = ("open_time", "open", "high", "low", "close", "volume")
        frame = pl.DataFrame(dict(zip(names, zip(*bars, strict=True), strict=True)))
        base = symbol.partition("/")[0]
        frame.write_parquet(folder / f"binance_um_{base}USDT_5m.parquet")
    return folder


@pytest.fixture(scope="session")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tape(tmp_path_factory.mktemp("market") / "tape")


@pytest.fixture(scope="session")
def run_folder(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "one"
    said = quantum_os("backtest", "--data", tape, "--profile", "research", "--out", folder)
    assert said.code == 0, said.err
    return folder


@pytest.fixture(scope="session")
def result(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("runs") / "two"
    said = quantum_os(
        "backtest", "--data", tape, "--profile", "research", "--out", folder, "--json"
    )
    assert said.code == 0, said.err
    return said.json()


@pytest.fixture
def database(postgres: "Server") -> Iterator[str]:
    """The URL of an empty PostgreSQL database, dropped after the test."""
    name = f"quantum_os_test_{os.getpid()}_cli"
    yield postgres.create(name)
    postgres.drop(name)
