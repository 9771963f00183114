"""Which symbols were silent for so long that models have never learnt from what follows.

A training leaves those bars out (`learning/training/dataset_rows.py`), so nobody may be asked about
them: features that remember mix what was before the silence with what came after it.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.kernels.feature_sheet import BARS_UNTIL_WARM, GAP_BARS_MAX


class Silences(msgspec.Struct):
    """When each symbol was last heard, ns UTC, and how many bars it still has to show.

    `due` names those alone that were silent for more than GAP_BARS_MAX bars.
    """

    heard: dict[str, int] = {}
    due: dict[str, int] = {}

    def advance(
        self, bar_close: int, step_ns: int, symbols: tuple[str, ...], x: NDArray[np.float64]
    ) -> None:
        """Takes in a bar [symbols, F]; a symbol of which nothing is known has not been heard."""
        there: list[bool] = np.logical_or.reduce(np.isfinite(x), axis=1).tolist()
        for symbol, is_there in zip(symbols, there, strict=True):
            if not is_there:
                continue
            if bar_close - self.heard.get(symbol, bar_close) > GAP_BARS_MAX * step_ns:
                self.due[symbol] = BARS_UNTIL_WARM
            self.heard[symbol] = bar_close
            left = self.due.get(symbol)
            if left is not None:
                self.due[symbol] = left - 1
                if left == 1:
                    del self.due[symbol]

    def vetoes(self, symbols: tuple[str, ...]) -> tuple[str, ...]:
        """Says of each symbol why it may not be spoken of; "" where it may."""
        if not self.due:
            return ("",) * len(symbols)
        return tuple([self._veto(self.due.get(symbol)) for symbol in symbols])

    @staticmethod
    def _veto(left: int | None) -> str:
        if left is None:
            return ""
        return f"silent for more than {GAP_BARS_MAX} bars: no model knows it for {left} more"
