"""Decides what a symbol last cost, from the columns that prices come in."""

import msgspec

from quantum_os.events.market import MarketKlines, MarketOpens


class Bar(msgspec.Struct, frozen=True, gc=False):
    """One symbol's closed bar."""

    open_time: int
    close_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None

    @property
    def range_bps(self) -> float:
        return (self.high - self.low) / self.close * 1e4


class Point(msgspec.Struct, frozen=True, gc=False):
    """A price at which the market can be met.

    `served_until` is the latest `live_from` of an order that may meet it: what was decided by this
    price's own bar may not. `volume` (base) and `range_bps` are those known at the time.
    """

    price: float
    time: int
    served_until: int
    volume: float | None
    range_bps: float
    bid: float | None = None
    ask: float | None = None


class Columns:
    """Where each symbol stands in a column; worked out anew only when the symbols change."""

    def __init__(self) -> None:
        self._symbols: tuple[str, ...] = ()
        self._places: dict[str, int] = {}

    def of(self, symbols: tuple[str, ...]) -> dict[str, int]:
        if symbols is not self._symbols:
            if symbols != self._symbols:
                self._places = {symbol: place for place, symbol in enumerate(symbols)}
            self._symbols = symbols
        return self._places


def bar_of(klines: MarketKlines, place: int) -> Bar:
    """The bar in one place of the columns."""
    return Bar(
        klines.open_time,
        klines.close_time,
        klines.open[place],
        klines.high[place],
        klines.low[place],
        klines.close[place],
        klines.volume[place],
    )


def last_price(
    columns: Columns,
    symbol: str,
    bars: MarketKlines | None,
    opens: MarketOpens | None,
    tick: tuple[int, float] | None,
) -> float | None:
    """The newest of close, open and tick; None when the latest of each lacks the symbol.

    An open is newer than a close of the same time.
    """
    newest, price = tick if tick is not None else (-1, None)
    if bars is not None and bars.close_time >= newest:
        place = columns.of(bars.symbols).get(symbol)
        if place is not None:
            newest, price = bars.close_time, bars.close[place]
    if opens is not None and opens.time >= newest:
        place = columns.of(opens.symbols).get(symbol)
        if place is not None:
            price = opens.price[place]
    return price
