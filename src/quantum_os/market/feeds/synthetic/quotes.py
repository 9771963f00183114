"""What a venue makes of the path: prices on its ticks, bars, and where it says nothing."""

import msgspec
import numpy as np

from quantum_os.kernel.chance import Generator
from quantum_os.market.feeds.synthetic.calibration import (
    BASIS_FAST_BPS,
    BASIS_FAST_HALF_LIFE_MIN,
    BASIS_MEAN_BPS,
    BASIS_SLOW_BPS,
    BASIS_SLOW_HALF_LIFE_MIN,
    GAP_CHANCE,
    LISTED,
)
from quantum_os.market.feeds.synthetic.disturbances import Disturbances
from quantum_os.market.feeds.synthetic.grid import POINTS, Grid
from quantum_os.market.feeds.synthetic.persistence import autoregressed, kept
from quantum_os.market.instrument_book import packaged_instruments

LAG_MAX = 3
"""Points that the second venue is behind at most."""

SECOND = np.array([place for place, listed in enumerate(LISTED) if listed.second is not None])
"""Places of the symbols that the second venue lists."""

_BOOK = {instrument.symbol: instrument for instrument in packaged_instruments()}
PRICE_DIGITS = np.array([-int(_BOOK[each.symbol].tick.adjusted()) for each in LISTED])
QTY_DIGITS = np.array([-int(_BOOK[each.symbol].step.adjusted()) for each in LISTED])


class Quotes(msgspec.Struct, frozen=True):
    """One venue's day: prices in ticks at each point [steps, POINTS, symbols] as whole floats.

    `still` marks bars in which nothing trades, `absent` those that never come [steps, symbols].
    """

    ticks: np.ndarray
    still: np.ndarray
    absent: np.ndarray

    def bars(self) -> np.ndarray:
        """Gives open, high, low, close in ticks [4, steps, symbols]."""
        ticks = self.ticks
        return np.stack([ticks[:, 0], ticks.max(axis=1), ticks.min(axis=1), ticks[:, -1]])


def first_quotes(
    chance: Generator, path: np.ndarray, last: np.ndarray, day: Disturbances
) -> Quotes:
    """What the price venue makes of a day's path [steps, POINTS, symbols].

    About every other bar opens one tick off the last close. `last` is the close of the day before
    in ticks, for a price that froze at midnight.
    """
    ticks = _on_ticks(path, PRICE_DIGITS)
    jumps, sides = chance.random((2, len(ticks), ticks.shape[2]))
    ticks[:, 0] += np.where(jumps < GAP_CHANCE, np.where(sides < 0.5, -1.0, 1.0), 0.0)
    return Quotes(_frozen(np.maximum(ticks, 1.0), last, day.frozen), day.frozen, day.missing)


class Basis(msgspec.Struct, frozen=True):
    """How far the second venue lies off the first: slow and fast part of unit variance [symbols].

    `trail` are the last points of the path of the day before [LAG_MAX, symbols], `last` the second
    venue's last closes in ticks.
    """

    slow: np.ndarray
    fast: np.ndarray
    trail: np.ndarray
    last: np.ndarray


def second_quotes(
    chance: Generator, grid: Grid, path: np.ndarray, day: Disturbances, before: Basis
) -> tuple[Quotes, Basis]:
    """What the second venue makes of the same path; each bar opens where the last one closed."""
    listed = path[:, :, SECOND]
    slow_shocks, fast_shocks = chance.standard_normal((2, grid.steps, len(SECOND)))
    keep_slow = kept(BASIS_SLOW_HALF_LIFE_MIN, grid.step_min)
    slow = autoregressed(slow_shocks, before.slow, keep_slow)
    fast = autoregressed(fast_shocks, before.fast, kept(BASIS_FAST_HALF_LIFE_MIN, grid.step_min))
    wide = BASIS_FAST_BPS + day.noise_bps[:, None]
    bps = BASIS_MEAN_BPS + BASIS_SLOW_BPS * slow + wide * fast + day.apart_bps[:, SECOND]
    ticks = _on_ticks(
        _behind(listed, before.trail, day.lag) + _between(bps) * 1e-4, PRICE_DIGITS[SECOND]
    )
    ticks = _frozen(np.maximum(ticks, 1.0), before.last, day.second_frozen[:, SECOND])
    ticks[1:, 0] = ticks[:-1, -1]
    ticks[0, 0] = np.where(before.last > 0.0, before.last, ticks[0, 0])
    silent = np.repeat(day.silent[:, None], len(SECOND), axis=1)
    trail = listed.reshape(-1, len(SECOND))[-LAG_MAX:].copy()
    after = Basis(slow[-1], fast[-1], trail, ticks[-1, -1].copy())
    return Quotes(ticks, day.second_frozen[:, SECOND], silent), after


def _on_ticks(logs: np.ndarray, digits: np.ndarray) -> np.ndarray:
    rounded: np.ndarray = np.rint(np.exp(logs) * 10.0**digits)
    return rounded


def _between(bps: np.ndarray) -> np.ndarray:
    """Spreads bar ends [steps, symbols] over the points of each bar, so that nothing jumps."""
    before = np.concatenate([bps[:1], bps[:-1]])
    share = np.linspace(0.0, 1.0, POINTS)[:, None]
    spread: np.ndarray = before[:, None, :] + share * (bps - before)[:, None, :]
    return spread


def _behind(points: np.ndarray, trail: np.ndarray, lag: np.ndarray) -> np.ndarray:
    """Gives each point as it was `lag` [steps] points ago."""
    if not lag.any():
        return points
    flat = np.concatenate([trail, points.reshape(-1, points.shape[2])])
    places = np.arange(len(flat) - LAG_MAX) + LAG_MAX - np.repeat(lag, POINTS)
    late: np.ndarray = flat[places].reshape(points.shape)
    return late


def _frozen(ticks: np.ndarray, last: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Holds prices where they stood before they froze."""
    for step, symbol in zip(*np.nonzero(still), strict=True):
        held = ticks[step - 1, -1, symbol] if step else last[symbol]
        ticks[step, :, symbol] = held if held > 0.0 else ticks[step, 0, symbol]
    return ticks
