"""Decides how far a figure could have come out otherwise, by drawing blocks of days again.

Stationary bootstrap of Politis & Romano (Journal of the American Statistical Association 89, 1994):
days that followed each other stay together in blocks of random length, so that what lasts for days
(a trend, a storm, a position) is drawn whole and does not count as many independent days.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from quantum_os.kernel.chance import Generator

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

DRAWS = 2_000
BLOCK_DAYS = 5
"""Mean length of a block: positions are held for 12 to 72 hours, and regimes last for days."""
DAYS_MIN = 20
"""Below this many days there are too few blocks to draw from, and no interval is given."""
LEVEL = 0.95


def stationary_places(
    length: int, chance: Generator, *, draws: int = DRAWS, block: float = BLOCK_DAYS
) -> Places:
    """[draws, length]: places of a series of `length`, drawn in blocks that wrap around its end.

    Each block starts anywhere and goes on with probability 1 - 1 / `block`. Raises ValueError
    unless there is something to draw and a block is at least one place long.
    """
    if length < 1 or draws < 1 or not block >= 1:
        raise ValueError(f"cannot draw {draws} times from {length} in blocks of {block!r}")
    fresh = chance.random((draws, length)) < 1 / block
    fresh[:, 0] = True
    starts = chance.integers(0, length, (draws, length))
    along = np.arange(length)
    begun = np.maximum.accumulate(np.where(fresh, along, 0), axis=1)
    places: Places = (np.take_along_axis(starts, begun, axis=1) + along - begun) % length
    return places


def times_drawn(places: Places) -> Floats:
    """[draws, length]: how often each place was drawn; any mean is a product with this."""
    draws, length = places.shape
    flat = places + np.arange(draws)[:, None] * length
    counted = np.bincount(flat.ravel(), minlength=draws * length)
    drawn: Floats = counted.reshape(draws, length).astype(np.float64)
    return drawn


def drawn_means(drawn: Floats, sums: Sequence[float], counts: Sequence[float]) -> Floats:
    """[draws]: the mean per thing, given the sum and the number of things of each day.

    A draw without a single thing has no mean and is NaN.
    """
    number = drawn @ np.asarray(counts, dtype=float)
    total = drawn @ np.asarray(sums, dtype=float)
    means: Floats = np.divide(total, number, out=np.full(len(number), np.nan), where=number > 0)
    return means


def interval(values: Floats, level: float = LEVEL) -> tuple[float, float] | None:
    """The central `level` of the drawn values, by percentiles; None when under half are known."""
    known = values[np.isfinite(values)]
    if len(known) * 2 < len(values) or not len(known):
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def effective_count(count: int, spread: float, drawn: Floats) -> float | None:
    """How many independent things would know the mean as well as these `count` do together.

    `spread` is the variance of single things, `drawn` the means of the draws: spread over the
    variance of the mean, at most `count`. None when the mean does not vary or is unknown.
    """
    known = drawn[np.isfinite(drawn)]
    uncertainty = float(np.var(known)) if len(known) > 1 else 0.0
    return min(float(count), spread / uncertainty) if uncertainty > 0 and spread > 0 else None
