"""Modules that take rows from blocks say and remember what they would have done bar by bar."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from quantum_os.ai.coming import Coming, bars_ahead
from quantum_os.ai.features import Features, FeaturesConfig
from quantum_os.ai.regime import RegimeConfig, RegimeDetector
from quantum_os.events.base import Event
from quantum_os.events.market import MarketCandle
from quantum_os.events.units import NS_PER_HOUR, Ns
from quantum_os.formulas.kernels.feature_groups import USUAL
from tests.ai.scene import market_of
from tests.formulas.kernels.conftest import seeded_bars

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "5m_from_2025-07"
COLUMNS = ("open", "high", "low", "close", "volume")
BARS, COMPANY = 640, 8
BLOCK = 100
Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def bars() -> tuple[tuple[str, ...], Floats]:
    """Symbols and bars [T, 5, S]: recorded ones where they are at hand, and it is said which."""
    files = sorted(SHARED.glob("*.parquet"))[:COMPANY]
    if files:
        print(f"bars under test: real data, {SHARED}")
        read = [pl.read_parquet(file, columns=list(COLUMNS)).head(BARS) for file in files]
        made = np.stack([frame.select(COLUMNS).to_numpy() for frame in read], axis=2)
    else:
        print("bars under test: synthetic, seed 7")
        made = seeded_bars(BARS, COMPANY)
    others = tuple(f"S{place}/USDT:USDT" for place in range(1, COMPANY))
    return ("BTC/USDT:USDT", *others), made


def candle(symbols: tuple[str, ...], bar: Floats, hour: int) -> MarketCandle:
    opened, high, low, close, volume = (tuple(row) for row in bar.tolist())
    return MarketCandle(
        venue="binance",
        timeframe="1h",
        open_time=Ns(hour * NS_PER_HOUR),
        close_time=Ns((hour + 1) * NS_PER_HOUR),
        symbols=symbols,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
    )


class Mind:
    """Features and regimes that hear candles, which are told some bars before or never."""

    def __init__(self, *, ahead: bool) -> None:
        self.coming = Coming()
        told = self.coming if ahead else None
        self.features = Features(FeaturesConfig("binance", "1h", USUAL), told)
        self.regime = RegimeDetector(RegimeConfig("1h"), told)
        self.ahead = ahead

    def hears(self, candles: list[MarketCandle], first: int, last: int) -> list[Event]:
        said: list[Event] = []
        for place in range(first, last):
            if self.ahead and place % BLOCK == 0:
                for each in candles[place : place + BLOCK]:
                    self.coming.tell(each)
            heard = candles[place]
            self.features.on_candle(heard)
            section = market_of(heard)
            said.extend(self.regime.on_market_data(section))
            said.append(self.features.on_market_data(section))
        return said

    def states(self) -> tuple[bytes, bytes]:
        return self.features.snapshot().state, self.regime.snapshot().state


def candles_of(symbols: tuple[str, ...], bars: Floats) -> list[MarketCandle]:
    """A third of the way a symbol is listed that was not there before."""
    late = len(bars) // 3
    return [
        candle(symbols[:-1], bar[:, :-1], hour) if hour < late else candle(symbols, bar, hour)
        for hour, bar in enumerate(bars)
    ]


def test_modules_say_and_remember_the_same(bars: tuple[tuple[str, ...], Floats]) -> None:
    """Snapshots in the middle of a block, at its ends, and where a symbol is added."""
    candles = candles_of(*bars)
    block, stream = Mind(ahead=True), Mind(ahead=False)
    at = 0
    for cut in (1, 57, 100, 213, 214, 399, 500, BARS):
        assert block.hears(candles, at, cut) == stream.hears(candles, at, cut)
        assert block.states() == stream.states()
        at = cut
    assert block.coming.bars_taken["features"] > 0.9 * BARS
    assert block.coming.bars_taken["regimes"] > 0.9 * BARS
    assert not stream.coming.bars_taken


def test_a_restored_module_goes_on_from_what_it_was_given(
    bars: tuple[tuple[str, ...], Floats],
) -> None:
    """A block that is half taken belongs to a state that is gone."""
    candles = candles_of(*bars)
    block, stream = Mind(ahead=True), Mind(ahead=False)
    block.hears(candles, 0, 330)
    stream.hears(candles, 0, 330)
    kept = stream.features.snapshot(), stream.regime.snapshot()
    block.hears(candles, 330, 350)
    block.features.restore(kept[0])
    block.regime.restore(kept[1])
    assert block.hears(candles, 330, 420) == stream.hears(candles, 330, 420)
    assert block.states() == stream.states()


def test_few_bars_are_read_ahead_of_many_symbols() -> None:
    assert [bars_ahead(symbols) for symbols in (0, 1, 20, 500, 5_000)] == [256, 256, 204, 8, 8]
