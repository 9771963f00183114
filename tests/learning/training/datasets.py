"""Datasets small enough to read, for the tests of what is done with them."""

import numpy as np

from quantum_os.events.units import NS_PER_HOUR
from quantum_os.kernel.chance import generator
from quantum_os.learning.training.dataset import SIDES, Dataset


def made_up(bars: int = 40, symbols: int = 3, *, hold_h_max: int = 6, seed: int = 0) -> Dataset:
    """Every symbol at every hour; features and outcomes by chance, each label ends within hours."""
    chance = generator(seed, "dataset")
    rows = bars * symbols
    bar_close = np.repeat(np.arange(1, bars + 1) * NS_PER_HOUR, symbols).astype(np.int64)
    held = chance.integers(1, hold_h_max + 1, size=(rows, SIDES))
    won = chance.random((rows, SIDES)) < 0.5
    return Dataset(
        names=("first", "second"),
        schema_hash="0" * 16,
        symbols=tuple(f"S{place}/USDT:USDT" for place in range(symbols)),
        x=chance.standard_normal((rows, 2)),
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
        data_hash="a" * 64,
    )
