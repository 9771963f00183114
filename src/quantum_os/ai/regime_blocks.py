"""When the evidence of a bar is taken from a block: when its closes are those computed with."""

import msgspec
import numpy as np

from quantum_os.ai.coming import Coming
from quantum_os.events.market import MarketCandle, MarketData
from quantum_os.formulas.kernels.regime_blocks import evidence_of_closes
from quantum_os.formulas.kernels.state import Floats

Kernel = dict[str, np.ndarray]


class RegimeBlock(msgspec.Struct):
    """Evidence computed ahead [3, T, S], the closes [T, S] it follows from, and rows taken."""

    closes: np.ndarray
    evidence: np.ndarray
    before: Kernel
    after: Kernel
    taken: int = 0


class Index(msgspec.Struct, frozen=True):
    """The market's index: its level, and the closes that its next move is measured from.

    `moved` is false at a bar at which nothing is known of it: no symbol closed it and the one
    before.
    """

    level: float
    closes: dict[str, float]
    moved: bool = False

    @property
    def close(self) -> float:
        """What it closed at; NaN where nothing is known."""
        return self.level if self.moved else np.nan

    def after(self, symbols: tuple[str, ...], last: tuple[float | None, ...]) -> "Index":
        """Moved by the mean return of symbols that closed both bars."""
        closes = {
            symbol: price for symbol, price in zip(symbols, last, strict=True) if price is not None
        }
        before = self.closes
        returns = [price / before[name] - 1.0 for name, price in closes.items() if name in before]
        if not returns:
            return Index(self.level, closes)
        return Index(self.level * (1.0 + sum(returns) / len(returns)), closes, moved=True)


class RegimeBlocks:
    """Computes the evidence of the closes that are coming, some dozens of bars at once."""

    def __init__(self, coming: Coming) -> None:
        self._coming = coming
        self._block: RegimeBlock | None = None

    def taken(
        self, kernel: Kernel, event: MarketData, close: Floats, places: list[int], index: Index
    ) -> tuple[Kernel, Floats | None]:
        """The kernel to go on with, and the evidence [3, S] of closes [S]; None where the caller
        has to compute it with that kernel. `index` is the market's after this bar.
        """
        block = self._block
        is_next = block is not None and kernel is block.before
        if block is None or not is_next or close.tobytes() != block.closes[block.taken].tobytes():
            kernel = self.settled(kernel)
            block = self._block = self._begun(kernel, event, close, places, index)
        if block is None:
            return kernel, None
        evidence = block.evidence[:, block.taken]
        block.taken += 1
        self._coming.bars_taken["regimes"] += 1
        if block.taken == len(block.closes):
            self._block = None
            return block.after, evidence
        return kernel, evidence

    def settled(self, kernel: Kernel) -> Kernel:
        """The kernel as after the last row that was taken; the rest of the block is dropped."""
        block, self._block = self._block, None
        if block is not None and kernel is block.before and block.taken:
            evidence_of_closes(kernel, block.closes[: block.taken])
        return kernel

    def _begun(
        self, kernel: Kernel, event: MarketData, close: Floats, places: list[int], index: Index
    ) -> RegimeBlock | None:
        candles = self._coming.since(event.bar_close)
        if len(candles) < 2 or candles[0].close_time != event.bar_close:
            return None
        rows = [close]
        for candle in candles[1:]:
            last = _closes(candle, event.symbols)
            index = index.after(event.symbols, last)
            row = np.full(len(close), np.nan)
            row[0] = index.close
            row[places] = [np.nan if price is None else price for price in last]
            rows.append(row)
        closes = np.array(rows)
        after = {name: array.copy() for name, array in kernel.items()}
        return RegimeBlock(closes, evidence_of_closes(after, closes), kernel, after)


def _closes(candle: MarketCandle, symbols: tuple[str, ...]) -> tuple[float | None, ...]:
    if candle.symbols == symbols:
        return candle.close
    closes = dict(zip(candle.symbols, candle.close, strict=True))
    return tuple(map(closes.get, symbols))
