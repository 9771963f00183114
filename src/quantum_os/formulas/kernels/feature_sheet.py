"""What all groups of features say of a bar: one answer, and one state for what they remember.

Two moments make a bar. When its candles close, the groups that read candles advance; when its
cross-section closes, funding and divergence are told and the groups that read them advance.
"""

from collections.abc import Collection, Sequence

import numpy as np

from quantum_os.formulas.kernels import (
    aggregate_blocks,
    aggregate_features,
    bar_blocks,
    bar_features,
    calendar_features,
    carry_blocks,
    carry_features,
    market_blocks,
    market_features,
    path_blocks,
    path_features,
    reference_blocks,
    reference_features,
)
from quantum_os.formulas.kernels.block_windows import own_bars, stretches
from quantum_os.formulas.kernels.feature_groups import AGGREGATE_FACTORS, NAMES, Group
from quantum_os.formulas.kernels.feature_list import FEATURES
from quantum_os.formulas.kernels.state import Counts, Floats, KernelState

SheetState = dict[str, KernelState]
"""The kernels' states by the name of their group; `carry` serves funding and divergence."""

BARS_UNTIL_WARM = aggregate_features.BARS_UNTIL_WARM
"""Bars a symbol must have shown before every feature of its own is known: 21 coarse candles."""

GAP_BARS_MAX = 24
"""Bars that a symbol may miss in a row before models know nothing of it until it is warm anew."""

COARSE_BARS = max(AGGREGATE_FACTORS)
"""Bars of the coarsest candle: history may begin within one, which then counts for nothing."""

OF_CANDLES: tuple[Group, ...] = (
    Group.BAR,
    Group.PATH,
    Group.AGGREGATE,
    Group.CALENDAR,
    Group.MARKET,
    Group.REFERENCE,
)
CANDLE_NAMES: tuple[str, ...] = tuple(name for group in OF_CANDLES for name in NAMES[group])
CARRY_NAMES = carry_features.CARRY_FEATURES
ALL_NAMES: tuple[str, ...] = (*CANDLE_NAMES, *CARRY_NAMES)
"""The order of the rows of a whole sheet; it is that of `names_of(ALL)`."""

CARRY = "carry"
"""The name under which the state of funding and divergence is kept."""
_NEW = {
    Group.BAR: bar_features.feature_state_new,
    Group.PATH: path_features.path_state_new,
    Group.AGGREGATE: aggregate_features.aggregate_state_new,
    Group.REFERENCE: reference_features.reference_state_new,
    CARRY: carry_features.carry_state_new,
}
_GROW = {
    Group.BAR: bar_features.grow_features,
    Group.PATH: path_features.grow_path,
    Group.AGGREGATE: aggregate_features.grow_aggregate,
    Group.REFERENCE: reference_features.grow_reference,
    CARRY: carry_features.grow_carry,
}
_BAR_ROWS = [FEATURES.index(name) for name in market_features.READS if name in FEATURES]
_RET_168 = NAMES[Group.PATH].index("ret_168_atr")
_BTC_ROWS = [FEATURES.index(name) for name in reference_features.READS]


def bars_until_known(groups: Collection[Group]) -> int:
    """Bars of history that make every feature of these groups known, wherever history begins."""
    if set(groups) <= {Group.BAR, Group.CALENDAR}:
        return bar_features.BARS_UNTIL_WARM
    return BARS_UNTIL_WARM + COARSE_BARS


def sheet_state_new(symbols: int) -> SheetState:
    """An empty state for so many symbols."""
    return {str(name): new(symbols) for name, new in _NEW.items()}


def grow_sheet(state: SheetState, symbols: int) -> SheetState:
    """The same state with room for more symbols, appended after the known ones."""
    return {str(name): grow(state[name], symbols) for name, grow in _GROW.items()}


def reference_place(symbols: Sequence[str]) -> int:
    """Where BTC stands among the symbols; -1 where it is not."""
    wanted = reference_features.REFERENCE
    return list(symbols).index(wanted) if wanted in symbols else -1


