"""Whether a bar can be of the contract it is named after: prices on its tick, volume on its step.

A spot market of the same pair quotes within a few bps of the perpetual, so its prices look right.
Its figures do not: it has a tick and a step of its own, mostly finer ones. Both must be finer at
once, because exchanges change one of them now and then, and liquidations print between the ticks.
"""

import struct
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

FOREIGN_PRICES = 2
"""Prices of a bar, of its four, that must lie between the ticks."""

DECIMALS_MAX = 8
"""Exchanges quote no finer. A number with more digits was computed, and says nothing of a grid."""

_NEAR = 1e-4
"""How far from a whole number of units still is one: floats are not decimals."""
_UNITS_MAX = 1e11
"""Beyond so many units a float cannot tell neighbours apart by `_NEAR`."""


_ULPS = 1e-15
"""How far, as a share of itself, a number may lie from the decimal it was written as."""


class Grid(msgspec.Struct, frozen=True, gc=False):
    """The tick of a contract's prices and the step of its volume, both > 0."""

    tick: float
    step: float


def is_off(value: float, unit: float) -> bool:
    """Whether a decimal number is no multiple of `unit` > 0; one that was computed never is.

    A number that single precision holds exactly may have been rounded by it: no evidence either.
    """
    units = value / unit
    if not abs(units) < _UNITS_MAX or abs(units - round(units)) <= _NEAR:
        return False
    single: float = struct.unpack("f", struct.pack("f", value))[0]
    return single != value and abs(round(value, DECIMALS_MAX) - value) <= _ULPS * abs(value)


def is_foreign(prices: Sequence[float], volume: float, grid: Grid) -> bool:
    """Whether a bar (open, high, low, close) has both its volume and its prices off the grid."""
    if not is_off(volume, grid.step):
        return False
    return sum(is_off(price, grid.tick) for price in prices) >= FOREIGN_PRICES


def foreign_bars(
    prices: NDArray[np.float64], volume: NDArray[np.float64], grid: Grid
) -> NDArray[np.bool_]:
    """The same for `prices` [4, n] and `volume` [n] at once."""
    between = _off(prices, grid.tick).sum(axis=0) >= FOREIGN_PRICES
    found: NDArray[np.bool_] = between & _off(volume, grid.step)
    return found


def usual_grid(
    prices: NDArray[np.float64], volume: NDArray[np.float64], share: float = 0.9
) -> Grid:
    """The decimal grid that at least `share` of the bars keep to: what a file is mostly made of."""
    return Grid(_unit(prices.reshape(4, -1), share), _unit(volume.reshape(1, -1), share))


def places(unit: float) -> str:
    """Writes a tick or step as people do: 0.00001, not 1e-05."""
    return f"{unit:.{DECIMALS_MAX}f}".rstrip("0").rstrip(".")


def _off(values: NDArray[np.float64], unit: float) -> NDArray[np.bool_]:
    units = values / unit
    between = (np.abs(units) < _UNITS_MAX) & (np.abs(units - np.round(units)) > _NEAR)
    written = np.abs(np.round(values, DECIMALS_MAX) - values) <= _ULPS * np.abs(values)
    single = values.astype(np.float32).astype(np.float64) == values
    off: NDArray[np.bool_] = between & written & ~single
    return off


def _unit(values: NDArray[np.float64], share: float) -> float:
    for decimals in range(DECIMALS_MAX):
        unit = 10.0**-decimals
        kept = ~_off(values, unit).any(axis=0)
        if kept.mean() >= share:
            return unit
    return 10.0**-DECIMALS_MAX
