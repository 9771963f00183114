"""What a venue's recent bars looked like, and beyond which bounds the next one is odd."""

from math import nan
from operator import eq, gt, lt, truediv

import msgspec
import numpy as np

from quantum_os.events.market import MarketKlines

WINDOW_BARS = 288
"""Bars from which the usual move and volume are taken."""

KNOWN_BARS = 100
"""Bars that a symbol must have in the window before its own are judged."""

LOOK_BARS = 144
"""Bars between two looks at the window: a median moves slowly, and costs."""

Row = tuple[float, ...]


class Watched(msgspec.Struct):
    """One venue's symbols, those `here` in the last bar before those `absent` from it.

    Rows are columns over `symbols`, NaN where a symbol has no bar: `ratio` is close / previous
    close of the last bar, `volume` its base units, `ratios` and `volumes` those of the window.
    Bounds and usual volumes are infinite until a symbol is known: nothing is judged before there is
    something to compare it with. `busy` symbols traded in every bar of the window; `still` counts
    bars without any move.
    """

    here: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    last_close_time: int = 0
    bars: int = 0
    close: Row = ()
    ratio: Row = ()
    volume: Row = ()
    ratios: list[np.ndarray] = []
    volumes: list[np.ndarray] = []
    rise_max: Row = ()
    fall_max: Row = ()
    volume_usual: Row = ()
    volume_max: Row = ()
    busy: tuple[bool, ...] = ()
    still: dict[str, int] = {}

    @property
    def symbols(self) -> tuple[str, ...]:
        return self.here + self.absent

    def gap_before(self, event: MarketKlines) -> tuple[int, int] | None:
        """Gives the (from, to) ns of bars that never came before this one; None without a gap."""
        if not self.last_close_time or event.open_time <= self.last_close_time:
            return None
        return self.last_close_time, event.open_time

    def take(self, event: MarketKlines) -> bool:
        """Takes one bar time in; True when any bar of it is out of bounds, still, or untraded."""
        if event.symbols != self.here:
            self._rearrange(event.symbols)
        close, volume = event.close, event.volume
        if self.absent:
            padding = (nan,) * len(self.absent)
            close, volume = close + padding, volume + padding
        ratio = tuple(map(truediv, close, self.close))
        # An array a bar: to turn a whole window of tuples into one at a look takes 16 ms.
        self.ratios.append(np.array(ratio))
        self.volumes.append(np.array(volume))
        self.close, self.ratio, self.volume = close, ratio, volume
        self.last_close_time = event.close_time
        self.bars += 1
        if self.still or any(map(eq, event.high, event.low)):
            self._count_still(event, ratio)
        return (
            bool(self.still)
            or any(map(gt, ratio, self.rise_max))
            or any(map(lt, ratio, self.fall_max))
            or any(map(gt, volume, self.volume_max))
            or 0.0 in volume
        )

    def look(self, move_scales: float, move_min: float, volume_times: float) -> None:
        """Draws the bounds anew from the medians of the window, once in `LOOK_BARS` bars.

        A move is odd beyond `move_scales` median absolute moves and `move_min` (fraction); a volume
        beyond `volume_times` medians. A median volume of 0 says nothing, so it bounds nothing.
        """
        if self.bars % LOOK_BARS:
            return
        move = move_scales * _medians(np.abs(np.array(self.ratios).T - 1.0))
        move = np.maximum(move, move_min)
        volumes = np.array(self.volumes).T
        volume = _medians(volumes)
        self.busy = tuple(((volume < np.inf) & ~(volumes <= 0.0).any(axis=1)).tolist())
        volume = np.where(volume > 0.0, volume, np.inf)
        self.rise_max = tuple((1.0 + move).tolist())
        self.fall_max = tuple((1.0 - move).tolist())
        self.volume_usual = tuple(volume.tolist())
        self.volume_max = tuple((volume_times * volume).tolist())
        kept = WINDOW_BARS - LOOK_BARS
        del self.ratios[:-kept], self.volumes[:-kept]

    def _count_still(self, event: MarketKlines, ratio: Row) -> None:
        rows = zip(event.symbols, event.high, event.low, ratio, strict=False)
        self.still = {
            symbol: self.still.get(symbol, 0) + 1
            for symbol, high, low, change in rows
            if high == low and change == 1.0
        }

    def _rearrange(self, here: tuple[str, ...]) -> None:
        """Puts the columns in the order of new bars; a symbol that left keeps its history."""
        known = {symbol: place for place, symbol in enumerate(self.symbols)}
        arrived = set(here)
        absent = tuple(symbol for symbol in known if symbol not in arrived)
        places = [known.get(symbol, len(known)) for symbol in here + absent]

        def moved(row: Row, unknown: float) -> Row:
            extended = (*row, unknown)
            return tuple(extended[place] for place in places)

        self.close = moved(self.close, nan)
        self.ratios = [np.append(row, nan)[places] for row in self.ratios]
        self.volumes = [np.append(row, nan)[places] for row in self.volumes]
        self.rise_max = moved(self.rise_max, np.inf)
        self.fall_max = moved(self.fall_max, -np.inf)
        self.volume_usual = moved(self.volume_usual, np.inf)
        self.volume_max = moved(self.volume_max, np.inf)
        self.busy = tuple(place < len(self.busy) and self.busy[place] for place in places)
        self.here, self.absent = here, absent


def _medians(values: np.ndarray) -> np.ndarray:
    """Gives each row's median over its known values; infinite with less than `KNOWN_BARS`."""
    known = np.isfinite(values).sum(axis=1)
    ordered = np.sort(values, axis=1)
    rows, last = np.arange(len(values)), np.maximum(known - 1, 0)
    middle = (ordered[rows, last // 2] + ordered[rows, (last + 1) // 2]) / 2.0
    medians: np.ndarray = np.where(known >= KNOWN_BARS, middle, np.inf)
    return medians
