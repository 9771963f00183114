"""ATR is Wilder's, the ratio is against the true median, and a block equals the stream."""

import numpy as np
import pytest
from numpy.typing import NDArray

from quantum_os.formulas.kernels.atr import (
    ATR,
    ATR_FRAC,
    VOL_RATIO,
    AtrKernel,
    atr_state_new,
    grow_atr,
)
from quantum_os.formulas.kernels.atr_blocks import atr_of_bars
from quantum_os.formulas.kernels.state import KernelState

Bars = NDArray[np.float64]


def columns(bars: Bars) -> tuple[Bars, Bars, Bars]:
    return bars[:, 1], bars[:, 2], bars[:, 3]


def atr_block(state: KernelState, high: Bars, low: Bars, close: Bars) -> Bars:
    """What a block says, bar by bar: [T, 3, S]."""
    return atr_of_bars(state, high, low, close).transpose(1, 0, 2)


@pytest.mark.parametrize("symbols", [3, 17, 500])
def test_a_block_equals_the_stream_to_the_last_bit(holed_bars: Bars, symbols: int) -> None:
    copies = -(-symbols // holed_bars.shape[2])
    bars = np.tile(holed_bars[: 1_500 if symbols < 500 else 400], (1, 1, copies))[:, :, :symbols]
    kernel, state = AtrKernel(symbols), atr_state_new(symbols)
    live = np.array([kernel.step(bar[1], bar[2], bar[3]) for bar in bars])

    assert atr_block(state, *columns(bars)).tobytes() == live.tobytes()
    for name, array in state.items():
        assert array.tobytes() == kernel.state[name].tobytes()


@pytest.mark.parametrize("bars_per_day", [1, 4, 24])
@pytest.mark.parametrize("cuts", [(1, 2, 333, 700, 902), tuple(range(1, 1_500, 7))])
def test_a_block_may_be_cut_anywhere(
    holed_bars: Bars, cuts: tuple[int, ...], bars_per_day: int
) -> None:
    """Also where the median's window is not full yet, is passed once, or many times."""
    whole, cut = (atr_state_new(17, bars_per_day) for _ in range(2))
    together = atr_block(whole, *columns(holed_bars))
    parts = [atr_block(cut, *columns(part)) for part in np.array_split(holed_bars, cuts)]

    assert np.concatenate(parts).tobytes() == together.tobytes()
    for name, array in whole.items():
        assert array.tobytes() == cut[name].tobytes()


def test_what_comes_later_in_a_block_changes_nothing_before_it(holed_bars: Bars) -> None:
    other = holed_bars.copy()
    other[901:] *= 3.0
    block, spoilt = (atr_block(atr_state_new(17), *columns(bars)) for bars in (holed_bars, other))

    assert spoilt[:901].tobytes() == block[:901].tobytes()
    assert spoilt[901:].tobytes() != block[901:].tobytes()


def test_it_is_wilders_mean_over_the_median_of_its_window(whole_bars: Bars) -> None:
    high, low, close = (column[:, :1] for column in columns(whole_bars))
    told = atr_block(atr_state_new(1, bars_per_day=4), high, low, close)[:, :, 0]
    before = close[:-1, 0]
    reach = np.maximum(high[1:, 0], before) - np.minimum(low[1:, 0], before)
    average, fractions = float(np.mean(reach[:14])), []
    for t in range(14, len(close)):
        if t > 14:
            average = (13.0 * average + reach[t - 1]) / 14.0
        fractions.append(average / close[t, 0])
        assert told[t, ATR] == pytest.approx(average, rel=1e-9)
        assert told[t, ATR_FRAC] == pytest.approx(fractions[-1], rel=1e-9)
        if len(fractions) >= 4:
            ratio = min(fractions[-1] / np.median(fractions[-120:]), 3.0)
            assert told[t, VOL_RATIO] == pytest.approx(ratio, rel=1e-9)

    assert np.isnan(told[:14]).all()
    assert np.isnan(told[:17, VOL_RATIO]).all()


def test_a_market_that_does_not_move_has_no_atr() -> None:
    flat = np.full((60, 1), 5.0)

    assert np.isnan(atr_block(atr_state_new(1), flat, flat, flat)).all()


def test_a_missing_bar_leaves_the_symbol_where_it_was(holed_bars: Bars) -> None:
    told = atr_block(atr_state_new(17), *columns(holed_bars))
    for symbol in (1, 2, 3, 6):
        there = ~np.isnan(holed_bars[:, 1:4, symbol]).any(axis=1)
        one = holed_bars[there][:, :, symbol : symbol + 1]
        alone = atr_block(atr_state_new(1), *columns(one))

        assert told[there, :, symbol].tobytes() == alone[:, :, 0].tobytes()
        assert np.isnan(told[~there, :, symbol]).all()


def test_new_symbols_leave_the_known_ones_alone(whole_bars: Bars) -> None:
    alone, state = atr_state_new(2), atr_state_new(2)
    atr_block(alone, *columns(whole_bars[:100, :, :2]))
    atr_block(state, *columns(whole_bars[:100, :, :2]))
    later = atr_block(grow_atr(state, 4), *columns(whole_bars[100:200, :, :4]))

    expected = atr_block(alone, *columns(whole_bars[100:200, :, :2]))
    assert later[:, :, :2].tobytes() == expected.tobytes()
