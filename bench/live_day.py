"""A day as a live process journals it: a tick of each symbol every two seconds, and its bars."""

from collections.abc import Iterator

import numpy as np

from bench.speed_market import SpeedMarket
from quantum_os.events.base import Event
from quantum_os.events.market import FeedWatermark, MarketKlines, MarketOpens, MarketTick
from quantum_os.events.units import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S, Ns
from quantum_os.kernel.chance import generator
from quantum_os.market.instrument_book import packaged_instruments

VENUE = SpeedMarket.VENUE
START = 1_735_689_600_000_000_000
TICK_NS = 2 * NS_PER_S
BAR_NS = 5 * NS_PER_MINUTE
SYMBOLS = 22


class LiveDay(SpeedMarket, frozen=True):
    """`hours` of ticks and five-minute bars on one venue; about a million events make a day."""

    hours: float = 24.0

    @property
    def timeframe(self) -> str:
        return "5m"

    @property
    def step_ns(self) -> int:
        return BAR_NS

    @property
    def start(self) -> int:
        return START

    @property
    def bars(self) -> int:
        return int(self.hours * 3_600 * NS_PER_S / BAR_NS) * SYMBOLS

    @property
    def data_hash(self) -> str:
        return f"live-day-{self.hours}"

    def symbols(self, venue: str) -> tuple[str, ...]:
        return tuple(each.symbol for each in packaged_instruments())[:SYMBOLS]

    def frames(self) -> Iterator[tuple[int, int, Event | None]]:
        symbols = self.symbols(VENUE)
        chance = generator(3, "live day")
        prices = np.full(SYMBOLS, 100.0)
        ticks = BAR_NS // TICK_NS
        for bar in range(int(self.hours * 3_600 * NS_PER_S / BAR_NS)):
            time = START + bar * BAR_NS
            moves = chance.standard_t(4, (ticks, SYMBOLS)) * 2e-4
            path = prices * np.exp(np.cumsum(moves, axis=0))
            yield time, 4, MarketOpens(VENUE, Ns(time), symbols, tuple(prices.tolist()), True)
            for place in range(ticks):
                at = time + place * TICK_NS + 1
                for symbol, price in zip(symbols, path[place].tolist(), strict=True):
                    yield at, 5, MarketTick(VENUE, symbol, price, Ns(at), synthetic=True)
                yield at, 3, None
            closed = time + BAR_NS
            yield (
                closed,
                1,
                MarketKlines(
                    venue=VENUE,
                    timeframe="5m",
                    open_time=Ns(time),
                    close_time=Ns(closed),
                    symbols=symbols,
                    open=tuple(prices.tolist()),
                    high=tuple(np.maximum(prices, path.max(axis=0)).tolist()),
                    low=tuple(np.minimum(prices, path.min(axis=0)).tolist()),
                    close=tuple(path[-1].tolist()),
                    volume=(1e6,) * SYMBOLS,
                    synthetic=True,
                ),
            )
            yield closed, 2, FeedWatermark(VENUE, Ns(closed))
            yield closed, 3, None
            prices = path[-1]


DAY_NS = NS_PER_DAY
