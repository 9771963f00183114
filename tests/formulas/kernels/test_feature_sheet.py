"""Every group of features is the same to the last bit live and in blocks, wherever it is cut."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR
from quantum_os.formulas.kernels.calendar_features import calendar_at
from quantum_os.formulas.kernels.feature_groups import (
    ALL,
    NAMES,
    OWN,
    USUAL,
    Group,
    group_of,
    names_of,
)
from quantum_os.formulas.kernels.feature_sheet import (
    ALL_NAMES,
    BARS_UNTIL_WARM,
    SheetState,
    grow_sheet,
    sheet_of_candles,
    sheet_of_carry,
    sheet_state_new,
    whole_sheet,
)

Floats = NDArray[np.float64]
BTC = 0


def opens(bars: Floats, start_h: int = 5) -> NDArray[np.int64]:
    return (np.arange(len(bars)) + start_h) * NS_PER_HOUR


def carried(bars: Floats) -> Floats:
    """Funding and divergence [T, 2, S] with holes."""
    chance = np.random.default_rng(3)
    shape = (len(bars), 2, bars.shape[2])
    return np.where(chance.random(shape) < 0.1, np.nan, chance.normal(0.0, 1e-4, shape))


def told_of(
    state: SheetState, bars: Floats, carry: Floats, times: NDArray[np.int64], btc: int = BTC
) -> Floats:
    """A whole sheet, bar by bar: [T, F, S]."""
    return whole_sheet(state, bars, carry, times, NS_PER_HOUR, btc).transpose(1, 0, 2)


def in_blocks(bars: Floats, cuts: Sequence[int] = ()) -> tuple[Floats, SheetState]:
    state = sheet_state_new(bars.shape[2])
    parts = [
        told_of(state, *each)
        for each in zip(
            np.array_split(bars, cuts),
            np.array_split(carried(bars), cuts),
            np.array_split(opens(bars), cuts),
            strict=True,
        )
    ]
    return np.concatenate(parts), state


def streamed(bars: Floats) -> tuple[Floats, SheetState]:
    state = sheet_state_new(bars.shape[2])
    rows = [
        np.concatenate(
            (
                sheet_of_candles(state, bar, int(time), NS_PER_HOUR, BTC),
                sheet_of_carry(state, told),
            )
        )
        for bar, time, told in zip(bars, opens(bars), carried(bars), strict=True)
    ]
    return np.array(rows), state


def bits(state: SheetState) -> dict[str, dict[str, bytes]]:
    return {
        group: {name: array.tobytes() for name, array in arrays.items()}
        for group, arrays in state.items()
    }


def test_a_block_equals_the_stream_to_the_last_bit(holed_bars: Floats) -> None:
    live, remembered = streamed(holed_bars)
    block, state = in_blocks(holed_bars)

    differing = [
        name
        for row, name in enumerate(ALL_NAMES)
        if live[:, row].tobytes() != block[:, row].tobytes()
    ]
    assert differing == []
    assert bits(state) == bits(remembered)


def test_a_block_may_be_cut_anywhere(holed_bars: Floats) -> None:
    whole, _ = in_blocks(holed_bars)
    parts, _ = in_blocks(holed_bars, [1, 333, 700, 902])

    assert parts.tobytes() == whole.tobytes()


def test_a_block_that_forgets_its_state_is_seen(holed_bars: Floats) -> None:
    whole, _ = in_blocks(holed_bars)
    forgetful, _ = in_blocks(holed_bars[700:])

    assert forgetful.tobytes() != whole[700:].tobytes()


def test_new_symbols_leave_what_others_know_of_themselves_alone(whole_bars: Floats) -> None:
    """Ranks change with who is there; a symbol's own features and its beta do not."""
    alone, _ = in_blocks(whole_bars[:800, :, :3])
    state = sheet_state_new(3)
    told = carried(whole_bars[:800])
    first = slice(0, 400)
    told_of(state, whole_bars[first, :, :3], told[first, :, :3], opens(whole_bars)[first])
    grown = grow_sheet(state, 6)
    later = slice(400, 800)
    block = told_of(grown, whole_bars[later, :, :6], told[later, :, :6], opens(whole_bars)[later])

    own = [ALL_NAMES.index(name) for name in names_of((*OWN, Group.REFERENCE))]
    assert block[:, own, :3].tobytes() == alone[400:, own].tobytes()


def test_all_features_are_known_once_warm(whole_bars: Floats) -> None:
    block, _ = in_blocks(whole_bars)
    usual = [ALL_NAMES.index(name) for name in names_of(USUAL)]
    unknown = np.isnan(block[BARS_UNTIL_WARM + 24 :, usual]).mean(axis=(0, 2))

    shapes = ("bar_position", "upper_wick", "lower_wick")  # a bar without a range has none
    names = np.array(names_of(USUAL))
    assert set(names[unknown > 0.0]) <= set(shapes)
    assert np.isnan(block[: BARS_UNTIL_WARM - 24, ALL_NAMES.index("x24_gap_atr")]).all()


