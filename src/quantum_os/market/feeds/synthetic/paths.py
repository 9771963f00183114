"""Which way prices go: one path for all venues, of the market's moves and each symbol's own."""

import msgspec
import numpy as np

from quantum_os.kernel.chance import Generator
from quantum_os.market.feeds.synthetic.calibration import (
    LISTED,
    MARKET_BPS,
    MEASURED_STEP_MIN,
    TRANSIENT,
    TRANSIENT_HALF_LIFE_MIN,
    WICK,
)
from quantum_os.market.feeds.synthetic.grid import POINTS, Grid
from quantum_os.market.feeds.synthetic.persistence import autoregressed, kept

_BETA = np.array([listed.beta for listed in LISTED]) * MARKET_BPS * 1e-4
_OWN = np.array([listed.own_bps for listed in LISTED]) * 1e-4


class Path(msgspec.Struct, frozen=True):
    """One day: log prices at each point [steps, POINTS, symbols], and where the next day begins.

    `last` is the log price without wicks [symbols], `transient` the part of it that will come back.
    """

    points: np.ndarray
    last: np.ndarray
    transient: np.ndarray


def path(
    chance: Generator, grid: Grid, strength: np.ndarray, drift: np.ndarray, before: Path
) -> Path:
    """Walks one day on from the end of the day before.

    Args: `strength` [steps, drivers] in usual bars, `drift` [steps] in log price of the market.
    """
    steps, drivers = strength.shape
    longer = (grid.step_min / MEASURED_STEP_MIN) ** 0.5
    keep = kept(TRANSIENT_HALF_LIFE_MIN, grid.step_min)
    shocks = chance.standard_normal((steps, drivers)) * strength * TRANSIENT
    passing = autoregressed(shocks, before.transient, keep)
    moves = chance.standard_normal((steps, POINTS - 1, drivers))
    moves *= (strength / (POINTS - 1) ** 0.5)[:, None, :]
    moves += (np.diff(passing, axis=0, prepend=before.transient[None]) / (POINTS - 1))[:, None, :]
    moves *= longer
    moves[:, :, 0] += (drift / (MARKET_BPS * 1e-4) / (POINTS - 1))[:, None]

    walked = np.zeros((steps, POINTS, len(LISTED)))
    walked[:, 1:] = moves[:, :, :1] * _BETA + moves[:, :, 1:] * _OWN
    points = before.last + np.cumsum(walked.reshape(-1, len(LISTED)), axis=0).reshape(walked.shape)
    last = points[-1, -1].copy()
    points[:, 1:-1] += _wicks(chance, strength) * longer
    return Path(points, last, passing[-1])


def _wicks(chance: Generator, strength: np.ndarray) -> np.ndarray:
    """What the points between open and close lie off the path."""
    size = WICK * np.sqrt((strength[:, :1] * _BETA) ** 2 + (strength[:, 1:] * _OWN) ** 2)
    return chance.standard_normal((len(strength), POINTS - 2, len(LISTED))) * size[:, None, :]
