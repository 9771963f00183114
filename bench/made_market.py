"""Minute bars of three symbols, the same for every engine that is measured."""

from collections.abc import Iterator

import numpy as np

from bench.speed_market import SpeedMarket
from quantum_os.events.base import Event
from quantum_os.events.market import FeedWatermark, MarketKlines, MarketOpens
from quantum_os.events.units import NS_PER_MINUTE, Ns
from quantum_os.kernel.chance import generator

VENUE = SpeedMarket.VENUE
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "XRP/USDT:USDT")
FIRST_PRICES = (46_000.0, 3_700.0, 2.5)
START = 1_640_995_200_000_000_000


class MadeMarket(SpeedMarket, frozen=True):
    """Student-t minute returns of 6 bps, `count` bars a symbol; [5, T, S] in `bars_array`."""

    count: int

    @property
    def timeframe(self) -> str:
        return "1m"

    @property
    def step_ns(self) -> int:
        return NS_PER_MINUTE

    @property
    def start(self) -> int:
        return START

    @property
    def bars(self) -> int:
        return self.count * len(SYMBOLS)

    @property
    def data_hash(self) -> str:
        return f"made-{self.count}"

    def symbols(self, venue: str) -> tuple[str, ...]:
        return SYMBOLS

    def bars_array(self) -> np.ndarray:
        """[5, T, S]: open, high, low, close, volume."""
        chance = generator(7, "bench")
        moves = chance.standard_t(4, (self.count, len(SYMBOLS))) * 0.0006
        close = np.array(FIRST_PRICES) * np.exp(np.cumsum(moves - moves.mean(axis=0), axis=0))
        opened = np.vstack([np.array(FIRST_PRICES), close[:-1]])
        reach = np.abs(chance.normal(0, 0.0004, (2, *close.shape)))
        high = np.maximum(opened, close) * (1 + reach[0])
        low = np.minimum(opened, close) * (1 - reach[1])
        volume = 1e7 * chance.lognormal(0, 1, close.shape) / close
        return np.array((opened, high, low, close, volume))

    def frames(self) -> Iterator[tuple[int, int, Event | None]]:
        bars = self.bars_array()
        for place in range(self.count):
            opened, high, low, close, volume = (tuple(row) for row in bars[:, place].tolist())
            at = START + place * NS_PER_MINUTE
            time = at + NS_PER_MINUTE
            yield at, 4, MarketOpens(VENUE, Ns(at), SYMBOLS, opened)
            yield (
                time,
                1,
                MarketKlines(
                    venue=VENUE,
                    timeframe="1m",
                    open_time=Ns(at),
                    close_time=Ns(time),
                    symbols=SYMBOLS,
                    open=opened,
                    high=high,
                    low=low,
                    close=close,
                    volume=volume,
                ),
            )
            yield time, 2, FeedWatermark(VENUE, Ns(time))
            yield time, 3, None
