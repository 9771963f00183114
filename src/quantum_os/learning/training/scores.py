"""How good answers were: as probabilities against the base rate, and as trades net of costs."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.events.units import NS_PER_DAY
from quantum_os.formulas.bootstrap import DAYS_MIN
from quantum_os.formulas.log_loss_gain import log_loss_gain, mean_interval
from quantum_os.formulas.quality_gate import Gate, quality_gate
from quantum_os.formulas.reliability import GROUPS, brier, calibration_error
from quantum_os.formulas.statistics import sharpe_daily
from quantum_os.kernel.chance import generator
from quantum_os.learning.training.dataset import LONG, SHORT, Dataset
from quantum_os.learning.training.trading_rule import Taken

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Interval = tuple[float, float] | None


class Point(msgspec.Struct, frozen=True):
    """One of `GROUPS` groups of equal count: the mean said, how often it came, and its size."""

    said: float
    came: float
    n: int


class Probabilities(msgspec.Struct, frozen=True):
    """The worth of the probabilities, over both sides. `rows` were answered of `asked`.

    `auc` is per side: the chance that a winning row was given more than a losing one.
    """

    asked: int
    rows: int
    coverage: float
    log_loss: float
    base_log_loss: float
    gain: float
    gain_interval: Interval
    ece: float | None
    brier: float | None
    base_brier: float | None
    auc: tuple[float | None, float | None]
    curve: tuple[Point, ...]
    gate: Gate


class Trades(msgspec.Struct, frozen=True):
    """The worth of the trades that the probabilities call for, in R net of costs.

    `daily` holds the sum of each day from the first asked to the last, by the day of the exit.
    """

    trades: int
    expectancy_r: float | None
    expectancy_interval: Interval
    expectancy_long_r: float | None
    expectancy_short_r: float | None
    long_share: float | None
    sharpe: float | None
    daily: tuple[float, ...]


def probabilities_of(data: Dataset, rows: Rows, said: Floats, seed: int) -> Probabilities | None:
    """Scores what was said [all rows, 2] of `rows`; None where nothing was said of any."""
    known = rows[~np.isnan(said[rows]).any(axis=1)]
    if not len(known):
        return None
    answers, won = said[known], data.won[known]
    day = data.bar_close[known] // NS_PER_DAY
    gain = log_loss_gain(answers, won, day, generator(seed, "training", "gain"))
    flat, came = answers.ravel(), won.ravel()
    base = np.broadcast_to(won.mean(axis=0), won.shape).ravel()
    return Probabilities(
        asked=len(rows),
        rows=len(known),
        coverage=len(known) / len(rows),
        log_loss=gain.log_loss,
        base_log_loss=gain.base,
        gain=gain.gain,
        gain_interval=gain.interval,
        ece=calibration_error(flat.tolist(), came.tolist()),
        brier=brier(flat.tolist(), came.tolist()),
        base_brier=brier(base.tolist(), came.tolist()),
        auc=(_auc(answers[:, LONG], won[:, LONG]), _auc(answers[:, SHORT], won[:, SHORT])),
        curve=_curve(flat, came),
        gate=quality_gate(answers, gain),
    )


def trades_of(data: Dataset, rows: Rows, took: Taken, seed: int) -> Trades:
    """Scores trades out of the rows that were asked about."""
    first = int(data.bar_close[rows].min()) // NS_PER_DAY
    last = int(data.ends[rows].max()) // NS_PER_DAY
    day = data.ends[took.rows, took.sides] // NS_PER_DAY - first
    sums = np.bincount(day, weights=took.net_r, minlength=last - first + 1).astype(np.float64)
    counts = np.bincount(day, minlength=last - first + 1)
    long = took.sides == LONG
    return Trades(
        trades=len(took.rows),
        expectancy_r=_mean(took.net_r),
        expectancy_interval=_interval(sums, counts, seed),
        expectancy_long_r=_mean(took.net_r[long]),
        expectancy_short_r=_mean(took.net_r[~long]),
        long_share=_mean(long.astype(np.float64)),
        sharpe=sharpe_daily(sums.tolist()),
        daily=tuple(sums.tolist()),
    )


def _interval(sums: Floats, counts: NDArray[np.int64], seed: int) -> Interval:
    """None of trades on fewer than `DAYS_MIN` days: one lucky day has no lower bound to show."""
    if np.count_nonzero(counts) < DAYS_MIN:
        return None
    return mean_interval(sums, counts, generator(seed, "training", "expectancy"))


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


def _auc(said: Floats, won: NDArray[np.bool_]) -> float | None:
    """The area under the curve by ranks; equal answers share their rank. None of one class."""
    wins = int(won.sum())
    losses = len(won) - wins
    if not wins or not losses:
        return None
    _, place, counts = np.unique(said, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((rank[won].sum() - wins * (wins + 1) / 2) / (wins * losses))


def _curve(said: Floats, came: NDArray[np.bool_]) -> tuple[Point, ...]:
    order = np.argsort(said, kind="stable")
    groups: Sequence[NDArray[np.int64]] = np.array_split(order, min(GROUPS, len(order)))
    return tuple(
        Point(float(said[group].mean()), float(came[group].mean()), len(group)) for group in groups
    )
