"""EDGE. How a made-up market becomes klines to train on: to see the machine work, not an edge."""

from pathlib import Path

import polars as pl

from quantum_os.events.market import MarketKlines
from quantum_os.events.units import NS_PER_MS
from quantum_os.learning.training.job import MadeUp
from quantum_os.market.feeds.synthetic import SyntheticMarket

COLUMNS = ("open_time", "open", "high", "low", "close", "volume")


def write_made_up_tape(folder: Path, asked: MadeUp) -> Path:
    """Writes the first venue's bars, one file a symbol, and gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    market = SyntheticMarket(seed=asked.seed, days=asked.days, disturbed=False)
    venue = market.venues[0]
    rows: dict[str, list[tuple[float, ...]]] = {symbol: [] for symbol in market.symbols(venue)}
    for _, _, event in market.frames():
        if isinstance(event, MarketKlines) and event.venue == venue:
            for at, symbol in enumerate(event.symbols):
                prices = (event.open[at], event.high[at], event.low[at], event.close[at])
                rows[symbol].append((event.open_time // NS_PER_MS, *prices, event.volume[at]))
    for symbol, bars in rows.items():
        frame = pl.DataFrame(dict(zip(COLUMNS, zip(*bars, strict=True), strict=True)))
        name = f"binance_um_{symbol.partition('/')[0]}USDT_{market.timeframe}.parquet"
        frame.write_parquet(folder / name)
    return folder
