"""EDGE. A made-up market for those who have no tape: seeded, marked synthetic on every price."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec
import numpy as np

from quantum_os.events.base import Event
from quantum_os.events.market import ExchangeRaw, FeedWatermark, MarketKlines, MarketOpens, RawKind
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, Ns
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.chance import generator
from quantum_os.kernel.ids import derive

START_NS = 1_735_689_600_000_000_000
"""2025-01-01T00:00Z, where every synthetic market begins."""

VENUE = "binance"
FUNDING_HOURS = 8
PATH_POINTS = 8
"""Prices inside a bar from which its high and low are taken."""

_PRICES: dict[str, float] = {
    "BTC/USDT:USDT": 95_000.0,
    "ETH/USDT:USDT": 3_400.0,
    "BNB/USDT:USDT": 690.0,
    "XRP/USDT:USDT": 2.3,
    "ADA/USDT:USDT": 0.95,
    "LTC/USDT:USDT": 110.0,
    "BCH/USDT:USDT": 450.0,
    "DOT/USDT:USDT": 7.2,
    "NEAR/USDT:USDT": 5.3,
    "SUI/USDT:USDT": 4.4,
    "AAVE/USDT:USDT": 320.0,
    "ARB/USDT:USDT": 0.78,
}


class _Weather(StrEnum):
    """What drives a stretch of the market; a stretch lasts a day or two."""

    UP = "up"
    DOWN = "down"
    SIDEWAYS = "sideways"
    STORM = "storm"


_DRIFT = {_Weather.UP: 0.06, _Weather.DOWN: -0.06, _Weather.SIDEWAYS: 0.0, _Weather.STORM: -0.03}
"""Mean move per bar, in calm standard deviations."""
_SCALE = {_Weather.UP: 1.0, _Weather.DOWN: 1.1, _Weather.SIDEWAYS: 0.8, _Weather.STORM: 1.8}
_ODDS = (0.3, 0.25, 0.38, 0.07)
_BAR_SIGMA = 0.0018
"""Standard deviation of a 5m return in calm weather; with the rest, that of the real majors."""
_MOOD_SIGMA = 0.33
"""Log standard deviation of how lively a single bar is."""
_TAIL = 5
"""Degrees of freedom of the t distribution that moves inside a bar are drawn from."""
_TAIL_VARIANCE = _TAIL / (_TAIL - 2)
_MOVE_MEAN = 0.75
"""Mean absolute move of a bar in its own standard deviations."""
_COMMON = 0.67
"""Share of a symbol's move that it has in common with the market: the measured mean correlation."""


