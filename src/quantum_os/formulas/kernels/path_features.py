"""What the way to a bar was like: longer moves, the shape of moves, and what volume did.

Built like `bar_features`: one step over all symbols, parts over wholes.
"""

from typing import NamedTuple

import numpy as np

from quantum_os.formulas.kernels.feature_groups import PATH_FEATURES
from quantum_os.formulas.kernels.rings import ago, put
from quantum_os.formulas.kernels.state import (
    Counts,
    Flags,
    Floats,
    KernelState,
    carry,
    counts,
    floats,
    present_bars,
    seeded_divisor,
)

BARS_UNTIL_WARM = 169
"""Bars a symbol must have shown: the move over 168 of them needs one more close."""

MOVE_10, MOVE_100, ATR_14, SQUARE, DOWN, CUBE, FOURTH, LAG = 0, 1, 2, 3, 4, 5, 6, 7
VOLUME_10, VOLUME_20, VOLUME_50, VOLUME_100 = 8, 9, 10, 11
SIGNED, TURNOVER, BALANCE, LOCATION, RANGE = 12, 13, 14, 15, 16
"""Rows of `means`. SQUARE to LAG and TURNOVER decay over 50 bars, SIGNED and the rest over 20."""

LENGTHS = np.array(
    [[10, 100, 14, 50, 50, 50, 50, 50, 10, 20, 50, 100, 20, 50, 20, 20, 20]], dtype=np.float64
).T
FINALS = np.where(LENGTHS == 14.0, 14.0, (LENGTHS + 1.0) / 2.0)
FIRST_AT = np.array([[1, 1, 1, 1, 1, 1, 1, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0]]).T
"""Bars before the first value: a move needs the close before it, a pair of moves two."""

LONGEST = 168
CLOSES, EXTREMES = slice(0, 168), slice(168, 504)
_RING_ROWS = 504
_RING_FIRST = np.array([[0, 168, 169]]).T
_RING_STRIDE = np.array([[1, 2, 2]]).T
LOOKED_BACK = (12, 48, 168, 1)
"""Closes looked back at: the moves that are features, and the bar before."""
_BACK = np.array([LOOKED_BACK]).T


class PathArrays(NamedTuple):
    """The state's arrays by name: `means` [17, S], `rings` [504, S], the last move, bars."""

    bars: Counts
    last_move: Floats
    means: Floats
    rings: Floats


def path_state_new(symbols: int) -> KernelState:
    """An empty state for so many symbols."""
    return {
        "bars": np.zeros(symbols, dtype=np.int64),
        "last_move": np.zeros(symbols),
        "means": np.zeros((LENGTHS.shape[0], symbols)),
        "rings": np.ones((_RING_ROWS, symbols)),
    }


def grow_path(state: KernelState, symbols: int) -> KernelState:
    """The same state with room for more symbols, appended after the known ones."""
    return carry(state, path_state_new(symbols))


def path_arrays(state: KernelState) -> PathArrays:
    """A view of `state`: writing into it writes into the state."""
    return PathArrays(
        bars=counts(state, "bars"),
        last_move=floats(state, "last_move"),
        means=floats(state, "means"),
        rings=floats(state, "rings"),
    )


def path_of_bar(state: KernelState, bar: Floats) -> Floats:
    """[F, S] in the order of `PATH_FEATURES` from one bar [5, S]; NaN where unknown."""
    out = np.empty((len(PATH_FEATURES), bar.shape[1]))
    path_step(bar, path_arrays(state), out)
    return out


def path_step(bar: Floats, state: PathArrays, out: Floats) -> None:
    """Advances every symbol that has a bar, and fills `out` [F, S]."""
    present = present_bars(bar[0], bar[1], bar[2], bar[3], bar[4])
    safe = np.where(present, bar, 1.0)
    closes = ago(state.rings[CLOSES], state.bars, _BACK)
    symbols = bar.shape[1]
    extremes = state.rings[EXTREMES].reshape(LONGEST, 2, symbols).max(axis=0)
    advance_path_means(safe, closes[3], present, state)
    remember_path(safe, present, state)
    part, whole = np.empty(out.shape), np.empty(out.shape)
    of_distances(safe, closes, extremes, state.means, part, whole)
    of_shapes(state.means, part, whole)
    warm = present & (state.bars >= BARS_UNTIL_WARM)
    out[:] = part / np.where((whole > 0.0) & warm, whole, np.nan)


