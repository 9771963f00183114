"""What the coarser candles are: built from closed bars alone, published when their time is over."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.market import MarketCandle, MarketKlines
from quantum_os.events.units import Ns
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.reactor import Reactor


class CandlesConfig(msgspec.Struct, frozen=True):
    """The venue whose bars are built from, and the timeframes to build."""

    price_venue: str
    timeframes: tuple[str, ...]


class CandlesState(msgspec.Struct):
    """The bars of each timeframe's open candle."""

    building: dict[str, list[MarketKlines]] = {}


class Candles(Reactor[CandlesState]):
    """Gathers bars by reference and folds them once, at the end: each bar costs an append."""

    name = "market.candles"

    def __init__(self, config: CandlesConfig) -> None:
        super().__init__(CandlesState())
        self._config = config
        self._lengths = {name: timeframe_ns(name) for name in config.timeframes}
        self.state.building = {name: [] for name in config.timeframes}

    def on_klines(self, event: MarketKlines) -> Iterator[MarketCandle] | None:
        if event.venue != self._config.price_venue:
            return None
        ended = []
        for name, length in self._lengths.items():
            bars = self.state.building[name]
            if bars and bars[0].open_time // length != event.open_time // length:
                ended.append(_candle(name, length, bars))
                bars.clear()
            bars.append(event)
            if event.close_time % length == 0:
                ended.append(_candle(name, length, bars))
                bars.clear()
        return iter(ended) if ended else None


def _candle(timeframe: str, length: int, bars: list[MarketKlines]) -> MarketCandle:
    first = bars[0]
    open_time = first.open_time // length * length
    symbols, columns = _folded(bars)
    return MarketCandle(
        venue=first.venue,
        timeframe=timeframe,
        open_time=Ns(open_time),
        close_time=Ns(open_time + length),
        symbols=symbols,
        open=columns[0],
        high=columns[1],
        low=columns[2],
        close=columns[3],
        volume=columns[4],
        synthetic=any(bar.synthetic for bar in bars),
    )


Columns = tuple[tuple[float, ...], ...]


def _folded(bars: list[MarketKlines]) -> tuple[tuple[str, ...], Columns]:
    symbols = bars[0].symbols
    if len(bars) == 1:
        return symbols, (bars[0].open, bars[0].high, bars[0].low, bars[0].close, bars[0].volume)
    if any(bar.symbols != symbols for bar in bars):
        return _folded_by_symbol(bars)
    return symbols, (
        bars[0].open,
        tuple(map(max, *(bar.high for bar in bars))),
        tuple(map(min, *(bar.low for bar in bars))),
        bars[-1].close,
        tuple(map(sum, zip(*(bar.volume for bar in bars), strict=True))),
    )


def _folded_by_symbol(bars: list[MarketKlines]) -> tuple[tuple[str, ...], Columns]:
    """A candle with bars missing is built from those that came; a symbol without any is absent."""
    rows: dict[str, list[float]] = {}
    for bar in bars:
        for place, symbol in enumerate(bar.symbols):
            row = rows.get(symbol)
            if row is None:
                row = rows[symbol] = [bar.open[place], bar.high[place], bar.low[place], 0.0, 0.0]
            row[1] = max(row[1], bar.high[place])
            row[2] = min(row[2], bar.low[place])
            row[3] = bar.close[place]
            row[4] += bar.volume[place]
    return tuple(rows), tuple(zip(*rows.values(), strict=True))
