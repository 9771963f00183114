"""Which recordings both engines trade; a synthetic one where none is at hand, and it says so."""

from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import polars as pl

from quantum_os.events.market import Instrument, MarketKlines
from quantum_os.kernel.iso_time import from_iso
from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.instrument_book import packaged_instruments
from tests.market.pairs import SHARED
from tests.parity.rule import Rule, Task

IS_REAL = SHARED.is_dir()
INSTRUMENTS = {instrument.symbol: instrument for instrument in packaged_instruments()}
SIZES = {
    "BTC": "0.1",
    "ETH": "1",
    "XRP": "100",
    "DOT": "100",
    "LTC": "10",
    "AAVE": "10",
    "BNB": "1",
}
SYNTHETIC_DAYS, SHORT_DAYS = 30, 12
ONE, LADDER = Rule(), Rule(ladder=True)


def _recorded(name: str, folder: str, coins: str, span: tuple[str, str]) -> Task:
    files = [
        next((SHARED / folder).glob(f"binance_um_{coin}USDT_*.parquet")) for coin in coins.split()
    ]
    start, end = map(from_iso, span)
    return Task(name, tuple(files), start, end, _sizes(coins))


def _sizes(coins: str) -> dict[str, Decimal]:
    return {f"{coin}/USDT:USDT": Decimal(SIZES[coin]) for coin in coins.split()}


RECORDED = {
    "BTC 1h": ("1h_from_2019-09", "BTC", ("2024-02-15", "2024-04-01")),
    "ETH 1h": ("1h_from_2019-11", "ETH", ("2022-05-01", "2022-06-15")),
    "XRP 5m": ("5m_from_2025-07", "XRP", ("2025-07-05", "2025-07-26")),
    "DOT LTC AAVE 5m": ("5m_from_2025-07", "DOT LTC AAVE", ("2025-08-01", "2025-08-12")),
}
MADE = "synthetic 5m"
TASKS = tuple(RECORDED) if IS_REAL else (MADE,)


@cache
def task(name: str) -> Task:
    """A recording to trade; a synthetic one where none is at hand."""
    if name == MADE:
        return _synthetic(MADE, "XRP", SYNTHETIC_DAYS)
    return _recorded(name, *RECORDED[name])


@cache
def short_task() -> Task:
    """A recording for errors to be planted in: long enough to trade both ways."""
    if not IS_REAL:
        return _synthetic(MADE, "XRP", SHORT_DAYS)
    return _recorded("BTC 1h", "1h_from_2019-09", "BTC", ("2024-03-01", "2024-03-16"))


def _synthetic(name: str, coins: str, days: int) -> Task:
    """Writes a made-up market as a tape, its prices rounded to the ticks that venues have."""
    print("no recordings at hand: a synthetic market is traded by both engines")
    folder = Path(mkdtemp(prefix="parity-"))
    sizes = _sizes(coins)
    rows: dict[str, list[tuple[float, ...]]] = {symbol: [] for symbol in sizes}
    venue = SyntheticMarket(seed=7, days=1).venues[0]
    for _, _, event in SyntheticMarket(seed=7, days=days).frames():
        if isinstance(event, MarketKlines) and event.venue == venue:
            for symbol in sizes:
                rows[symbol].append(_row(event, event.symbols.index(symbol), INSTRUMENTS[symbol]))
    for symbol, bars in rows.items():
        names = ("open_time", "open", "high", "low", "close", "volume")
        frame = pl.DataFrame(dict(zip(names, zip(*bars, strict=True), strict=True)))
        base = symbol.partition("/")[0]
        frame.write_parquet(folder / f"binance_um_{base}USDT_5m.parquet")
    return Task(name, tuple(sorted(folder.iterdir())), 0, 2**62, sizes)


def _row(event: MarketKlines, at: int, instrument: Instrument) -> tuple[float, ...]:
    decimals = -int(instrument.tick.normalize().as_tuple().exponent)
    prices = (event.open[at], event.high[at], event.low[at], event.close[at])
    return (
        event.open_time // 1_000_000,
        *(round(price, decimals) for price in prices),
        round(event.volume[at], 3),
    )
