"""A market of twenty perpetuals whose prices hardly move: only restarts happen in it."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.market import FeedWatermark, MarketKlines, MarketOpens
from quantum_os.events.units import NS_PER_MINUTE, Ns
from quantum_os.market.instrument_book import packaged_instruments

VENUE = "binance"
START = 1_735_689_600_000_000_000
COUNT = 20
PRICE = 100.0


class CalmMarket(msgspec.Struct, frozen=True):
    """Minute bars at one price, a tick wide."""

    minutes: int = 100_000

    @property
    def venues(self) -> tuple[str, ...]:
        return (VENUE,)

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
        return self.minutes * COUNT

    @property
    def data_hash(self) -> str:
        return f"calm-{self.minutes}"

    @property
    def assumptions(self) -> tuple[str, ...]:
        return ("nothing happens in this market",)

    @property
    def is_synthetic(self) -> bool:
        return True

    def symbols(self, venue: str) -> tuple[str, ...]:
        return tuple(each.symbol for each in packaged_instruments())[:COUNT]

    def funded(self, venue: str) -> tuple[str, ...]:
        return ()

    def frames(self) -> Iterator[tuple[int, int, Event | None]]:
        symbols = self.symbols(VENUE)
        at = (PRICE,) * COUNT
        high, low = (PRICE + 0.1,) * COUNT, (PRICE - 0.1,) * COUNT
        volume = (1e6,) * COUNT
        for minute in range(self.minutes):
            time = Ns(START + minute * NS_PER_MINUTE)
            if minute:
                opened = Ns(time - NS_PER_MINUTE)
                bars = (VENUE, "1m", opened, time, symbols, at, high, low, at, volume)
                yield time, 1, MarketKlines(*bars, synthetic=True)
                yield time, 2, FeedWatermark(VENUE, time)
                yield time, 3, None
            yield time, 4, MarketOpens(VENUE, time, symbols, at, synthetic=True)
