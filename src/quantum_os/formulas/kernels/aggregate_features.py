"""What coarser candles say at a bar: those of 4 and of 24 decision bars, on the grid of UTC.

Only closed candles enter a mean or a channel; this bar's close is then measured against them. A
candle with bars missing is made from those that came, as `market/candles.py` does.
"""

from typing import NamedTuple

import numpy as np

from quantum_os.formulas.kernels.feature_groups import AGGREGATE_FACTORS, AGGREGATE_FEATURES
from quantum_os.formulas.kernels.rings import put
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

CANDLES_UNTIL_WARM = 21
"""Closed candles of both timeframes: a channel of 20, and a close before the first move."""
BARS_UNTIL_WARM = CANDLES_UNTIL_WARM * max(AGGREGATE_FACTORS)
"""Bars after which both are warm, where none is missing and the first opened a coarse candle."""

_LEVELS = len(AGGREGATE_FACTORS)
CHANNEL = 20
EMA_5, EMA_20, VOLUME_20, DRIFT, TRAVEL, ATR = 0, 1, 2, 3, 4, 5
LENGTHS = np.array([[5, 20, 20, 14, 14, 14]], dtype=np.float64).T
FINALS = np.array([[3, 10.5, 10.5, 14, 14, 14]], dtype=np.float64).T
FIRST_AT = np.array([[0, 0, 0, 1, 1, 1]]).T
HIGH, LOW, CLOSE, VOLUME = 0, 1, 2, 3
"""Rows of `forming`, the candle that bars are folded into."""
_RING_FIRST = np.array([[0, 1]]).T


class AggregateArrays(NamedTuple):
    """The state by name; every column is one (coarser timeframe, symbol): C = 2 S of them.

    `slot` numbers the candle that is forming, `is_open` says that it has not closed yet. `forming`
    [4, C], `last` [2, C]: close and volume of the last closed candle. `means` [6, C], `rings`
    [40, C]: highs and negative lows of the last 20.
    """

    candles: Counts
    slot: Counts
    is_open: Counts
    forming: Floats
    last: Floats
    means: Floats
    rings: Floats


class Closed(NamedTuple):
    """What closed candles say: means [6, ...], close and volume of the last one [2, ...], and the
    `channel` [2, ...] of the last 20: the highest high and the highest negative low.
    """

    means: Floats
    last: Floats
    channel: Floats


def aggregate_state_new(symbols: int) -> KernelState:
    """An empty state for so many symbols."""
    shape = (_LEVELS, symbols)
    return {
        "candles": np.zeros(shape, dtype=np.int64),
        "slot": np.full(shape, -1, dtype=np.int64),
        "is_open": np.zeros(shape, dtype=np.int64),
        "forming": np.ones((4, *shape)),
        "last": np.ones((2, *shape)),
        "means": np.zeros((LENGTHS.shape[0], *shape)),
        "rings": np.ones((2 * CHANNEL, *shape)),
    }


def grow_aggregate(state: KernelState, symbols: int) -> KernelState:
    """The same state with room for more symbols, appended after the known ones."""
    return carry(state, aggregate_state_new(symbols))


def aggregate_arrays(state: KernelState) -> AggregateArrays:
    """A view of `state`, timeframes and symbols in one axis: writing into it writes the state."""
    return AggregateArrays(
        candles=counts(state, "candles").reshape(-1),
        slot=counts(state, "slot").reshape(-1),
        is_open=counts(state, "is_open").reshape(-1),
        forming=_flat(floats(state, "forming")),
        last=_flat(floats(state, "last")),
        means=_flat(floats(state, "means")),
        rings=_flat(floats(state, "rings")),
    )


def aggregate_of_bar(state: KernelState, bar: Floats, open_time: int, step_ns: int) -> Floats:
    """[F, S] in the order of `AGGREGATE_FEATURES` from one bar [5, S] that opened at `open_time`.

    Times in ns UTC. NaN where a symbol has no bar now or is not warm in both timeframes.
    """
    out = np.empty((len(AGGREGATE_FEATURES), bar.shape[1]))
    slots, closes = coarse_places(np.array([open_time]), step_ns)
    aggregate_step(bar, slots[0], closes[0], aggregate_arrays(state), out)
    return out