def advance_path_means(bar: Floats, previous: Floats, present: Flags, state: PathArrays) -> None:
    """Carries the means of the `present` symbols one bar on."""
    move = np.where(state.bars > 0, bar[3] - previous, 0.0)
    new = np.empty(state.means.shape)
    to_be_averaged(bar, previous, move, new)
    new[LAG] = move * state.last_move
    divisor = seeded_divisor(state.bars + 1 - FIRST_AT, present, LENGTHS, FINALS)
    state.means[:] = state.means + (new - state.means) / divisor
    state.last_move[:] = np.where(present, move, state.last_move)


def to_be_averaged(bar: Floats, previous: Floats, move: Floats, new: Floats) -> None:
    """What enters the means: `new` [17, ...], but for LAG, from bars [5, ...] and moves."""
    opened, high, low, close, volume = bar
    size, square = np.abs(move), move * move
    new[MOVE_10] = size
    new[MOVE_100] = size
    new[ATR_14] = np.maximum(high, previous) - np.minimum(low, previous)
    new[SQUARE] = square
    new[DOWN] = np.where(move < 0.0, square, 0.0)
    new[CUBE] = square * move
    new[FOURTH] = square * square
    new[VOLUME_10 : VOLUME_100 + 1] = volume
    new[SIGNED] = np.where(move > 0.0, volume, np.where(move < 0.0, -volume, 0.0))
    new[TURNOVER] = volume * close
    new[BALANCE] = (high - np.maximum(opened, close)) - (np.minimum(opened, close) - low)
    new[LOCATION] = (close - high) + (close - low)
    new[RANGE] = high - low


def remember_path(bar: Floats, present: Flags, state: PathArrays) -> None:
    """Carries the rings and the counts of the `present` symbols one bar on."""
    values = np.empty((3, bar.shape[1]))
    values[0] = bar[3]
    values[1] = bar[1]
    values[2] = -bar[2]
    put(state.rings, _RING_FIRST + state.bars % LONGEST * _RING_STRIDE, present, values)
    state.bars[:] = state.bars + present


def of_distances(
    bar: Floats, closes: Floats, extremes: Floats, means: Floats, part: Floats, whole: Floats
) -> None:
    """Moves and places in ATRs, and the place in the channel of the last 168 bars and this one."""
    close = bar[3]
    top, bottom = np.maximum(extremes[0], bar[1]), np.minimum(-extremes[1], bar[2])
    part[0:3] = close - closes[0:3]
    part[3] = top - close
    part[4] = close - bottom
    part[5] = close - means[TURNOVER] / np.where(means[VOLUME_50] > 0.0, means[VOLUME_50], np.nan)
    whole[0:6] = means[ATR_14]
    part[6], whole[6] = (close - top) + (close - bottom), top - bottom


def of_shapes(means: Floats, part: Floats, whole: Floats) -> None:
    """What moves and volumes have been like, as ratios of means."""
    square = means[SQUARE]
    part[7], whole[7] = means[MOVE_10], means[MOVE_100]
    part[8], whole[8] = means[DOWN], square
    part[9], whole[9] = means[CUBE], square * np.sqrt(square)
    part[10], whole[10] = means[FOURTH], square * square
    part[11], whole[11] = means[LAG], square
    part[12], whole[12] = means[VOLUME_10], means[VOLUME_50]
    part[13], whole[13] = means[SIGNED], means[VOLUME_20]
    part[14] = means[MOVE_10] * means[VOLUME_100]
    whole[14] = means[MOVE_100] * means[VOLUME_10]
    part[15], whole[15] = means[BALANCE], means[RANGE]
    part[16], whole[16] = means[LOCATION], means[RANGE]