def sheet_of_candles(
    state: SheetState, bar: Floats, open_time: int, step_ns: int, reference: int
) -> Floats:
    """[F, S] in the order of `CANDLE_NAMES` from one bar [5, S] (open, high, low, close, volume).

    `open_time` in ns UTC, `step_ns` the length of the bar, `reference` BTC's place or -1. NaN where
    a symbol has no bar now, is not warm yet, or lacks what a group needs.
    """
    own = bar_features.features_of_bar(state[Group.BAR], bar)
    path = path_features.path_of_bar(state[Group.PATH], bar)
    coarse = aggregate_features.aggregate_of_bar(state[Group.AGGREGATE], bar, open_time, step_ns)
    moment = calendar_features.calendar_at(np.array([open_time + step_ns]))[0]
    market = market_features.market_of_bar(_market_rows(own, path))
    btc = reference_features.reference_of_bar(
        state[Group.REFERENCE], bar[3], own[_BTC_ROWS], reference
    )
    calendar = np.where(np.isnan(bar[3]), np.nan, moment[:, None])
    return np.concatenate((own, path, coarse, calendar, market, btc))


def sheet_of_bars(
    state: SheetState, bars: Floats, open_times: Counts, step_ns: int, reference: int
) -> Floats:
    """[F, T, S] in the order of `CANDLE_NAMES` from a block of finite bars or NaN [T, 5, S].

    The same numbers as `sheet_of_candles` gives bar by bar, and the same state behind them.
    `open_times` [T] must rise.
    """
    own = own_bars(bars)
    single = bar_blocks.features_of_bars(state[Group.BAR], own)
    path = path_blocks.path_of_bars(state[Group.PATH], own)
    coarse = aggregate_blocks.aggregate_of_bars(state[Group.AGGREGATE], own, open_times, step_ns)
    moment = calendar_features.calendar_at(open_times + step_ns).T
    market = market_blocks.market_of_bars(_market_rows(single, path))
    close = np.ascontiguousarray(bars[:, 3])
    btc = reference_blocks.reference_of_bars(
        state[Group.REFERENCE], close, single[_BTC_ROWS], reference
    )
    calendar = np.where(np.isnan(close), np.nan, moment[:, :, None])
    return np.concatenate((single, path, coarse, calendar, market, btc))


def sheet_of_carry(state: SheetState, told: Floats) -> Floats:
    """[F, S] in the order of `CARRY_NAMES` from funding (8 h) and divergence (bps) [2, S]."""
    return carry_features.carry_of_bar(state[CARRY], told)


def whole_sheet(
    state: SheetState,
    bars: Floats,
    told: Floats,
    open_times: Counts,
    step_ns: int,
    reference: int,
) -> Floats:
    """[F, T, S] in the order of `ALL_NAMES` from any number of bars; leaves `state` behind them.

    Bars [T, 5, S], funding and divergence [T, 2, S], opens [T] in ns UTC. They are taken stretch by
    stretch.
    """
    rows, _, symbols = bars.shape
    sheet = np.empty((len(ALL_NAMES), rows, symbols))
    of_candles, of_carry = sheet[: len(CANDLE_NAMES)], sheet[len(CANDLE_NAMES) :]
    for part in stretches(rows, symbols):
        times = open_times[part]
        of_candles[:, part] = sheet_of_bars(state, bars[part], times, step_ns, reference)
        of_carry[:, part] = carry_blocks.carry_of_bars(state[CARRY], told[part])
    return sheet


def _market_rows(own: Floats, path: Floats) -> Floats:
    """The rows that cross-sections read [6, ...]."""
    rows = np.empty((len(market_features.READS), *own.shape[1:]))
    rows[[0, 1, 3, 4, 5]] = own[_BAR_ROWS]
    rows[market_features.RET_168] = path[_RET_168]
    return rows
