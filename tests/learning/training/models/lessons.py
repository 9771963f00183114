"""A market with something to learn in it, and what each family learns from it."""

import msgspec
import numpy as np

from quantum_os.events.units import NS_PER_HOUR
from quantum_os.kernel.chance import generator
from quantum_os.learning.training.dataset import SIDES, Dataset
from quantum_os.learning.training.models.forest_fit import ForestFitter
from quantum_os.learning.training.models.lesson import Fitter, Lesson, places_of
from quantum_os.learning.training.models.logistic_fit import LogisticFitter
from quantum_os.learning.training.models.sequence_fit import SequenceFitter

FEATURES = ("pull", "push", "noise", "echo")

LEARNT = 2_000
"""Rows that are learnt from; the others are for asking."""

FITTERS: tuple[Fitter, ...] = (
    ForestFitter(trees=20),
    LogisticFitter(plausible_weight=1.0),
    SequenceFitter(passes=12, learning_rate=1e-2),
)


def taught(bars: int = 700, symbols: int = 4, *, signal: float = 1.2, seed: int = 1) -> Dataset:
    """Hourly rows in which `pull` favours LONG and `push`, two bars ago, favours SHORT."""
    chance = generator(seed, "taught")
    rows = bars * symbols
    bar_close = np.repeat(np.arange(1, bars + 1) * NS_PER_HOUR, symbols).astype(np.int64)
    x = chance.standard_normal((rows, len(FEATURES)))
    before = np.roll(x[:, 1], 2 * symbols)
    odds = signal * np.stack([x[:, 0], before], axis=1) - 0.1
    won = chance.random((rows, SIDES)) < 1.0 / (1.0 + np.exp(-odds))
    held = chance.integers(1, 7, size=(rows, SIDES))
    return Dataset(
        names=FEATURES,
        schema_hash="5" * 16,
        symbols=tuple(f"S{place}/USDT:USDT" for place in range(symbols)),
        x=x,
        bar_close=bar_close,
        symbol=np.tile(np.arange(symbols, dtype=np.int32), bars),
        regime=(np.arange(rows) // symbols // 24 % 3).astype(np.int8),
        won=won,
        r=np.where(won, 1.02, -1.0),
        ends=bar_close[:, None] + held * NS_PER_HOUR,
        sl=np.full(rows, 0.02),
        cost_r=np.full(rows, 0.08),
        weight=np.ones((rows, SIDES)),
        dropped={},
        data_hash="d" * 64,
    )


def lesson_of(data: Dataset, rows: int | None = None, seed: int = 7) -> Lesson:
    """All rows, or the first so many, as what is learnt from."""
    learnt = np.arange(len(data) if rows is None else rows, dtype=np.int64)
    return Lesson(data=data, rows=learnt, places=places_of(data, 8), seed=seed)


def without(data: Dataset, gone: np.ndarray) -> Dataset:
    """The same market with some rows missing."""
    kept = ~gone
    columns = ("x", "bar_close", "symbol", "regime", "won", "r", "ends", "sl", "cost_r", "weight")
    return msgspec.structs.replace(data, **{name: getattr(data, name)[kept] for name in columns})
