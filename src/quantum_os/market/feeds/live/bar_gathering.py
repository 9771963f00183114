"""When the bars of a venue are said: all of one time at once, each once, in order of time."""

from collections.abc import Iterable, Sequence

from quantum_os.events.market import FeedWatermark, MarketKlines
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.market.feeds.live.heard import Bar

CLOSE_WAIT_S = 2.0
"""Seconds after a bar's end in which its last symbols may still come (DESIGN 5)."""

ASK_AFTER_S = 0.8
"""Seconds after a bar's end after which the symbols that have not come are asked for."""

BARS_HELD_MAX = 2_000_000
"""Bars that may wait at once: a year of 5m bars of 18 symbols; more is a leak."""

Said = MarketKlines | FeedWatermark


class BarGathering:
    """Gathers one venue's closed bars until their time can be told.

    `said_until` is the close (ns) of the last bar that was told. While it `holds` it tells nothing:
    what was missed is fetched first, so that no watermark is broken.
    """

    def __init__(
        self,
        venue: str,
        timeframe: str,
        symbols: Sequence[str],
        said_until: int,
        close_wait_s: float = CLOSE_WAIT_S,
    ) -> None:
        self.venue = venue
        self.timeframe = timeframe
        self.symbols = tuple(sorted(symbols))
        self.step_ns = timeframe_ns(timeframe)
        self.next_open = -(-said_until // self.step_ns) * self.step_ns
        self.holds = True
        self._close_wait_ns = int(close_wait_s * NS_PER_S)
        self.late = 0
        self.repeated = 0
        self._bars: dict[int, dict[str, Bar]] = {}
        self._held = 0

    def take(self, bar: Bar) -> None:
        """Keeps a closed bar; one that was told already, or whose time was, is only counted."""
        if not bar.closed or bar.timeframe != self.timeframe or bar.symbol not in self.symbols:
            return
        if bar.open_time < self.next_open or bar.open_time % self.step_ns:
            self.late += 1
            return
        bars = self._bars.setdefault(bar.open_time, {})
        if bar.symbol in bars:
            self.repeated += 1
            return
        self._held += 1
        if self._held > BARS_HELD_MAX:
            raise OverflowError(f"{self.venue}: more than {BARS_HELD_MAX} bars wait")
        bars[bar.symbol] = bar

    def missing(self, now: int) -> tuple[str, ...]:
        """Names the symbols to ask for: their bar ended a while ago (`now`: the venue's ns)."""
        if self.holds or now < self.next_open + self.step_ns + int(ASK_AFTER_S * NS_PER_S):
            return ()
        bars = self._bars.get(self.next_open, {})
        return tuple(symbol for symbol in self.symbols if symbol not in bars)

    def told(self, now: int) -> list[tuple[int, Said]]:
        """Gives what can be told at `now` (the venue's ns), each with its bar's close, in order."""
        said: list[tuple[int, Said]] = []
        while not self.holds and self._is_over(now):
            close = Ns(self.next_open + self.step_ns)
            bars = self._bars.pop(self.next_open, {})
            self._held -= len(bars)
            if bars:
                said.append((close, self._klines(close, bars)))
            said.append((close, FeedWatermark(self.venue, close)))
            self.next_open = close
        return said

    def _is_over(self, now: int) -> bool:
        close = self.next_open + self.step_ns
        if now < close:
            return False
        complete = len(self._bars.get(self.next_open, ())) == len(self.symbols)
        return complete or now >= close + self._close_wait_ns

    def _klines(self, close: Ns, bars: dict[str, Bar]) -> MarketKlines:
        here = [bars[symbol] for symbol in self.symbols if symbol in bars]
        symbols = self.symbols
        if len(here) < len(symbols):
            symbols = tuple(bar.symbol for bar in here)
        return MarketKlines(
            self.venue,
            self.timeframe,
            Ns(self.next_open),
            close,
            symbols,
            *_columns(here),
        )


Column = tuple[float, ...]


def _columns(bars: Iterable[Bar]) -> tuple[Column, Column, Column, Column, Column]:
    rows = [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]
    opened, high, low, close, volume = zip(*rows, strict=True)
    return opened, high, low, close, volume
