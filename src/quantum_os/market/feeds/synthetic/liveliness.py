"""How much each bar moves: by the clock, by moods that cluster and linger, and by violent bars."""

import numpy as np

from quantum_os.kernel.chance import Generator
from quantum_os.market.feeds.synthetic.calibration import (
    BY_HOUR,
    BY_SLOT,
    BY_WEEKDAY,
    JUMP_INDEX,
    JUMP_SCALE,
    JUMPS_PER_DAY,
    LEVEL,
    LISTED,
    MARKET_JUMPS,
    MOOD_AMPLITUDES,
    MOOD_SHARED,
    STRENGTH_MAX,
    TAIL_FREEDOM,
)
from quantum_os.market.feeds.synthetic.grid import Grid

DRIVERS = 1 + len(LISTED)
"""What moves prices: the market, then each symbol by itself."""

MOODS = len(MOOD_AMPLITUDES)

_HOUR, _WEEKDAY, _SLOT = np.array(BY_HOUR), np.array(BY_WEEKDAY), np.array(BY_SLOT)
_SEASON_SQUARE = float((_HOUR**2).mean() * (_WEEKDAY**2).mean() * (_SLOT**2).mean())
_MOODS_SQUARE = sum(amplitude**2 for amplitude in MOOD_AMPLITUDES)
_T_SQUARE = TAIL_FREEDOM - 2.0


def season(grid: Grid) -> np.ndarray:
    """Gives how lively each bar is by the clock [steps]; its mean square over a week is 1."""
    hour, weekday, slot = grid.clock()
    lively: np.ndarray = _HOUR[hour] * _WEEKDAY[weekday] * _SLOT[slot] / _SEASON_SQUARE**0.5
    return lively


def first_moods(chance: Generator) -> np.ndarray:
    """Gives the moods that a market begins with [MOODS, DRIVERS]."""
    return chance.standard_normal((MOODS, DRIVERS))


def strength(chance: Generator, found: np.ndarray, grid: Grid) -> np.ndarray:
    """Gives the standard deviation of each bar in usual ones [steps, DRIVERS], weather apart."""
    logs = np.zeros(found.shape[1:])
    for mood, amplitude, shared in zip(found, MOOD_AMPLITUDES, MOOD_SHARED, strict=True):
        common = mood[:, :1]
        logs[:, :1] += amplitude * common
        logs[:, 1:] += amplitude * (shared**0.5 * common + (1.0 - shared) ** 0.5 * mood[:, 1:])
    lively: np.ndarray = np.exp(logs - _MOODS_SQUARE) * season(grid)[:, None]
    lively *= LEVEL * np.minimum(_luck(chance, grid), STRENGTH_MAX)
    return lively


def _luck(chance: Generator, grid: Grid) -> np.ndarray:
    """What chance makes of single bars: a t distribution's scale, and now and then a jump."""
    shape = (grid.steps, DRIVERS)
    scale = np.sqrt(_T_SQUARE / chance.chisquare(TAIL_FREEDOM, shape))
    rate = np.full(DRIVERS, JUMPS_PER_DAY / grid.steps)
    rate[0] *= MARKET_JUMPS
    jumps, sizes = chance.random((2, *shape))
    violent = JUMP_SCALE * (1.0 - sizes) ** (-1.0 / JUMP_INDEX)
    lucky: np.ndarray = np.where(jumps < rate, violent * scale, scale)
    return lucky
