"""Decides what the candles of a symbol are, at every interval, from the bars of the tape."""

from bisect import bisect_left
from collections.abc import Callable, Iterator

import msgspec

from quantum_os.emulator.bar_path import Tick
from quantum_os.emulator.refusals import Refused
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, Side
from quantum_os.execution.venues.sim.tape import Bar

INTERVALS: dict[str, int] = {
    **{f"{n}m": n * NS_PER_MINUTE for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": n * NS_PER_HOUR for n in (1, 2, 4, 6, 8, 12)},
    "1d": NS_PER_DAY,
    "3d": 3 * NS_PER_DAY,
    "1w": 7 * NS_PER_DAY,
}
"""What may be asked for; months are not offered."""

BARS_MAX = 60_000
"""Closed bars kept per symbol."""

_WEEK = INTERVALS["1w"]
_MONDAY = 4 * NS_PER_DAY
"""1970-01-05 was the first Monday."""


class Candle(msgspec.Struct):
    """Prices in USDT, `volume` in base, `quote` in USDT; `taker` is the part that buyers took.

    `first_id` and `last_id` are those of its trades, 0 where the tape numbers none.
    """

    open_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0
    quote: float = 0.0
    trades: int = 0
    taker: float = 0.0
    taker_quote: float = 0.0
    first_id: int = 0
    last_id: int = 0

    def add(self, tick: Tick) -> None:
        """Takes a trade in."""
        self.high = max(self.high, tick.price)
        self.low = min(self.low, tick.price)
        self.close = tick.price
        if tick.qty:
            self._count(tick.qty, tick.qty * tick.price, 1, tick.side is Side.BUY)

    def join(self, later: "Candle") -> None:
        """Takes a later candle in."""
        self.high, self.low = max(self.high, later.high), min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.quote += later.quote
        self.trades += later.trades
        self.taker += later.taker
        self.taker_quote += later.taker_quote
        self.last_id = later.last_id

    def _count(self, qty: float, value: float, trades: int, is_buy: bool) -> None:
        self.volume += qty
        self.quote += value
        self.trades += trades
        if is_buy:
            self.taker += qty
            self.taker_quote += value


def interval_ns(name: str) -> int:
    """The length of an interval; raises Refused -1120."""
    length = INTERVALS.get(name)
    if length is None:
        raise Refused(-1120)
    return length


def bucket(time: int, interval: int) -> int:
    """When the candle that holds `time` opens; weeks begin on Monday."""
    offset = _MONDAY if interval == _WEEK else 0
    return (time - offset) // interval * interval + offset


class CandleBook:
    """One symbol's closed bars and the ticks of the bar that is forming.

    `path` takes a closed bar apart into its ticks, for intervals finer than the tape's. Where no
    trades are known a candle counts half of its volume as taken by buyers.
    """

    def __init__(self, step: int, path: Callable[[Bar], list[Tick]]) -> None:
        self.step = step
        self._path = path
        self._opens: list[int] = []
        self._bars: list[Bar] = []
        self._ticks: list[Tick] = []
        self._forming: Candle | None = None

    def add_tick(self, tick: Tick) -> None:
        opened = bucket(tick.time, self.step)
        if self._forming is None or self._forming.open_time != opened:
            self._ticks = []
            self._forming = Candle(opened, *(tick.price,) * 4)
        self._forming.add(tick)
        self._ticks.append(tick)

    def add_bar(self, bar: Bar) -> None:
        """Closes a bar as the tape has it."""
        if self._forming is not None and self._forming.open_time <= bar.open_time:
            self._forming, self._ticks = None, []
        self._opens.append(bar.open_time)
        self._bars.append(bar)
        if len(self._bars) > BARS_MAX:
            del self._bars[: BARS_MAX // 10], self._opens[: BARS_MAX // 10]

    def last(self) -> float | None:
        """The newest price; None before the first."""
        if self._forming is not None:
            return self._forming.close
        return self._bars[-1].close if self._bars else None

    def between(self, interval: int, start: int, end: int) -> list[Candle]:
        """Candles that open in [start, end], oldest first; the last one may still be forming."""
        first = bucket(start, interval)
        candles: list[Candle] = []
        pieces = self._fine(first, end, interval) if interval < self.step else self._coarse(first)
        for piece in pieces:
            opened = bucket(piece.open_time, interval)
            if opened > end:
                break
            if candles and candles[-1].open_time == opened:
                candles[-1].join(piece)
            else:
                candles.append(msgspec.structs.replace(piece, open_time=opened))
        return [candle for candle in candles if candle.open_time >= start]

    def latest(self, interval: int, count: int, until: int) -> list[Candle]:
        """The newest `count` candles that open at or before `until`."""
        found = self.between(interval, bucket(until, interval) - count * interval, until)
        return found[-count:]

    def _coarse(self, start: int) -> Iterator[Candle]:
        for place in range(bisect_left(self._opens, start), len(self._bars)):
            yield _whole(self._bars[place])
        if self._forming is not None:
            yield msgspec.structs.replace(self._forming)

    def _fine(self, start: int, end: int, interval: int) -> Iterator[Candle]:
        place = max(0, bisect_left(self._opens, start - self.step + 1))
        for bar in self._bars[place:]:
            if bar.open_time > end:
                return
            yield from _split(self._path(bar), bar.open_time, bar.close_time, interval)
        if self._forming is not None and self._ticks:
            until = self._ticks[-1].time + 1
            yield from _split(self._ticks, self._forming.open_time, until, interval)


def _whole(bar: Bar) -> Candle:
    volume = bar.volume or 0.0
    value = volume * (bar.open + bar.high + bar.low + bar.close) / 4.0
    prices = (bar.open, bar.high, bar.low, bar.close)
    return Candle(bar.open_time, *prices, volume, value, 1, volume / 2.0, value / 2.0)


def _split(ticks: list[Tick], start: int, end: int, interval: int) -> Iterator[Candle]:
    """Candles of an interval from ticks; where nothing traded the last price stands."""
    last, place = ticks[0].price, 0
    for opened in range(bucket(start, interval), end, interval):
        candle: Candle | None = None
        while place < len(ticks) and ticks[place].time < opened + interval:
            tick = ticks[place]
            candle = candle or Candle(opened, *(tick.price,) * 4)
            candle.add(tick)
            place += 1
        candle = candle or Candle(opened, last, last, last, last)
        last = candle.close
        yield candle
