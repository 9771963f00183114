"""What goes wrong on a day: a halt, bars that never come, a frozen price, venues that drift apart.

None of it touches the path of prices: it is what a venue makes of it.
"""

import msgspec
import numpy as np

from quantum_os.kernel.chance import Generator
from quantum_os.market.feeds.synthetic import calibration as seen
from quantum_os.market.feeds.synthetic.crash import Crash
from quantum_os.market.feeds.synthetic.grid import Grid


class Disturbances(msgspec.Struct, frozen=True):
    """One day's faults. `frozen`, `missing` of the first venue [steps, symbols].

    Of the second: `second_frozen` [steps, symbols], `silent` [steps], `lag` in points [steps],
    `apart_bps` [steps, symbols] on top of the usual difference, `noise_bps` [steps] of its size.
    """

    frozen: np.ndarray
    missing: np.ndarray
    second_frozen: np.ndarray
    silent: np.ndarray
    lag: np.ndarray
    apart_bps: np.ndarray
    noise_bps: np.ndarray


def quiet_day(grid: Grid) -> Disturbances:
    """A day on which nothing goes wrong."""
    steps, both = grid.steps, (grid.steps, len(seen.LISTED))
    return Disturbances(
        frozen=np.zeros(both, dtype=bool),
        missing=np.zeros(both, dtype=bool),
        second_frozen=np.zeros(both, dtype=bool),
        silent=np.zeros(steps, dtype=bool),
        lag=np.zeros(steps, dtype=np.int64),
        apart_bps=np.zeros(both),
        noise_bps=np.zeros(steps),
    )


def disturbances(chance: Generator, grid: Grid) -> Disturbances:
    """Draws a day's faults; each ends with its day."""
    day = quiet_day(grid)
    for first, last, _ in _spells(chance, grid, seen.HALTS_PER_DAY, seen.HALT_MIN):
        day.frozen[first:last] = True
    for first, last, symbol in _spells(chance, grid, seen.FROZEN_PER_DAY, seen.FROZEN_MIN):
        day.frozen[first:last, symbol] = True
    for first, last, symbol in _spells(chance, grid, seen.MISSING_PER_DAY, seen.MISSING_MIN):
        day.missing[first:last, symbol] = True
    for first, last, symbol in _spells(chance, grid, seen.FROZEN_PER_DAY, seen.FROZEN_MIN):
        day.second_frozen[first:last, symbol] = True
    for first, last, _ in _spells(chance, grid, seen.ABSENT_PER_DAY, seen.ABSENT_MIN):
        day.silent[first:last] = True
    for first, last, _ in _spells(chance, grid, seen.LAGGING_PER_DAY, seen.LAGGING_MIN):
        day.lag[first:last] = 1
    for first, last, symbol in _spells(chance, grid, seen.APART_PER_DAY, seen.APART_MIN):
        bps = float(chance.uniform(*seen.APART_BPS))
        day.apart_bps[first:last, symbol] = bps if chance.random() < 0.5 else -bps
    return day


def with_crash(day: Disturbances, crash: Crash, grid: Grid) -> Disturbances:
    """Adds what a crash does to the venues: gaps on the first, silence and delay on the second."""
    opens = grid.opens()
    some = np.arange(len(seen.LISTED)) % 3 == 2
    return msgspec.structs.replace(
        day,
        missing=day.missing | (crash.is_missing(opens)[:, None] & some),
        silent=day.silent | crash.is_silent(opens),
        lag=np.maximum(day.lag, crash.lag(opens)),
        noise_bps=day.noise_bps + crash.apart_bps(opens),
    )


def _spells(
    chance: Generator, grid: Grid, per_day: float, minutes: tuple[int, int]
) -> list[tuple[int, int, int]]:
    """Draws when something happens: (first bar, bar after the last, symbol)."""
    found = []
    for _ in range(int(chance.poisson(per_day))):
        first = int(chance.integers(grid.steps))
        length = max(1, round(float(chance.uniform(*minutes)) / grid.step_min))
        found.append((first, first + length, int(chance.integers(len(seen.LISTED)))))
    return found
