"""Bars of as many perpetuals as wanted, for benchmarks whose cost is that of a bar close."""

from collections.abc import Iterator
from math import sqrt

import msgspec
import numpy as np

from bench.speed_market import SpeedMarket
from quantum_os.events.base import Event
from quantum_os.events.market import FeedWatermark, Instrument, MarketKlines, MarketOpens
from quantum_os.events.units import NS_PER_HOUR, Ns
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.chance import generator
from quantum_os.market.instrument_book import packaged_instruments

VENUE = SpeedMarket.VENUE
FIRST_PRICE = 100.0


class WideMarket(SpeedMarket, frozen=True):
    """`hours` of `count` symbols from `start` (ns UTC) on; BTC is the first of them.

    All move with one market, and each by itself as much again.
    """

    count: int
    hours: int
    start: int
    timeframe: str = "1h"

    @property
    def step_ns(self) -> int:
        return timeframe_ns(self.timeframe)

    @property
    def bars(self) -> int:
        return self.count * self.steps

    @property
    def steps(self) -> int:
        return self.hours * NS_PER_HOUR // self.step_ns

    @property
    def data_hash(self) -> str:
        return f"wide-{self.count}-{self.hours}-{self.start}-{self.timeframe}"

    def symbols(self, venue: str) -> tuple[str, ...]:
        return tuple(each.symbol for each in self.instruments())

    def instruments(self) -> tuple[Instrument, ...]:
        """BTC's contract, and a cheap one's under as many names."""
        packaged = {each.symbol: each for each in packaged_instruments()}
        like = packaged["SOL/USDT:USDT"]
        others = (
            msgspec.structs.replace(like, symbol=f"W{number:03}/USDT:USDT")
            for number in range(1, self.count)
        )
        return packaged["BTC/USDT:USDT"], *others

    def frames(self) -> Iterator[tuple[int, int, Event | None]]:
        symbols, chance = self.symbols(VENUE), generator(11, "a wide market")
        opened = np.full(self.count, FIRST_PRICE)
        wide = 0.005 * sqrt(self.step_ns / NS_PER_HOUR)
        for step in range(self.steps):
            at = self.start + step * self.step_ns
            end = at + self.step_ns
            yield at, 4, MarketOpens(VENUE, Ns(at), symbols, tuple(opened.tolist()))
            moves = wide * (chance.standard_t(5) + chance.standard_t(5, self.count))
            close = opened * np.exp(np.clip(moves, -10 * wide, 10 * wide))
            reach = np.abs(chance.normal(0.0, 0.6 * wide, (2, self.count)))
            yield (
                end,
                1,
                MarketKlines(
                    venue=VENUE,
                    timeframe=self.timeframe,
                    open_time=Ns(at),
                    close_time=Ns(end),
                    symbols=symbols,
                    open=tuple(opened.tolist()),
                    high=tuple((np.maximum(opened, close) * (1.0 + reach[0])).tolist()),
                    low=tuple((np.minimum(opened, close) * (1.0 - reach[1])).tolist()),
                    close=tuple(close.tolist()),
                    volume=tuple((1e6 * chance.lognormal(0.0, 1.0, self.count)).tolist()),
                    synthetic=True,
                ),
            )
            yield end, 2, FeedWatermark(VENUE, Ns(end))
            yield end, 3, None
            opened = close
