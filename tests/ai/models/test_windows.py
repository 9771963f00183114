"""The bars behind a symbol are the same live, bar by bar, and in a block; a gap begins anew."""

from types import MappingProxyType

import msgspec
import numpy as np

from quantum_os.ai.models.windows import Windows, gathered, lagged, lagged_places
from quantum_os.ai.voter import FeatureFrame
from quantum_os.kernel.chance import generator

DEPTH, STEP, NAMES = 4, 10, ("a", "b")
SYMBOLS = ("X", "Y", "Z")


def market(bars: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows with holes: bar closes, symbols, and features."""
    chance = generator(2, "windows")
    there = chance.random((bars, len(SYMBOLS))) < 0.9
    there[20:23] = False
    bar, symbol = np.nonzero(there)
    return (bar + 1) * STEP, symbol.astype(np.int32), chance.random((len(bar), len(NAMES)))


def live(windows: Windows, closes: np.ndarray, symbol: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Shows the rows bar by bar and gives each row's inputs, the oldest bar first."""
    rows = []
    for close in np.unique(closes):
        here = closes == close
        values = MappingProxyType(dict(zip(NAMES, x[here].T, strict=True)))
        frame = FeatureFrame(tuple(SYMBOLS[each] for each in symbol[here]), values)
        said = windows.advance(int(close), frame)
        columns = [said[lagged(name, lag)] for lag in reversed(range(DEPTH)) for name in NAMES]
        rows.append(np.stack(columns, axis=1))
    return np.concatenate(rows)


def test_block_and_stream_are_equal_to_the_bit() -> None:
    closes, symbol, x = market()
    block = gathered(x, lagged_places(closes, symbol, DEPTH, STEP))
    stream = live(Windows(DEPTH, STEP, NAMES), closes, symbol, x)
    assert np.array_equal(block, stream, equal_nan=True)
    assert 0.1 < np.isnan(block).any(axis=1).mean() < 0.9


def test_a_restored_memory_goes_on_as_if_nothing_was() -> None:
    closes, symbol, x = market()
    whole = live(Windows(DEPTH, STEP, NAMES), closes, symbol, x)
    windows, cut = Windows(DEPTH, STEP, NAMES), int(np.searchsorted(closes, 300))
    live(windows, closes[:cut], symbol[:cut], x[:cut])
    back = msgspec.msgpack.decode(msgspec.msgpack.encode(windows), type=Windows)
    rest = live(back, closes[cut:], symbol[cut:], x[cut:])
    assert np.array_equal(rest, whole[cut:], equal_nan=True)


def test_one_bar_needs_no_memory() -> None:
    closes, symbol, x = market()
    assert np.array_equal(gathered(x, lagged_places(closes, symbol, 1, STEP)), x)


def test_what_is_shown_cannot_be_written_to() -> None:
    values = MappingProxyType({name: np.array([1.0]) for name in NAMES})
    said = Windows(2, STEP, NAMES).advance(STEP, FeatureFrame(("X",), values))
    assert not said["a@1"].flags.writeable
    assert np.isnan(said["a@1"]).all()
