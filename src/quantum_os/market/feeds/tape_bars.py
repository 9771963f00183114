"""Decides how the bars of one venue become two events per time: its closes and its opens."""

from collections.abc import Iterator, Sequence
from itertools import compress, repeat

import numpy as np
from numpy.typing import NDArray

from quantum_os.events.market import MarketKlines, MarketOpens
from quantum_os.events.units import Ns
from quantum_os.market.feeds.tape_series import Cursor, Series, Span

WINDOW_STEPS = 2_000
"""Grid steps turned into Python numbers at once: large for speed, small for memory."""

Slot = tuple[MarketKlines | None, MarketOpens | None]
Row = tuple[float, ...]
Bars = tuple[Row, Row, Row, Row, Row]
_EMPTY: Slot = (None, None)


class VenueBars:
    """Walks the series of one venue along the grid of the span, one slot per step.

    A slot is the bars that open at its time: as klines (said when they close) and as opens.
    """

    def __init__(self, series: Sequence[Series], span: Span) -> None:
        self._series = sorted(series, key=lambda one: one.symbol)
        self._span = span
        self._venue = self._series[0].venue
        self._timeframe = self._series[0].timeframe
        self._step = self._series[0].step_ns
        self._subsets: dict[tuple[str, ...], tuple[str, ...]] = {}

    def slots(self) -> Iterator[Slot]:
        """Gives the slots of the whole span, reading one window of the files at a time."""
        cursors = [(series.symbol, Cursor(series)) for series in self._series]
        for start in range(self._span.start, self._span.end, WINDOW_STEPS * self._step):
            end = min(start + WINDOW_STEPS * self._step, self._span.end)
            taken = [(symbol, *cursor.take(end)) for symbol, cursor in cursors]
            present = [one for one in taken if len(one[1])]
            steps = (end - start) // self._step
            if not present:
                yield from repeat(_EMPTY, steps)
                continue
            symbols = self._interned(tuple(symbol for symbol, _, _ in present))
            if all(len(times) == steps for _, times, _ in present):
                yield from self._dense(start, symbols, [values for _, _, values in present])
            else:
                places = [(times - start) // self._step for _, times, _ in present]
                yield from self._sparse(start, steps, symbols, places, [v for _, _, v in present])

    def _dense(
        self, start: int, symbols: tuple[str, ...], values: list[NDArray[np.float64]]
    ) -> Iterator[Slot]:
        venue, timeframe = self._venue, self._timeframe
        grid = [Ns(start + i * self._step) for i in range(values[0].shape[1] + 1)]
        for time, close, (o, h, l, c, v) in zip(grid[:-1], grid[1:], _rows(values), strict=True):  # noqa: E741
            yield (
                MarketKlines(venue, timeframe, time, close, symbols, o, h, l, c, v),
                MarketOpens(venue, time, symbols, o),
            )

    def _sparse(
        self,
        start: int,
        steps: int,
        symbols: tuple[str, ...],
        places: list[NDArray[np.int64]],
        values: list[NDArray[np.float64]],
    ) -> Iterator[Slot]:
        spread = [np.full((5, steps), np.nan) for _ in symbols]
        has_bar = np.zeros((steps, len(symbols)), np.bool_)
        for index, place in enumerate(places):
            spread[index][:, place] = values[index]
            has_bar[place, index] = True
        time = start
        for mask, row in zip(has_bar.tolist(), _rows(spread), strict=True):
            yield self._slot(time, symbols, mask, row)
            time += self._step

    def _slot(self, time: int, symbols: tuple[str, ...], mask: list[bool], row: Bars) -> Slot:
        if not any(mask):
            return _EMPTY
        if not all(mask):
            symbols = self._interned(tuple(compress(symbols, mask)))
            o, h, l, c, v = (tuple(compress(column, mask)) for column in row)  # noqa: E741
        else:
            o, h, l, c, v = row  # noqa: E741
        close = Ns(time + self._step)
        return (
            MarketKlines(self._venue, self._timeframe, Ns(time), close, symbols, o, h, l, c, v),
            MarketOpens(self._venue, Ns(time), symbols, o),
        )

    def _interned(self, symbols: tuple[str, ...]) -> tuple[str, ...]:
        """Keeps one tuple object per set of symbols, so that readers can compare by identity."""
        return self._subsets.setdefault(symbols, symbols)


def _rows(values: list[NDArray[np.float64]]) -> Iterator[Bars]:
    """Turns [symbol][column, step] into, per step, the five columns as tuples over the symbols."""
    o, h, l, c, v = (zip(*(one[at].tolist() for one in values), strict=True) for at in range(5))  # noqa: E741
    return zip(o, h, l, c, v, strict=True)
