"""Blocks give the bits of single bars wherever they are cut; none looks ahead."""

import numpy as np
import pytest
from numpy.typing import NDArray

from quantum_os.events.units import NS_PER_HOUR
from quantum_os.formulas.kernels.block_windows import stretches
from quantum_os.formulas.kernels.carry_blocks import carry_of_bars
from quantum_os.formulas.kernels.carry_features import carry_of_bar, carry_state_new
from quantum_os.formulas.kernels.feature_sheet import (
    CANDLE_NAMES,
    SheetState,
    sheet_of_bars,
    sheet_of_candles,
    sheet_state_new,
)
from quantum_os.formulas.kernels.market_blocks import market_of_bars
from quantum_os.formulas.kernels.market_features import market_of_bar
from quantum_os.formulas.kernels.regime_blocks import evidence_of_closes
from quantum_os.formulas.kernels.regime_kernel import evidence_of_close, regime_state_new
from quantum_os.formulas.kernels.state import KernelState

Floats = NDArray[np.float64]

BTC = 0
FIRST = 1_735_689_600_000_000_000
CUTS = ((), (1, 2, 333, 700, 902), tuple(range(128, 1_500, 128)))


@pytest.fixture(scope="session")
def broken_bars(holed_bars: Floats) -> Floats:
    """Also bars that nobody has, a symbol that is never listed, one that stands still, and one that
    leaps; and BTC away for a while.
    """
    bars = holed_bars.copy()
    bars[720:722] = np.nan
    bars[:, :, 9] = np.nan
    bars[400:, 1:4, 10] = bars[400, 3, 10]
    bars[1_200:, :4, 11] *= 2.0
    bars[1_000:1_010, :, BTC] = np.nan
    return bars


def opens(bars: Floats) -> NDArray[np.int64]:
    """The bars of a tape with a gap of its own: 60 bars that were never played."""
    number = np.arange(len(bars))
    return FIRST + (number + np.where(number > 1_300, 60, 0)) * NS_PER_HOUR


def spans(cuts: tuple[int, ...], rows: int) -> list[slice]:
    return [slice(a, b) for a, b in zip((0, *cuts), (*cuts, rows), strict=True)]


def in_blocks(bars: Floats, cuts: tuple[int, ...] = ()) -> tuple[Floats, SheetState]:
    state = sheet_state_new(bars.shape[2])
    times = opens(bars)
    parts = [
        sheet_of_bars(state, bars[span], times[span], NS_PER_HOUR, BTC)
        for span in spans(cuts, len(bars))
    ]
    return np.concatenate(parts, axis=1), state


@pytest.fixture(scope="session")
def streamed(broken_bars: Floats) -> tuple[Floats, SheetState]:
    state = sheet_state_new(broken_bars.shape[2])
    rows = [
        sheet_of_candles(state, bar, int(time), NS_PER_HOUR, BTC)
        for bar, time in zip(broken_bars, opens(broken_bars), strict=True)
    ]
    return np.array(rows).transpose(1, 0, 2), state


def bits(state: SheetState) -> dict[str, dict[str, bytes]]:
    return {group: kernel_bits(kernel) for group, kernel in state.items()}


def kernel_bits(state: KernelState) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in state.items()}


@pytest.mark.parametrize("cuts", CUTS)
def test_features_in_blocks_are_those_of_single_bars(
    broken_bars: Floats, streamed: tuple[Floats, SheetState], cuts: tuple[int, ...]
) -> None:
    block, state = in_blocks(broken_bars, cuts)

    live, remembered = streamed
    differing = [
        name
        for name, ours, theirs in zip(CANDLE_NAMES, block, live, strict=True)
        if ours.tobytes() != theirs.tobytes()
    ]
    assert differing == []
    assert bits(state) == bits(remembered)


def test_a_bar_is_a_block_too(whole_bars: Floats) -> None:
    some = whole_bars[:40]
    assert in_blocks(some, tuple(range(1, 40)))[0].tobytes() == in_blocks(some)[0].tobytes()


