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
    if one not in window.symbols or other not in window.symbols:
        return None
    columns = [window.symbols.index(one), window.symbols.index(other)]
    returns = np.diff(np.log(window.prices[:, columns]), axis=0)
    known = returns[np.isfinite(returns).all(axis=1)]
    if len(known) < RETURNS_MIN or not (known.std(axis=0) > 0).all():
        return None
    rho = float(np.corrcoef(known[:, 0], known[:, 1])[0, 1])
    return max(-1.0, min(1.0, rho))


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
    known = np.isfinite(np.diff(np.log(window.prices), axis=0)).astype(np.int64)
    shared = known.T @ known
    rho = tuple(
        tuple(between(window, one, other) for other in window.symbols) for one in window.symbols
    )
    return Matrix(window.symbols, rho, tuple(tuple(int(n) for n in row) for row in shared))
