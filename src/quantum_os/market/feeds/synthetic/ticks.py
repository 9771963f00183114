"""Which trades lie inside a bar: its points in their order, and the bar's volume spread on them."""

from collections.abc import Iterator

import msgspec
import numpy as np

from quantum_os.events.market import MarketTick
from quantum_os.events.units import Ns, Side
from quantum_os.kernel.chance import Generator
from quantum_os.market.feeds.synthetic.days import VenueDay
from quantum_os.market.feeds.synthetic.grid import POINTS


class TickDay(msgspec.Struct, frozen=True):
    """One venue's ticks of a day: prices (USDT) and quantities (base), [steps, POINTS, symbols].

    The first of a bar is its open, the last its close, the extremes are among them, and what they
    trade adds up to the bar's volume. A bar that is absent or stands still has none.
    """

    venue: str
    symbols: tuple[str, ...]
    prices: np.ndarray
    quantities: np.ndarray
    silent: np.ndarray

    def at(self, step: int, point: int, time: int) -> Iterator[MarketTick]:
        """Gives the ticks of one moment (ns), one for each symbol that trades."""
        prices = self.prices[step, point].tolist()
        before = self.prices[step, max(0, point - 1)].tolist()
        traded = self.quantities[step, point].tolist()
        silent = self.silent[step].tolist()
        for place, symbol in enumerate(self.symbols):
            if silent[place]:
                continue
            yield MarketTick(
                venue=self.venue,
                symbol=symbol,
                price=prices[place],
                venue_ts=Ns(time),
                qty=traded[place],
                side=Side.BUY if prices[place] >= before[place] else Side.SELL,
                trade_id=f"{time}",
                synthetic=True,
            )


def ticks_of(chance: Generator, venue: str, day: VenueDay) -> TickDay:
    """Takes a day apart into its ticks."""
    quotes = day.quotes
    moved = np.abs(np.diff(quotes.ticks, axis=1, prepend=quotes.ticks[:, :1]))
    weight = chance.standard_exponential(moved.shape) * (
        1.0 + moved / (1.0 + moved.max(axis=1, keepdims=True))
    )
    shares = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    free = np.maximum(day.volume - POINTS, 0.0)[:, None, :]
    until = np.rint(shares * free)
    steps = np.diff(until, axis=1, prepend=0.0) + 1.0
    return TickDay(
        venue=venue,
        symbols=day.symbols,
        prices=quotes.ticks / 10.0**day.price_digits,
        quantities=steps / 10.0**day.qty_digits,
        silent=quotes.still | quotes.absent,
    )
