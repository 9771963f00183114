"""The bars behind a symbol are the same live, bar by bar, and in a block; a gap begins anew."""

import numpy as np

from quantum_os.ai.models.windows import Series, Windows, gathered, lagged_places
from quantum_os.kernel import states
from quantum_os.kernel.chance import generator

DEPTH, STEP, WIDTH = 4, 10, 2
SYMBOLS = ("X", "Y", "Z")


def market(bars: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows with holes: bar closes, symbols, and features."""
    chance = generator(2, "windows")
    there = chance.random((bars, len(SYMBOLS))) < 0.9
    there[20:23] = False
    bar, symbol = np.nonzero(there)
    return (bar + 1) * STEP, symbol.astype(np.int32), chance.random((len(bar), WIDTH))


def live(windows: Windows, closes: np.ndarray, symbol: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Shows the rows bar by bar and gives each row's inputs, the oldest bar first."""
    rows = []
    for close in np.unique(closes):
        here = closes == close
        windows.advance(int(close), tuple(SYMBOLS[each] for each in symbol[here]), x[here])
        rows.append(windows.inputs(DEPTH))
    return np.concatenate(rows)


def test_block_and_stream_are_equal_to_the_bit() -> None:
    closes, symbol, x = market()
    block = gathered(x, lagged_places(closes, symbol, DEPTH, STEP))
    stream = live(Windows(DEPTH, STEP), closes, symbol, x)
    assert np.array_equal(block, stream, equal_nan=True)
    assert 0.1 < np.isnan(block).any(axis=1).mean() < 0.9


def test_a_restored_memory_goes_on_as_if_nothing_was() -> None:
    closes, symbol, x = market()
    whole = live(Windows(DEPTH, STEP), closes, symbol, x)
    windows, cut = Windows(DEPTH, STEP), int(np.searchsorted(closes, 300))
    live(windows, closes[:cut], symbol[:cut], x[:cut])
    back = states.decode(states.encode(windows), Windows)
    rest = live(back, closes[cut:], symbol[cut:], x[cut:])
    assert np.array_equal(rest, whole[cut:], equal_nan=True)


def test_the_newest_bar_needs_no_memory() -> None:
    closes, symbol, x = market()
    assert np.array_equal(gathered(x, lagged_places(closes, symbol, 1, STEP)), x)
    windows = Windows(DEPTH, STEP)
    windows.advance(STEP, SYMBOLS, x[:3])
    assert np.array_equal(windows.inputs(1), x[:3])
    assert np.isnan(windows.inputs(2)[:, :WIDTH]).all()


def test_symbols_that_change_places_keep_their_own_bars() -> None:
    windows, x = Windows(2, STEP), np.arange(6.0).reshape(3, 2)
    windows.advance(STEP, ("X", "Y", "Z"), x)
    windows.advance(2 * STEP, ("Z", "X", "W"), x + 10)
    assert windows.inputs(2)[:2, :WIDTH].tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert np.isnan(windows.inputs(2)[2, :WIDTH]).all()


def test_a_series_gives_what_the_windows_of_each_of_its_bars_give() -> None:
    bars = generator(3, "series").random((12, len(SYMBOLS), WIDTH))
    bars[5, 1] = np.nan
    windows, rows = Windows(DEPTH, STEP), []
    for number, bar in enumerate(bars):
        windows.advance((number + 1) * STEP, SYMBOLS, bar)
        rows.append({depth: windows.inputs(depth) for depth in (1, DEPTH)})
    series = Series(bars, 7)
    for depth in (1, DEPTH):
        expected = np.concatenate([each[depth] for each in rows[-7:]])
        assert np.array_equal(series(depth), expected, equal_nan=True)
        assert len(series.up_to(depth)) == 6 + depth
