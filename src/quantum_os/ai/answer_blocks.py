"""When models' answers to a bar are taken from a block: when its rows are those that were asked.

A block belongs to one era: whoever serves a bar is asked about it, and nobody else. What of earlier
votes came of, and so weights and pools, is no part of it.
"""

import msgspec
import numpy as np

from quantum_os.ai.coming import Coming, FeatureRows
from quantum_os.ai.learned_votes import Asked, asked
from quantum_os.ai.models.ensemble import Ensemble, ServedEra
from quantum_os.ai.models.windows import Series, Windows
from quantum_os.formulas.kernels.feature_sheet import CANDLE_NAMES
from quantum_os.formulas.kernels.state import Floats

ROWS_ASKED = 512
"""Rows that models are asked about at once: more would leave the processor's caches."""


class AnswerBlock(msgspec.Struct):
    """The answers of one era to bars that close at `close_times`, and the rows [T, S, F] that they
    were asked about; behind those stood the bars that `windows` held.
    """

    era: ServedEra
    windows: Windows
    symbols: tuple[str, ...]
    close_times: list[int]
    rows: np.ndarray
    said: Asked
    taken: int = 0

    def goes_on(self, era: ServedEra, windows: Windows) -> bool:
        """Whether the next answers are those of this era to exactly the bar in the windows."""
        return (
            era is self.era
            and windows is self.windows
            and windows.symbols == self.symbols
            and windows.bar_close == self.close_times[self.taken]
            and _newest(windows).tobytes() == self.rows[self.taken].tobytes()
        )


class AnswerBlocks:
    """Asks models about the bars that are coming, some hundreds of rows at once."""

    def __init__(self, coming: Coming) -> None:
        self._coming = coming
        self._block: AnswerBlock | None = None

    def asked(self, ensemble: Ensemble, era: ServedEra, windows: Windows) -> Asked:
        """What the models of an era say of the bar that the windows end with."""
        block = self._block
        if block is None or not block.goes_on(era, windows):
            block = self._begun(ensemble, era, windows)
        if block is None:
            self._block = None
            return asked(era, windows.inputs)
        first = block.taken * len(block.symbols)
        block.taken += 1
        self._coming.bars_taken["answers"] += 1
        self._block = block if block.taken < len(block.close_times) else None
        return block.said.part(slice(first, first + len(block.symbols)))

    def _begun(self, ensemble: Ensemble, era: ServedEra, windows: Windows) -> AnswerBlock | None:
        known = self._coming.features
        if windows.bar_close not in known.close_times or not windows.symbols:
            return None
        most = max(1, ROWS_ASKED // len(windows.symbols))
        times = _of_one_era(known, ensemble, windows.bar_close, most)
        if len(times) < 2 or not set(ensemble.card.features) <= set(CANDLE_NAMES):
            return None
        rows = _rows(known, ensemble.card.features, windows.symbols, times)
        if rows[0].tobytes() != _newest(windows).tobytes():
            return None
        bars = np.concatenate((windows.rows[:, :-1].transpose(1, 0, 2), rows))
        said = asked(era, Series(bars, len(times)))
        return AnswerBlock(era, windows, windows.symbols, times, rows, said)


def _of_one_era(known: FeatureRows, ensemble: Ensemble, bar_close: int, most: int) -> list[int]:
    """The closes from a bar on, without a gap, that the era of this bar speaks of."""
    first = known.close_times.index(bar_close)
    place, due = ensemble.card.place_at(bar_close), bar_close
    times: list[int] = []
    for close_time in known.close_times[first : first + most]:
        if close_time != due or ensemble.card.place_at(close_time) != place:
            break
        times.append(close_time)
        due += ensemble.card.step_ns
    return times


def _rows(
    known: FeatureRows, features: tuple[str, ...], symbols: tuple[str, ...], times: list[int]
) -> Floats:
    """[T, S, F]: what the fund's own features will say of these bars; NaN for a stranger."""
    first = known.close_times.index(times[0])
    place = {symbol: column for column, symbol in enumerate(known.symbols)}
    columns = [place.get(symbol, -1) for symbol in symbols]
    values = known.values[[CANDLE_NAMES.index(name) for name in features]]
    rows = values[:, first : first + len(times), columns].transpose(1, 2, 0)
    told = np.where(np.isfinite(rows), rows, np.nan)
    told[:, [column < 0 for column in columns]] = np.nan
    return told


def _newest(windows: Windows) -> Floats:
    newest: Floats = windows.rows[:, -1]
    return newest
