"""Decides how alike two symbols have moved, from a rolling window of hourly prices."""

import msgspec
import numpy as np

from quantum_os.events.units import NS_PER_HOUR, Ns

WINDOW_HOURS = 168
"""Rows kept: one week of hours."""
RETURNS_MIN = 48
"""Fewer shared returns than this say nothing about a correlation."""


class PriceWindow(msgspec.Struct):
    """The last hourly prices, oldest row first; `prices[hour][symbol]`, NaN where unknown."""

    symbols: tuple[str, ...]
    prices: np.ndarray
    last_row: Ns


def empty_window() -> PriceWindow:
    """A window that has seen nothing."""
    return PriceWindow(symbols=(), prices=np.empty((0, 0), dtype=np.float64), last_row=Ns(0))


def push(
    window: PriceWindow, bar_close: Ns, symbols: tuple[str, ...], last: tuple[float | None, ...]
) -> None:
    """Adds one cross-section, unless an hour has not passed since the row before it."""
    if bar_close - window.last_row < NS_PER_HOUR:
        return
    if symbols != window.symbols:
        _rearrange(window, symbols)
    row = np.array(last, dtype=np.float64)
    row[~(row > 0)] = np.nan
    kept = window.prices[-(WINDOW_HOURS - 1) :]
    window.prices = np.vstack((kept, row))
    window.last_row = bar_close


def between(window: PriceWindow, one: str, other: str) -> float | None:
    """Correlation of hourly log returns in [-1, 1]; None while too little is known of either."""
    if one == other:
        return 1.0
    return _alike(window).between(one, other)


class _Alike:
    """What is computed once for a window: its returns, and how every symbol correlates with one.

    Sums run over hours alone, one column after the other: a pair has the same bits among two
    symbols and among five hundred, and whichever of the two is named first.
    """

    def __init__(self, window: PriceWindow) -> None:
        self.prices = window.prices
        self.symbols = window.symbols
        self.places = {symbol: place for place, symbol in enumerate(window.symbols)}
        returns = np.diff(np.log(window.prices), axis=0)
        self.known = np.isfinite(returns)
        self._returns = np.where(self.known, returns, 0.0)
        self._to: dict[str, list[float]] = {}

    def to(self, symbol: str) -> list[float]:
        """[S]: the correlation of each symbol with this one; NaN while too little is known."""
        found = self._to.get(symbol)
        if found is None:
            found = self._to[symbol] = self._correlated(self.places[symbol]).tolist()
        return found

    def between(self, one: str, other: str) -> float | None:
        """The correlation of two symbols; None while too little is known of either."""
        place = self.places.get(one)
        if place is None or other not in self.places:
            return None
        rho = self.to(other)[place]
        return None if rho != rho else rho

    def _correlated(self, place: int) -> np.ndarray:
        both = self.known & self.known[:, place : place + 1]
        count = np.maximum(both.sum(axis=0), 1)
        theirs = np.where(both, self._returns, 0.0)
        mine = np.where(both, self._returns[:, place : place + 1], 0.0)
        theirs = np.where(both, theirs - theirs.sum(axis=0) / count, 0.0)
        mine = np.where(both, mine - mine.sum(axis=0) / count, 0.0)
        spread = (theirs * theirs).sum(axis=0) * (mine * mine).sum(axis=0)
        known = (count >= RETURNS_MIN) & (spread > 0.0)
        rho = (theirs * mine).sum(axis=0) / np.sqrt(np.where(known, spread, 1.0))
        return np.where(known, np.clip(rho, -1.0, 1.0), np.nan)


_latest: list[_Alike] = []
"""That of the window that was asked about last: a bar asks about the same one many times."""


def _alike(window: PriceWindow) -> _Alike:
    """A window's prices are a new array with every row, so the same array is the same answer."""
    latest = _latest[0] if _latest else None
    is_same = latest is not None and latest.prices is window.prices
    if latest is None or not is_same or latest.symbols is not window.symbols:
        _latest[:] = [latest := _Alike(window)]
    return latest


def _rearrange(window: PriceWindow, symbols: tuple[str, ...]) -> None:
    """Moves the known columns to their new places; a new symbol starts without a past."""
    moved = np.full((len(window.prices), len(symbols)), np.nan)
    for place, symbol in enumerate(symbols):
        if symbol in window.symbols:
            moved[:, place] = window.prices[:, window.symbols.index(symbol)]
    window.symbols, window.prices = symbols, moved


class Matrix(msgspec.Struct, frozen=True):
    """How alike every two symbols moved: `rho[i][j]` in [-1, 1], None while too little is known.

    `returns[i][j]` counts the hourly returns that both have.
    """

    symbols: tuple[str, ...]
    rho: tuple[tuple[float | None, ...], ...]
    returns: tuple[tuple[int, ...], ...]


def matrix(window: PriceWindow) -> Matrix:
    """Measures every pair of the window, each over the hours that both have."""
    if len(window.prices) < 2:
        shown = len(window.symbols)
        empty = tuple((None,) * shown for _ in range(shown))
        return Matrix(window.symbols, empty, tuple((0,) * shown for _ in range(shown)))
    known = _alike(window).known.astype(np.int64)
    shared = known.T @ known
    rho = tuple(
        tuple(between(window, one, other) for other in window.symbols) for one in window.symbols
    )
    return Matrix(window.symbols, rho, tuple(tuple(int(n) for n in row) for row in shared))
