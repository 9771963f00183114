"""How a quantity that fades and is renewed moves on: first-order autoregression, in few passes."""

import numpy as np

from quantum_os.kernel.chance import Generator
from quantum_os.market.feeds.synthetic.grid import Grid

NEGLIGIBLE = 1e-18
"""Below this share of one bar's value nothing of it is left."""


def kept(half_life_min: float, step_min: float) -> float:
    """Gives the share that one step of `step_min` minutes leaves."""
    return float(0.5 ** (step_min / half_life_min))


def autoregressed(shocks: np.ndarray, last: np.ndarray, keep: float) -> np.ndarray:
    """Gives x[t] = keep * x[t-1] + sqrt(1 - keep^2) * shocks[t] for shocks [steps, ...].

    `last` is x before the first step. Shocks of unit variance give x of unit variance. Each pass
    doubles how far back a value reaches, so a day costs nine passes and no loop over its bars.
    """
    values: np.ndarray = shocks * (1.0 - keep * keep) ** 0.5
    values[0] += keep * last
    reach, share = 1, keep
    while reach < len(values) and share > NEGLIGIBLE:
        values[reach:] = values[reach:] + share * values[:-reach]
        reach, share = 2 * reach, share * share
    return values


def lingering(
    chance: Generator, last: np.ndarray, grid: Grid, half_lives_min: tuple[float, ...]
) -> np.ndarray:
    """Gives a day of quantities [half-lives, steps, ...] of unit variance, each fading at its own.

    `last` [half-lives, ...] is what they were before the day.
    """
    shocks = chance.standard_normal((len(last), grid.steps, *last.shape[1:]))
    return np.stack(
        [
            autoregressed(shocks[place], last[place], kept(half_life, grid.step_min))
            for place, half_life in enumerate(half_lives_min)
        ]
    )
