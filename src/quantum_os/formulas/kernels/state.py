"""What a kernel remembers between two bars: plain arrays by name, and how they take new symbols."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
KernelState: TypeAlias = dict[str, NDArray[np.float64] | NDArray[np.int64]]
"""Arrays by name. `bars` is int64[S]; each array has S in exactly one, first or last, axis."""


def carry(old: KernelState, fresh: KernelState) -> KernelState:
    """Puts the symbols of `old` first into the larger `fresh` state; the rest start empty."""
    if old.keys() != fresh.keys():
        raise ValueError("states of different kernels")
    for name, array in old.items():
        fresh[name][tuple(slice(0, length) for length in array.shape)] = array
    return fresh


def floats(state: KernelState, name: str) -> Floats:
    """The array `name` of float64."""
    return state[name].astype(np.float64, copy=False)


def counts(state: KernelState, name: str) -> Counts:
    """The array `name` of int64."""
    return state[name].astype(np.int64, copy=False)


def present_bars(open_: Floats, high: Floats, low: Floats, close: Floats, volume: Floats) -> Flags:
    """True where a whole bar arrived: finite, prices above zero, volume not below it.

    A symbol not listed yet, or without this bar, holds NaN; its state then stays where it was.
    """
    total = open_ + high + close + volume
    flags: Flags = (total < np.inf) & (low > 0.0) & (open_ > 0.0) & (volume >= 0.0)
    return flags


def seeded_divisor(
    values: Counts, present: Flags, length: Floats | float, final: Floats | float
) -> Floats:
    """By what a smoother divides `x - average`, so that one line serves every mean we recurse.

    `values` counts x including this one. Up to `length` the average is the plain mean (the seed
    J. W. Wilder gives, 1978); afterwards it decays with 1 / `final`: `length` for Wilder's means,
    (length + 1) / 2 for an EMA. Infinite where nothing may move: no bar, or no x yet.
    """
    divisor = np.where(values > length, final, values)
    result: Floats = np.where(present & (values > 0), divisor, np.inf)
    return result
