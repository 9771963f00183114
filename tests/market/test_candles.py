"""Coarser candles equal a direct fold of their bars, and come exactly at their end."""

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.market import MarketCandle, MarketKlines
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.market.candles import Candles, CandlesConfig
from quantum_os.market.feeds.synthetic import SyntheticMarket

BARS = [e for _, _, e in SyntheticMarket(days=1).frames() if isinstance(e, MarketKlines)]
SYMBOLS = BARS[0].symbols


def built(bars: list[MarketKlines], timeframe: str) -> list[MarketCandle]:
    candles = Candles(CandlesConfig("binance", (timeframe,)))
    return [candle for bar in bars for candle in candles.on_klines(bar) or ()]


def test_each_candle_is_the_fold_of_its_bars() -> None:
    for timeframe, count in (("15m", 3), ("1h", 12), ("4h", 48)):
        candles = built(BARS, timeframe)
        assert len(candles) == len(BARS) // count
        for place, candle in enumerate(candles):
            part = BARS[place * count : (place + 1) * count]
            assert candle.close_time == part[-1].close_time
            assert candle.open == part[0].open
            assert candle.close == part[-1].close
            for row in range(len(SYMBOLS)):
                assert candle.high[row] == max(bar.high[row] for bar in part)
                assert candle.low[row] == min(bar.low[row] for bar in part)


@given(st.sets(st.integers(0, len(BARS) - 1), max_size=60))
def test_missing_bars_leave_the_rest_true(lost: set[int]) -> None:
    kept = [bar for place, bar in enumerate(BARS) if place not in lost]
    for candle in built(kept, "1h"):
        hour = [
            bar for bar in kept if bar.open_time // NS_PER_HOUR == candle.open_time // NS_PER_HOUR
        ]
        assert candle.high[0] == max(bar.high[0] for bar in hour)
        assert candle.close[0] == hour[-1].close[0]
        assert candle.close_time - candle.open_time == NS_PER_HOUR


def test_bars_of_another_venue_are_not_ours() -> None:
    candles = Candles(CandlesConfig("bybit", ("1h",)))
    assert all(candles.on_klines(bar) is None for bar in BARS)