class SyntheticMarket(msgspec.Struct, frozen=True):
    """A seeded random market on one venue, in bars of `timeframe`; nothing in it has ever traded.

    Common and own moves are Student-t with volatility that clusters, under weather that switches by
    the day. The same seed gives the same bars for ever.
    """

    seed: int = 0
    days: int = 60
    timeframe: str = "5m"

    @property
    def venues(self) -> tuple[str, ...]:
        return (VENUE,)

    @property
    def step_ns(self) -> int:
        return timeframe_ns(self.timeframe)

    @property
    def start(self) -> int:
        return START_NS

    @property
    def end(self) -> int:
        return START_NS + self.days * NS_PER_DAY

    @property
    def bars(self) -> int:
        return self.days * (NS_PER_DAY // self.step_ns) * len(_PRICES)

    @property
    def data_hash(self) -> str:
        return derive("synthetic", self.seed, self.days, self.timeframe)

    @property
    def assumptions(self) -> tuple[str, ...]:
        return ("the market is synthetic: its profits and losses say nothing about a real one",)

    def symbols(self, venue: str) -> tuple[str, ...]:
        return tuple(_PRICES) if venue == VENUE else ()

    def funded(self, venue: str) -> tuple[str, ...]:
        return self.symbols(venue)

    def frames(self) -> Iterator[tuple[int, int, Event | None]]:
        """Plays the market as a tape does: closes, watermark, timers, opens of each time."""
        symbols = tuple(_PRICES)
        prices = np.array(list(_PRICES.values()))
        heat = np.ones(len(symbols))
        yield START_NS, 4, _opens(START_NS, symbols, prices)
        for day in range(self.days):
            made = _day((self.seed, day), prices, heat, NS_PER_DAY // self.step_ns)
            prices, heat = made.bars[3, -1], made.heat
            for place in range(made.bars.shape[1]):
                open_time = START_NS + day * NS_PER_DAY + place * self.step_ns
                yield from self._time(open_time, symbols, made.bars[:, place], made.rates[place])

    def _time(
        self, open_time: int, symbols: tuple[str, ...], bar: np.ndarray, rates: np.ndarray
    ) -> Iterator[tuple[int, int, Event | None]]:
        time = open_time + self.step_ns
        if time % (FUNDING_HOURS * NS_PER_HOUR) == 0:
            for symbol, rate in zip(symbols, rates.tolist(), strict=True):
                yield time, 0, _funding(time, symbol, rate)
        opened, high, low, close, volume = (tuple(column) for column in bar.tolist())
        yield (
            time,
            1,
            MarketKlines(
                venue=VENUE,
                timeframe=self.timeframe,
                open_time=Ns(open_time),
                close_time=Ns(time),
                symbols=symbols,
                open=opened,
                high=high,
                low=low,
                close=close,
                volume=volume,
                synthetic=True,
            ),
        )
        yield time, 2, FeedWatermark(VENUE, Ns(time))
        yield time, 3, None
        yield time, 4, _opens(time, symbols, bar[3])


def _opens(time: int, symbols: tuple[str, ...], prices: np.ndarray) -> MarketOpens:
    return MarketOpens(VENUE, Ns(time), symbols, tuple(prices.tolist()), synthetic=True)


def _funding(time: int, symbol: str, rate: float) -> ExchangeRaw:
    return ExchangeRaw(
        venue=VENUE,
        symbol=symbol,
        kind=RawKind.FUNDING,
        venue_ts=Ns(time),
        value=rate,
        interval_h=float(FUNDING_HOURS),
        next_time=Ns(time + FUNDING_HOURS * NS_PER_HOUR),
        synthetic=True,
    )


class _Day(msgspec.Struct, frozen=True):
    """`bars` [5, steps, S]: open, high, low, close, volume; `rates` [steps, S] of funding."""

    bars: np.ndarray
    rates: np.ndarray
    heat: np.ndarray


def _day(key: tuple[int, int], prices: np.ndarray, heat: np.ndarray, steps: int) -> _Day:
    """Makes day `key` = (seed, day) from the last prices and heats [S] of the day before."""
    chance = generator(key[0], "synthetic", str(key[1]))
    weather = list(_Weather)[int(chance.choice(len(_ODDS), p=_ODDS))]
    count = len(prices)
    bars = np.empty((5, steps, count))
    common = chance.standard_t(_TAIL, (steps, PATH_POINTS, 1))
    own = chance.standard_t(_TAIL, (steps, PATH_POINTS, count))
    mixed = _COMMON**0.5 * common + (1 - _COMMON) ** 0.5 * own
    moods = chance.lognormal(0.0, _MOOD_SIGMA, steps)
    sizes = chance.lognormal(0.0, 0.4, (steps, count))
    for step in range(steps):
        sigma = _BAR_SIGMA * _SCALE[weather] * heat * moods[step]
        drift = _DRIFT[weather] * _BAR_SIGMA / PATH_POINTS
        moves = drift + mixed[step] * sigma / (_TAIL_VARIANCE * PATH_POINTS) ** 0.5
        path = prices * np.exp(np.cumsum(moves, axis=0))
        close = path[-1]
        bars[0, step] = prices
        bars[1, step] = np.maximum(prices, path.max(axis=0))
        bars[2, step] = np.minimum(prices, path.min(axis=0))
        bars[3, step] = close
        moved = np.abs(close / prices - 1)
        bars[4, step] = 2e6 * (0.5 + moved / _BAR_SIGMA) * sizes[step] / prices
        surprise = np.minimum(moved / sigma, 5.0) - _MOVE_MEAN
        heat = np.clip(0.04 + heat * (0.96 + 0.1 * surprise), 0.5, 3.0)
        prices = close
    return _Day(bars, chance.normal(1e-4, 1e-4, (steps, count)), heat)