def test_what_comes_later_in_a_block_changes_nothing_before_it(broken_bars: Floats) -> None:
    other = broken_bars.copy()
    other[901:] = other[901:, :, ::-1] * 3.0
    block, _ = in_blocks(broken_bars)
    spoilt, _ = in_blocks(other)

    assert spoilt[:, :901].tobytes() == block[:, :901].tobytes()
    assert spoilt[:, 901:].tobytes() != block[:, 901:].tobytes()


def test_a_block_that_forgets_its_state_is_seen(whole_bars: Floats) -> None:
    assert in_blocks(whole_bars[700:])[0].tobytes() != in_blocks(whole_bars)[0][:, 700:].tobytes()


@pytest.mark.parametrize("cuts", CUTS)
def test_regimes_in_blocks_are_those_of_single_closes(
    broken_bars: Floats, cuts: tuple[int, ...]
) -> None:
    closes = np.ascontiguousarray(broken_bars[:, 3])
    live, blocked = (regime_state_new(closes.shape[1]) for _ in range(2))
    told = np.array([evidence_of_close(live, close) for close in closes]).transpose(1, 0, 2)

    block = np.concatenate(
        [evidence_of_closes(blocked, closes[span]) for span in spans(cuts, len(closes))], axis=1
    )
    assert block.tobytes() == told.tobytes()
    assert kernel_bits(blocked) == kernel_bits(live)


def test_later_closes_change_no_earlier_evidence(broken_bars: Floats) -> None:
    closes = np.ascontiguousarray(broken_bars[:, 3])
    other = closes.copy()
    other[901:] = other[901:, ::-1] * 3.0
    block = evidence_of_closes(regime_state_new(closes.shape[1]), closes)
    spoilt = evidence_of_closes(regime_state_new(closes.shape[1]), other)

    assert spoilt[:, :901].tobytes() == block[:, :901].tobytes()
    assert spoilt[:, 901:].tobytes() != block[:, 901:].tobytes()


@pytest.mark.parametrize("cuts", CUTS)
def test_funding_in_blocks_is_that_of_single_bars(cuts: tuple[int, ...]) -> None:
    """Told of many symbols or of few, with ties, for some hours of none, and of one late."""
    chance = np.random.default_rng(3)
    told = 1e-4 * chance.integers(-3, 4, (1_500, 2, 9)).astype(np.float64)
    few = chance.random((1_500, 1, 1)) * 0.9
    told[chance.random(told.shape) < few] = np.nan
    told[700:730] = np.nan
    told[:600, :, 4] = np.nan
    told[900, :, 3] = np.inf
    live, blocked = (carry_state_new(9) for _ in range(2))
    single = np.array([carry_of_bar(live, bar) for bar in told]).transpose(1, 0, 2)

    block = np.concatenate(
        [carry_of_bars(blocked, told[span]) for span in spans(cuts, len(told))], axis=1
    )
    assert block.tobytes() == single.tobytes()
    assert kernel_bits(blocked) == kernel_bits(live)
    assert 0.1 < np.isnan(block[2]).mean() < 0.9


def test_a_stretch_is_never_empty_and_none_overlap() -> None:
    for symbols in (0, 1, 17, 50_000):
        rows = [row for part in stretches(1_000, symbols) for row in range(1_000)[part]]
        assert rows == list(range(1_000))


def test_ranks_share_ties_and_need_company() -> None:
    """Few symbols with equal values: the middle of a tie, and nothing while too few are known."""
    rng = np.random.default_rng(3)
    rows = rng.integers(0, 3, (6, 200, 8)).astype(np.float64)
    rows[rng.integers(0, 6, 300), rng.integers(0, 200, 300), rng.integers(0, 8, 300)] = np.nan
    one_by_one = np.array([market_of_bar(rows[:, t]) for t in range(200)]).transpose(1, 0, 2)

    assert market_of_bars(rows).tobytes() == one_by_one.tobytes()
    assert 0.1 < np.isnan(one_by_one).mean() < 0.9