def test_a_missing_source_takes_nothing_from_other_features(whole_bars: Floats) -> None:
    bars = whole_bars[:800]
    known, _ = in_blocks(bars)
    nothing = np.full((800, 2, bars.shape[2]), np.nan)
    state = sheet_state_new(bars.shape[2])
    block = told_of(state, bars, nothing, opens(bars), btc=-1)

    own = [ALL_NAMES.index(name) for name in names_of((*OWN, Group.MARKET))]
    assert block[:, own].tobytes() == known[:, own].tobytes()
    lacking = [Group.REFERENCE, Group.FUNDING, Group.DIVERGENCE]
    rows = [ALL_NAMES.index(name) for name in names_of(lacking)]
    assert np.isnan(block[:, rows]).all()


def test_the_future_leaves_no_trace(whole_bars: Floats) -> None:
    """What is told of a bar does not change with what comes after it."""
    changed = whole_bars[:900].copy()
    changed[700:, :4] *= 1.5
    before, _ = in_blocks(whole_bars[:900])
    after, _ = in_blocks(changed)

    assert before[:700].tobytes() == after[:700].tobytes()
    assert before[700:].tobytes() != after[700:].tobytes()


def test_a_feature_that_peeks_one_bar_ahead_is_seen(whole_bars: Floats) -> None:
    changed = whole_bars[:900].copy()
    changed[700:, :4] *= 1.5
    peeking = in_blocks(whole_bars[:900])[0][1:]
    after = in_blocks(changed)[0][1:]

    assert peeking[:699].tobytes() == after[:699].tobytes()
    assert peeking[:700].tobytes() != after[:700].tobytes()


def test_prices_in_another_coin_tell_the_same(whole_bars: Floats) -> None:
    scaled = whole_bars[:700].copy()
    scaled[:, :4] *= 1024.0

    assert in_blocks(scaled)[0].tobytes() == in_blocks(whole_bars[:700])[0].tobytes()


def test_coarse_candles_are_those_of_the_grid(whole_bars: Floats) -> None:
    """The day's move is measured from the last close before midnight UTC."""
    bars = whole_bars[:700]
    block, _ = in_blocks(bars)
    times = opens(bars)
    move, coarse = ALL_NAMES.index("x24_move_atr"), ALL_NAMES.index("x24_atr_frac")
    for at in (600, 655, 699):
        closed = int(times[at]) + NS_PER_HOUR
        before = int(np.searchsorted(times + NS_PER_HOUR, closed // NS_PER_DAY * NS_PER_DAY))
        close, last = bars[at, 3], bars[before, 3]
        expected = (close - last) / (block[at, coarse] * close)
        np.testing.assert_allclose(block[at, move], expected, rtol=1e-9, atol=1e-12)


def test_ranks_are_places_among_those_present(whole_bars: Floats) -> None:
    block, _ = in_blocks(whole_bars[:700])
    rank, value = ALL_NAMES.index("rank_ret_24"), ALL_NAMES.index("ret_24_atr")
    last = block[-1]

    assert sorted(last[rank]) == pytest.approx(np.linspace(-1, 1, whole_bars.shape[2]))
    assert np.argsort(last[rank]).tolist() == np.argsort(last[value]).tolist()


def test_btc_has_a_beta_of_one_and_nothing_unexplained(whole_bars: Floats) -> None:
    block, _ = in_blocks(whole_bars[:700])
    beta, residual = ALL_NAMES.index("btc_beta"), ALL_NAMES.index("residual_1")

    assert set(block[100:, beta, BTC].tolist()) == {1.0}
    assert set(block[100:, residual, BTC].tolist()) == {0.0}


def test_a_beta_is_what_its_formula_says(whole_bars: Floats) -> None:
    bars = whole_bars[:200]
    block, _ = in_blocks(bars)
    returns = bars[1:, 3] / bars[:-1, 3] - 1.0
    products = returns[:, :1] * returns
    mean = products[:72].mean(axis=0)
    for row in products[72:]:
        mean += (row - mean) / 36.5

    np.testing.assert_allclose(block[-1, ALL_NAMES.index("btc_beta")], mean / mean[0], rtol=1e-9)


def test_the_calendar_is_that_of_utc() -> None:
    saturday = 1_700_870_400 * 10**9  # 2023-11-25 00:00 UTC
    told = dict(zip(NAMES[Group.CALENDAR], calendar_at(np.array([saturday]))[0], strict=True))

    assert told["hour_wave"] == 1.0
    assert told["weekend"] == 1.0
    assert told["funding_wait"] == 0.0
    monday = calendar_at(np.array([saturday + 2 * NS_PER_DAY + 5 * NS_PER_HOUR]))[0]
    assert dict(zip(NAMES[Group.CALENDAR], monday, strict=True))["weekend"] == 0.0
    assert monday[5] == 3 / 8


def test_there_are_sixty_features_that_need_no_other_source() -> None:
    assert names_of(ALL) == ALL_NAMES
    assert len(set(ALL_NAMES)) == len(ALL_NAMES) >= 75
    assert len(names_of(OWN)) >= 60
    assert group_of("btc_beta") is Group.REFERENCE
    with pytest.raises(KeyError, match="no feature 'moon'"):
        group_of("moon")
