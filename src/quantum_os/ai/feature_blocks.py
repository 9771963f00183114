"""When the features of a bar are taken from a block: when its candle is the one that was computed.

The state stays behind while a block is taken row by row, and jumps to its end with the last row.
Whoever needs it in between settles it first.
"""

from collections.abc import Callable

import msgspec
import numpy as np

from quantum_os.ai.coming import Coming, FeatureRows
from quantum_os.events.market import MarketCandle
from quantum_os.formulas.kernels.feature_sheet import CARRY
from quantum_os.formulas.kernels.state import Counts, Floats

OF_SECTIONS = f"{CARRY}."
"""Arrays that cross-sections advance: both ends of a block share them."""

Kernel = dict[str, np.ndarray]

Compute = Callable[[Kernel, Floats, Counts, int], Floats]
"""Gives the features [F, T, S] of bars [T, 5, S] that opened at [T], and advances the kernel."""


class FeatureBlock(msgspec.Struct):
    """Features computed ahead, the inputs they follow from, and how many were taken."""

    times: np.ndarray
    step_ns: int
    bars: np.ndarray
    values: np.ndarray
    before: Kernel
    after: Kernel
    taken: int = 0

    def goes_on(self, kernel: Kernel, event: MarketCandle, bar: Floats) -> bool:
        """Whether the next row follows from exactly this kernel, this candle and no other."""
        return (
            kernel is self.before
            and event.open_time == self.times[self.taken]
            and event.close_time - event.open_time == self.step_ns
            and bar.tobytes() == self.bars[self.taken].tobytes()
        )


class FeatureBlocks:
    """Computes the features of the candles that are coming, some dozens of bars at once."""

    def __init__(self, coming: Coming, compute: Compute) -> None:
        self._coming = coming
        self._compute = compute
        self._block: FeatureBlock | None = None

    def taken(
        self, kernel: Kernel, symbols: list[str], event: MarketCandle, bar: Floats
    ) -> tuple[Kernel, Floats | None]:
        """The kernel to go on with, and the features [F, S] of a candle; None where the caller has
        to compute them with that kernel.
        """
        block = self._block
        if block is None or not block.goes_on(kernel, event, bar):
            kernel = self.settled(kernel)
            block = self._block = self._begun(kernel, symbols, event, bar)
        if block is None:
            return kernel, None
        values = block.values[:, block.taken]
        block.taken += 1
        self._coming.bars_taken["features"] += 1
        if block.taken == len(block.times):
            self._block = None
            return block.after, values
        return kernel, values

    def settled(self, kernel: Kernel) -> Kernel:
        """The kernel as after the last row that was taken; the rest of the block is dropped."""
        block, self._block = self._block, None
        if block is None or kernel is not block.before or not block.taken:
            return kernel
        rows = slice(0, block.taken)
        self._compute(kernel, block.bars[rows], block.times[rows], block.step_ns)
        return kernel

    def _begun(
        self, kernel: Kernel, symbols: list[str], event: MarketCandle, bar: Floats
    ) -> FeatureBlock | None:
        candles = _alike(self._coming.since(event.close_time), event, symbols)
        if len(candles) < 2:
            return None
        place = {symbol: row for row, symbol in enumerate(symbols)}
        bars = np.full((len(candles), 5, len(symbols)), np.nan)
        for row, each in enumerate(candles):
            columns = [place[symbol] for symbol in each.symbols]
            bars[row][:, columns] = (each.open, each.high, each.low, each.close, each.volume)
        # A block takes what a market can show; anything else is left to the steps.
        if np.isinf(bars).any() or np.signbit(bars).any() or bars[0].tobytes() != bar.tobytes():
            return None
        times = np.array([each.open_time for each in candles], dtype=np.int64)
        step_ns = event.close_time - event.open_time
        after = {
            name: array if name.startswith(OF_SECTIONS) else array.copy()
            for name, array in kernel.items()
        }
        values = self._compute(after, bars, times, step_ns)
        closes = tuple([int(each.close_time) for each in candles])
        self._coming.features = FeatureRows(tuple(symbols), closes, values)
        return FeatureBlock(times, step_ns, bars, values, kernel, after)


def _alike(
    candles: list[MarketCandle], event: MarketCandle, symbols: list[str]
) -> list[MarketCandle]:
    """The candles from an event on, up to one of other length, out of order, or of a new symbol."""
    known, step, last = set(symbols), event.close_time - event.open_time, event.open_time - 1
    alike: list[MarketCandle] = []
    for each in candles:
        is_next = each.open_time > last and each.close_time - each.open_time == step
        if not is_next or not known.issuperset(each.symbols):
            break
        alike.append(each)
        last = each.open_time
    return alike
