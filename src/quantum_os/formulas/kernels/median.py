"""The trailing median of each symbol, kept exact by comparisons alone in ordered windows."""

from bisect import bisect_left, insort
from collections import deque

import numpy as np

from quantum_os.formulas.kernels.state import Counts, Flags, Floats


def trailing_medians(
    values: Floats, active: Flags, seen: Counts, window: Floats, ordered: Floats
) -> Floats:
    """Takes `values` [S] into the last W values of the `active` symbols; returns the medians [S].

    `window` [S, W] holds each symbol's values in order of arrival, `ordered` [S, W] the same ones
    sorted; both start full of +inf, which stands for a place not yet taken. `seen` [S] counts
    earlier values. The answer means nothing where a symbol is not active.
    """
    symbols, capacity = ordered.shape
    first = np.arange(symbols) * capacity
    slot = first + np.where(active, seen, 0) % capacity
    leaving = window.reshape(-1)[slot]
    window.reshape(-1)[slot] = np.where(active, values, leaving)
    ranks = _ranks(np.stack((leaving, values)), first, ordered)
    for column in range(symbols):
        if active[column]:
            _move(ordered[column], ranks[0, column], ranks[1, column], values[column])
    size = np.minimum(np.where(active, seen, 0) + 1, capacity)
    flat = ordered.reshape(-1)
    median: Floats = 0.5 * (flat[first + (size - 1) // 2] + flat[first + size // 2])
    return median


def _ranks(values: Floats, first: Counts, ordered: Floats) -> Counts:
    """How many of a symbol's ordered values lie below each value [2, S]: one search for all."""
    flat, last = ordered.reshape(-1), first + ordered.shape[1]
    stride = 1
    while 2 * stride <= ordered.shape[1]:
        stride *= 2
    reached = np.broadcast_to(first, values.shape)
    while stride > 0:
        probe = np.minimum(reached + stride, last)
        reached = np.where(flat[probe - 1] < values, probe, reached)
        stride //= 2
    ranks: Counts = reached - first
    return ranks


def _move(ordered: Floats, hole: int, place: int, value: float) -> None:
    """Closes the hole a value leaves in an ordered row and opens one where `value` belongs."""
    if place > hole:
        ordered[hole : place - 1] = ordered[hole + 1 : place]
        ordered[place - 1] = value
    else:
        ordered[place + 1 : hole + 1] = ordered[place:hole]
        ordered[place] = value


def medians_of(values: Floats, seen: int, window: Floats, ordered: Floats) -> Floats:
    """The medians [n] of one symbol after each of `values` [n], as so many single ones give them.

    `window` and `ordered` [W] are the symbol's own rows, `seen` counts its values before these.
    """
    capacity = len(window)
    arrived = window[np.arange(max(seen - capacity, 0), seen) % capacity]
    held, kept = deque(arrived.tolist()), ordered[: len(arrived)].tolist()
    told = np.empty(len(values))
    for row, value in enumerate(values.tolist()):
        if len(held) == capacity:
            del kept[bisect_left(kept, held.popleft())]
        held.append(value)
        insort(kept, value)
        size = len(kept)
        told[row] = 0.5 * (kept[(size - 1) // 2] + kept[size // 2])
    last = np.arange(max(len(values) - capacity, 0), len(values))
    window[(seen + last) % capacity] = values[last]
    ordered[: len(kept)] = kept
    return told
