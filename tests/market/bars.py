"""Makes random markets as bars, and hands events to a module as the bus would."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from quantum_os.events.base import Event
from quantum_os.events.market import FeedWatermark, MarketKlines
from quantum_os.events.units import NS_PER_MINUTE, Ns
from quantum_os.kernel.chance import generator
from quantum_os.kernel.instant import Instant
from quantum_os.kernel.reactor import Reactor, Said

T0 = 1_751_328_000_000_000_000
"""2025-07-01T00:00Z: the start of an hour and of a day."""
STEP = 5 * NS_PER_MINUTE
VENUE = "binance"
Rows = dict[str, tuple[float, float, float, float, float]]


def klines(rows: Rows, number: int, venue: str = VENUE, step: int = STEP) -> MarketKlines:
    """Makes bar `number` since T0 from (open, high, low, close, volume) by symbol."""
    opened, high, low, close, volume = (tuple(c) for c in zip(*rows.values(), strict=True))
    start = T0 + number * step
    return MarketKlines(
        venue=venue,
        timeframe="bar",
        open_time=Ns(start),
        close_time=Ns(start + step),
        symbols=tuple(rows),
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        synthetic=True,
    )


def flat(prices: dict[str, float], number: int, venue: str = VENUE) -> MarketKlines:
    """Makes a bar that closes at the given prices, with a range of 0.1 % around them."""
    rows: Rows = {s: (p, p * 1.0005, p * 0.9995, p, 10.0) for s, p in prices.items()}
    return klines(rows, number, venue)


def random_walk(
    symbols: Sequence[str], bars: int, seed: int = 0, sigma: float = 0.002, step: int = STEP
) -> list[MarketKlines]:
    """Makes a calm Gaussian market in which every bar comes."""
    chance = generator(seed, "test", "walk")
    paths = np.exp(np.cumsum(chance.normal(0.0, sigma / 2, (bars * 4, len(symbols))), axis=0))
    prices = 100.0 * np.vstack([np.ones(len(symbols)), paths])
    volumes = chance.lognormal(3.0, 0.5, (bars, len(symbols)))
    made = []
    for number in range(bars):
        path = prices[4 * number : 4 * number + 5]
        columns = (path[0], path.max(axis=0), path.min(axis=0), path[-1], volumes[number])
        rows = zip(*(column.tolist() for column in columns), strict=True)
        made.append(klines(dict(zip(symbols, rows, strict=True)), number, step=step))
    return made


def without(bar: MarketKlines, *symbols: str) -> MarketKlines:
    """Takes symbols out of a bar."""
    kept = {symbol: row for symbol, row in rows_of(bar).items() if symbol not in symbols}
    length = bar.close_time - bar.open_time
    return klines(kept, (bar.open_time - T0) // length, bar.venue, length)


def changed(bar: MarketKlines, symbol: str, *row: float) -> MarketKlines:
    """Puts another (open, high, low, close, volume) in a symbol's place."""
    o, h, l, c, v = row  # noqa: E741
    length = bar.close_time - bar.open_time
    rows = {**rows_of(bar), symbol: (o, h, l, c, v)}
    return klines(rows, (bar.open_time - T0) // length, bar.venue, length)


def rows_of(bar: MarketKlines) -> Rows:
    columns = (bar.open, bar.high, bar.low, bar.close, bar.volume)
    return dict(zip(bar.symbols, zip(*columns, strict=True), strict=True))


def with_watermarks(bars: Iterable[MarketKlines]) -> list[Event]:
    """Puts each bar's watermark behind it."""
    return [e for bar in bars for e in (bar, FeedWatermark(bar.venue, bar.close_time))]


class Hearing:
    """Hands events to one module and keeps all it says; `now` is the time of the last bar heard."""

    def __init__(self, module: Reactor[Any]) -> None:
        self.module = module
        self.instant = Instant()
        module.keep_time_by(self.instant)
        self.said: list[Event] = []

    def hear(self, *events: Event) -> list[Event]:
        """Gives what is said to these events alone."""
        before = len(self.said)
        for event in events:
            handler = self.module.handlers().get(type(event))
            if handler is None:
                continue
            if isinstance(event, MarketKlines):
                self.instant.ns = max(self.instant.ns, event.close_time)
            elif isinstance(event, FeedWatermark):
                self.instant.ns = max(self.instant.ns, event.time)
            self.said += _listed(handler(event))
        return self.said[before:]


def _listed(said: Said) -> list[Event]:
    if said is None:
        return []
    return [said] if isinstance(said, Event) else list(said)
