"""How much trades in a bar: what its range suggests, times an appetite that lingers."""

import numpy as np

from quantum_os.kernel.chance import Generator
from quantum_os.market.feeds.synthetic.calibration import (
    APPETITE_ALONE,
    APPETITE_AMPLITUDES,
    LISTED,
    MEASURED_STEP_MIN,
    VOLUME_FOLLOWS_RANGE,
)
from quantum_os.market.feeds.synthetic.grid import POINTS, Grid

APPETITES = len(APPETITE_AMPLITUDES)

_USD = np.array([listed.volume_usd for listed in LISTED])
_RANGE = np.array([listed.range_bps for listed in LISTED]) * 1e-4


def first_appetites(chance: Generator) -> np.ndarray:
    """Gives the appetites that a market begins with [APPETITES, symbols]."""
    return chance.standard_normal((APPETITES, len(LISTED)))


def volumes_usd(chance: Generator, grid: Grid, ranges: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Gives the USD traded in each bar [steps, symbols] from its range (ln high / low)."""
    longer = grid.step_min / MEASURED_STEP_MIN
    usual = _RANGE * longer**0.5
    wide = np.log(np.maximum(ranges, usual / 20.0) / usual)
    alone = chance.standard_normal(ranges.shape) * APPETITE_ALONE
    hunger = np.tensordot(np.array(APPETITE_AMPLITUDES), found, axes=1) + alone
    traded: np.ndarray = _USD * longer * np.exp(VOLUME_FOLLOWS_RANGE * wide + hunger)
    return traded


def in_steps(usd: np.ndarray, prices: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Turns USD into whole quantity steps, at least one for each point of a bar."""
    whole: np.ndarray = np.maximum(np.rint(usd / prices * 10.0**digits), float(POINTS))
    return whole
