"""Decides whether probabilities know more than the base rate, given that days hang together."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.bootstrap import (
    DAYS_MIN,
    Floats,
    drawn_means,
    interval,
    stationary_places,
    times_drawn,
)
from quantum_os.formulas.edge import PROBABILITY_FLOOR
from quantum_os.kernel.chance import Generator


class LogLossGain(msgspec.Struct, frozen=True):
    """Log-losses in nats a prediction. `gain` is the base rate's less the model's: above 0 the
    model knows something. The interval holds it at 95 %; None of fewer than `DAYS_MIN` days.
    """

    log_loss: float
    base: float
    gain: float
    interval: tuple[float, float] | None


def log_loss_gain(
    said: Floats, won: NDArray[np.bool_], day: NDArray[np.int64], chance: Generator
) -> LogLossGain:
    """Holds predictions [n, sides] against always saying each side's own base rate.

    `day` [n] numbers the days that the predictions were made on; days are drawn in blocks, since
    labels overlap and a day's symbols move together. The base rates come from the same outcomes,
    which favours them. Raises ValueError of nothing.
    """
    if not len(said):
        raise ValueError("nothing was said")
    own = surprises(said, won).sum(axis=1)
    base = surprises(np.broadcast_to(won.mean(axis=0), said.shape), won).sum(axis=1)
    sides = said.shape[1]
    days = day - day.min()
    sums = np.bincount(days, weights=base - own).astype(np.float64)
    counts = np.bincount(days) * sides
    return LogLossGain(
        log_loss=float(own.mean()) / sides,
        base=float(base.mean()) / sides,
        gain=float((base - own).mean()) / sides,
        interval=mean_interval(sums, counts, chance),
    )


def surprises(said: Floats, won: NDArray[np.bool_]) -> Floats:
    """-ln(what was said of what came), in nats, elementwise; held off infinity."""
    held = np.clip(np.where(won, said, 1.0 - said), PROBABILITY_FLOOR, 1.0)
    shock: Floats = -np.log(held)
    return shock


def mean_interval(
    sums: NDArray[np.float64], counts: NDArray[np.int64], chance: Generator
) -> tuple[float, float] | None:
    """The 95 % interval of a mean per thing, given each day's sum and number, empty days too.

    None of fewer than `DAYS_MIN` days, and where most draws hold nothing.
    """
    if len(sums) < DAYS_MIN:
        return None
    drawn = times_drawn(stationary_places(len(sums), chance))
    return interval(drawn_means(drawn, sums.tolist(), counts.tolist()))
