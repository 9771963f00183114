"""Decides how inputs and weights are rounded so that every matrix product of them is exact.

Numbers on a coarse enough grid multiply and add up in float64 without rounding. Then the order of
the additions, the library, the machine and the number of rows cannot change a bit: a block over
years and a single bar give the same output, at the speed of a matrix library.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

INPUT_STEP = 2.0**-14
INPUT_MAX = 8.0
"""Standardised inputs: eight deviations are as far as a model is told."""
WEIGHT_STEP = 2.0**-18
WEIGHT_MAX = 8.0
WIDTH_MAX = 2**15
"""Products are multiples of 2^-32 below 2^6; so many of them stay below 2^21: 53 bits in all."""


def input_grid(values: Floats) -> Floats:
    """Rounds inputs to the grid and holds them within it; NaN stays NaN."""
    return held_on_grid(values / INPUT_STEP)


def held_on_grid(steps: Floats) -> Floats:
    """Rounds numbers of steps in place, holds them within the grid and gives what they stand for.

    In place, for these arrays are the largest that a model makes.
    """
    np.rint(steps, out=steps)
    np.clip(steps, -INPUT_MAX / INPUT_STEP, INPUT_MAX / INPUT_STEP, out=steps)
    steps *= INPUT_STEP
    return steps


def weight_grid(values: Floats) -> Floats:
    """Rounds weights to the grid and holds them within it."""
    held: Floats = np.clip(np.rint(values / WEIGHT_STEP) * WEIGHT_STEP, -WEIGHT_MAX, WEIGHT_MAX)
    return held


def on_weight_grid(values: Floats) -> bool:
    """Whether weights [F, H] are finite, on the grid, and few enough for exact sums."""
    few = values.shape[0] <= WIDTH_MAX
    return few and bool(np.isfinite(values).all()) and np.array_equal(weight_grid(values), values)
