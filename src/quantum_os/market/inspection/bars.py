"""How the bars of a file are held for inspection, and how finer ones are put together."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.units import NS_PER_HOUR
from quantum_os.market.feeds.tape_checks import check_bars
from quantum_os.market.feeds.tape_columns import COLUMNS, Chunk, chunks
from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.feeds.tape_facts import iso
from quantum_os.market.feeds.tape_files import TapeFile, TapeKind


class Bars(msgspec.Struct, frozen=True):
    """All bars of one file: `times` of opening [n] in ns, `prices` [4, n], `volume` [n].

    Marks have no volume: it is 0.
    """

    step_ns: int
    times: NDArray[np.int64]
    prices: NDArray[np.float64]
    volume: NDArray[np.float64]

    @property
    def closes_at(self) -> NDArray[np.int64]:
        return self.times + self.step_ns

    def take(self, rows: NDArray[np.int64]) -> "Bars":
        """Gives some of the bars."""
        return Bars(self.step_ns, self.times[rows], self.prices[:, rows], self.volume[rows])

    def at(self, row: int) -> str:
        """Writes when a bar opens."""
        return iso(int(self.times[row]))


def read_bars(file: TapeFile) -> Bars:
    """Reads a file of klines, spot klines or marks; TapeError for the first row that cannot be."""
    as_klines = file
    if file.kind is TapeKind.SPOT:
        as_klines = msgspec.structs.replace(file, kind=TapeKind.KLINES)
    read: list[Chunk] = []
    last: int | None = None
    for chunk in chunks(as_klines):
        check_bars(as_klines, chunk, last)
        last = int(chunk.times[-1])
        read.append(chunk)
    if not read:
        raise TapeError(f"{file.path}: no rows ({', '.join(COLUMNS[as_klines.kind])} expected)")
    values = np.concatenate([chunk.values for chunk in read], axis=1)
    times = np.concatenate([chunk.times for chunk in read])
    volume = values[4] if len(values) > 4 else np.zeros(len(times))
    return Bars(file.step_ns, times, values[:4], volume)


def coarser(bars: Bars, step_ns: int) -> Bars:
    """Puts bars together to `step_ns`, a multiple of theirs; one that lacks a part is left out."""
    if step_ns == bars.step_ns:
        return bars
    group = bars.times // step_ns
    first = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
    count = np.diff(first, append=len(group))
    whole = count == step_ns // bars.step_ns
    last = first + count - 1
    opened, high, low, close = bars.prices
    prices = np.array(
        [
            opened[first],
            np.maximum.reduceat(high, first),
            np.minimum.reduceat(low, first),
            close[last],
        ]
    )
    volume = np.add.reduceat(bars.volume, first)
    return Bars(step_ns, group[first][whole] * step_ns, prices[:, whole], volume[whole])


def hourly_closes(bars: Bars) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Gives the closes that fall on a whole hour: their times [n] in ns, and prices [n]."""
    on_hour = bars.closes_at % NS_PER_HOUR == 0
    return bars.closes_at[on_hour], bars.prices[3][on_hour]


def shared_times(
    one: NDArray[np.int64], other: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Gives the rows of each at the times that both have, in order."""
    _, rows, others = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    return rows, others