def aggregate_step(
    bar: Floats, slot: Counts, closes: Flags, state: AggregateArrays, out: Floats
) -> None:
    """Folds this bar into its candles [2], closes those that end with it, and fills `out`."""
    symbols = bar.shape[1]
    wide = np.concatenate((bar, bar), axis=1)
    places, ends = np.repeat(slot, symbols), np.repeat(closes, symbols)
    present = present_bars(wide[0], wide[1], wide[2], wide[3], wide[4])
    left_open = present & (state.is_open > 0) & (state.slot != places)
    if left_open.any():
        close_candles(left_open, state)
    fold(np.where(present, wide, 1.0), places, present, state)
    if (present & ends).any():
        close_candles(present & ends, state)
    told = np.empty((8, 2 * symbols))
    channel = state.rings.reshape(CHANNEL, 2, 2 * symbols).max(axis=0)
    closed = Closed(state.means, state.last, channel)
    of_candles(np.where(present, wide[3], 1.0), present, state.forming, closed, told)
    out[:] = told.reshape(16, symbols)
    warm = state.candles >= CANDLES_UNTIL_WARM
    both = warm[:symbols] & warm[symbols:]
    out[:] = np.where(both, out, np.nan)


def fold(bar: Floats, places: Counts, present: Flags, state: AggregateArrays) -> None:
    """Starts a candle with a bar, or adds the bar to the one that is forming."""
    begins = present & (state.slot != places)
    forming = state.forming
    high = np.where(begins, bar[1], np.maximum(forming[HIGH], bar[1]))
    low = np.where(begins, bar[2], np.minimum(forming[LOW], bar[2]))
    volume = np.where(begins, bar[4], forming[VOLUME] + bar[4])
    forming[HIGH] = np.where(present, high, forming[HIGH])
    forming[LOW] = np.where(present, low, forming[LOW])
    forming[CLOSE] = np.where(present, bar[3], forming[CLOSE])
    forming[VOLUME] = np.where(present, volume, forming[VOLUME])
    state.slot[:] = np.where(present, places, state.slot)
    state.is_open[:] = np.where(present, 1, state.is_open)


def close_candles(which: Flags, state: AggregateArrays) -> None:
    """Takes the candles that close into the means and the channel."""
    forming, means, last = state.forming, state.means, state.last
    close = forming[CLOSE]
    new = np.empty(means.shape)
    to_be_averaged(forming, last[0], new)
    values = state.candles + 1 - FIRST_AT
    means[:] = means + (new - means) / seeded_divisor(values, which, LENGTHS, FINALS)
    extremes = np.empty((2, close.shape[0]))
    extremes[0], extremes[1] = forming[HIGH], -forming[LOW]
    put(state.rings, _RING_FIRST + state.candles % CHANNEL * 2, which, extremes)
    last[0] = np.where(which, close, last[0])
    last[1] = np.where(which, forming[VOLUME], last[1])
    state.candles[:] = state.candles + which
    state.is_open[:] = np.where(which, 0, state.is_open)


def to_be_averaged(candle: Floats, previous: Floats, new: Floats) -> None:
    """What candles [4, ...] that close put into the means; `previous` is the close before each."""
    close = candle[CLOSE]
    new[EMA_5] = close
    new[EMA_20] = close
    new[VOLUME_20] = candle[VOLUME]
    new[DRIFT] = close - previous
    new[TRAVEL] = np.abs(close - previous)
    new[ATR] = np.maximum(candle[HIGH], previous) - np.minimum(candle[LOW], previous)


def of_candles(
    close: Floats, present: Flags, forming: Floats, closed: Closed, told: Floats
) -> None:
    """Measures each close, and the candle it belongs to, against the closed candles."""
    means, last, channel = closed
    part, whole = np.empty(told.shape), np.empty(told.shape)
    part[0] = close - means[EMA_20]
    part[1] = means[EMA_5] - means[EMA_20]
    part[2] = close - last[0]
    part[3] = forming[HIGH] - forming[LOW]
    whole[0:4] = means[ATR]
    part[4], whole[4] = means[DRIFT], means[TRAVEL]
    part[5] = (close - channel[0]) + (close + channel[1])
    whole[5] = channel[0] + channel[1]
    part[6], whole[6] = last[1], means[VOLUME_20]
    part[7], whole[7] = means[ATR], close
    told[:] = part / np.where((whole > 0.0) & present, whole, np.nan)


def _flat(array: Floats) -> Floats:
    return array.reshape(array.shape[0], -1)


def coarse_places(open_times: Counts, step_ns: int) -> tuple[Counts, Flags]:
    """The number of the coarse candle of each bar, and whether it ends with it; both [T, 2]."""
    lengths = np.array(AGGREGATE_FACTORS) * step_ns
    slots = open_times[:, None] // lengths
    closes = (open_times[:, None] + step_ns) % lengths == 0
    return slots.astype(np.int64), closes
