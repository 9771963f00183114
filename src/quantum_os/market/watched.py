"""What a venue's recent bars looked like: scales of moves and volumes, as arrays over symbols."""

import msgspec
import numpy as np

from quantum_os.events.market import MarketKlines

WINDOW_BARS = 288
"""Bars from which the usual move and volume are taken."""

RESCALE_BARS = 72
"""Bars between two looks at the window: a median moves slowly, and costs."""


class Seen(msgspec.Struct):
    """One bar time as arrays over the watched symbols; NaN where a symbol has no bar."""

    close: np.ndarray
    move: np.ndarray
    volume: np.ndarray
    has_range: np.ndarray
    usual_volume: np.ndarray

    def odd_volume(self, times_max: float) -> np.ndarray:
        """True where a price moved on no volume, or far more was traded than ever."""
        moved_on_nothing = (self.volume == 0.0) & self.has_range
        odd: np.ndarray = moved_on_nothing | (self.volume > times_max * self.usual_volume)
        return odd


class Watched(msgspec.Struct):
    """One venue's symbols; rings of absolute moves and volumes [window, S], and their scales.

    `scale` and `usual_volume` are infinite until the window has its first look: nothing is judged
    before there is something to compare with.
    """

    symbols: tuple[str, ...] = ()
    last_close_time: int = 0
    bars: int = 0
    close: np.ndarray = msgspec.field(default_factory=lambda: np.empty(0))
    moves: np.ndarray = msgspec.field(default_factory=lambda: np.empty((WINDOW_BARS, 0)))
    volumes: np.ndarray = msgspec.field(default_factory=lambda: np.empty((WINDOW_BARS, 0)))
    scale: np.ndarray = msgspec.field(default_factory=lambda: np.empty(0))
    usual_volume: np.ndarray = msgspec.field(default_factory=lambda: np.empty(0))
    still: np.ndarray = msgspec.field(default_factory=lambda: np.empty(0))

    def gap_before(self, event: MarketKlines) -> tuple[int, int] | None:
        """Gives the (from, to) ns of bars that never came before this one; None without a gap."""
        if not self.last_close_time or event.open_time <= self.last_close_time:
            return None
        return self.last_close_time, event.open_time

    def missing(self, event: MarketKlines) -> list[str]:
        """Names the symbols that had a bar before and have none now."""
        if event.symbols == self.symbols:
            return []
        here = set(event.symbols)
        return [
            symbol
            for place, symbol in enumerate(self.symbols)
            if symbol not in here and self.close[place] == self.close[place]
        ]

    def close_of(self, symbol: str) -> float | None:
        if symbol not in self.symbols:
            return None
        close = float(self.close[self.symbols.index(symbol)])
        return close if close == close else None

    def take(self, event: MarketKlines) -> Seen:
        """Takes one bar time in and gives it as arrays."""
        if event.symbols != self.symbols:
            self._make_room(event.symbols)
        high, low, close, volume = self._columns(event)
        move = np.abs(close / self.close - 1.0)
        seen = Seen(close, move, volume, high > low, self.usual_volume)
        unmoved = (high == low) & (close == self.close)
        self.still = np.where(unmoved, self.still + 1.0, 0.0)
        slot = self.bars % WINDOW_BARS
        self.moves[slot] = move
        self.volumes[slot] = volume
        self.bars += 1
        self.close = close
        self.last_close_time = event.close_time
        if self.bars % RESCALE_BARS == 0:
            self._rescale()
        return seen

    def _columns(self, event: MarketKlines) -> np.ndarray:
        columns = np.array((event.high, event.low, event.close, event.volume))
        if event.symbols == self.symbols:
            return columns
        spread = np.full((4, len(self.symbols)), np.nan)
        spread[:, [self.symbols.index(symbol) for symbol in event.symbols]] = columns
        return spread

    def _make_room(self, symbols: tuple[str, ...]) -> None:
        new = tuple(symbol for symbol in symbols if symbol not in self.symbols)
        if not new:
            return
        self.symbols += new
        count = len(new)
        self.close = np.append(self.close, np.full(count, np.nan))
        self.still = np.append(self.still, np.zeros(count))
        self.scale = np.append(self.scale, np.full(count, np.inf))
        self.usual_volume = np.append(self.usual_volume, np.full(count, np.inf))
        self.moves = np.hstack([self.moves, np.full((WINDOW_BARS, count), np.nan)])
        self.volumes = np.hstack([self.volumes, np.full((WINDOW_BARS, count), np.nan)])

    def _rescale(self) -> None:
        """Looks at the window again; a symbol with less than half of it keeps infinite scales."""
        filled = min(self.bars, WINDOW_BARS)
        known = np.isfinite(self.moves[:filled]).sum(axis=0) * 2 >= WINDOW_BARS
        moves = np.where(known, np.nan_to_num(self.moves[:filled]), np.inf)
        volumes = np.where(known, np.nan_to_num(self.volumes[:filled]), np.inf)
        self.scale = np.median(moves, axis=0)
        self.usual_volume = np.median(volumes, axis=0)
