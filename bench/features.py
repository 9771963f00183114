"""What features cost: live for 500 symbols at a bar close, and in blocks over time.

python bench/features.py [--json]
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from numpy.typing import NDArray

from bench.table import show
from quantum_os.events.units import NS_PER_HOUR, NS_PER_MINUTE
from quantum_os.formulas.kernels.atr import atr_state_new
from quantum_os.formulas.kernels.atr_blocks import atr_of_bars
from quantum_os.formulas.kernels.bar_blocks import features_of_bars
from quantum_os.formulas.kernels.bar_features import features_of_bar
from quantum_os.formulas.kernels.barrier_labels import Barriers, barrier_labels
from quantum_os.formulas.kernels.block_windows import own_bars, stretches
from quantum_os.formulas.kernels.feature_groups import Group
from quantum_os.formulas.kernels.feature_sheet import (
    sheet_of_candles,
    sheet_of_carry,
    sheet_state_new,
    whole_sheet,
)
from quantum_os.formulas.kernels.regime_blocks import evidence_of_closes
from quantum_os.formulas.kernels.regime_kernel import regime_state_new
from tests.formulas.kernels.conftest import seeded_bars

BARS = 1_500
LIVE_SYMBOLS = 500
LIVE_BARS = 200
BLOCK_RATE_MIN = 1_000
"""Thousand symbol-bars a second that the features of single bars owe."""
YEAR = 100_000
"""Bars of five minutes: most of a year."""
NS_PER_5M = 5 * NS_PER_MINUTE

Floats = NDArray[np.float64]


def market(symbols: int) -> Floats:
    """Bars [T, 5, S] of a market of chance."""
    made = seeded_bars(BARS, 20)
    return np.ascontiguousarray(np.tile(made, (1, 1, -(-symbols // 20)))[:, :, :symbols])


def milliseconds(step: Callable[[int], object]) -> tuple[float, float]:
    """The median and the 99th percentile of so many steps."""
    took = []
    for number in range(LIVE_BARS):
        began = time.perf_counter()
        step(number)
        took.append((time.perf_counter() - began) * 1e3)
    return median(took), float(np.quantile(took, 0.99))


def live() -> list[dict[str, object]]:
    bars = market(LIVE_SYMBOLS)
    state, told = sheet_state_new(LIVE_SYMBOLS), np.full((2, LIVE_SYMBOLS), 1e-4)

    def whole(number: int) -> None:
        sheet_of_candles(state, bars[number], number * NS_PER_HOUR, NS_PER_HOUR, 0)
        sheet_of_carry(state, told)

    single = sheet_state_new(LIVE_SYMBOLS)[Group.BAR]
    rows: list[dict[str, object]] = []
    for name, step in (
        ("21 features of single bars", lambda number: features_of_bar(single, bars[number])),
        ("all 80", whole),
    ):
        middle, worst = milliseconds(step)
        figure = f"{middle:.2f} ms, p99 {worst:.2f}"
        rows.append({"task": f"{name}, live, 500 symbols", "figure": figure, "budget": ""})
    return rows


def blocks(symbols: int) -> list[dict[str, object]]:
    bars = market(symbols)
    told = np.full((BARS, 2, symbols), 1e-4)
    opens = np.arange(BARS) * NS_PER_HOUR
    state = sheet_state_new(symbols)
    of_bar = state[Group.BAR]
    works: tuple[tuple[str, float | None, Callable[[], object]], ...] = (
        (
            "21 features of single bars",
            BLOCK_RATE_MIN,
            lambda: [
                features_of_bars(of_bar, own_bars(bars[part])) for part in stretches(BARS, symbols)
            ],
        ),
        ("all 80", None, lambda: whole_sheet(state, bars, told, opens, NS_PER_HOUR, 0)),
    )
    return [
        rate_of(f"{name}, in blocks, {symbols} symbols", BARS * symbols, run, least)
        for name, least, run in works
    ]


def history() -> list[dict[str, object]]:
    """What else a training computes of one symbol's bars of five minutes, over most of a year."""
    opened, high, low, close, volume = np.tile(seeded_bars(BARS, 1), (-(-YEAR // BARS), 1, 1))[
        :YEAR
    ].transpose(1, 0, 2)
    bars = np.concatenate((opened, high, low, close, volume), axis=1).T
    opens = np.arange(YEAR) * NS_PER_5M
    barriers = Barriers(stop_atr=2.0, leverage=10.0, horizon_ns=36 * NS_PER_HOUR)
    reach = np.full(YEAR, 0.004)
    works: tuple[tuple[str, Callable[[], object]], ...] = (
        ("ATR and its median", lambda: atr_of_bars(atr_state_new(1, 288), high, low, close)),
        (
            "evidence of regimes",
            lambda: evidence_of_closes(regime_state_new(1), close),
        ),
        (
            "labels over 36 h",
            lambda: barrier_labels(bars, (opens, opens + NS_PER_5M), reach, barriers),
        ),
    )
    return [rate_of(f"{name}, {YEAR:,} bars of 5m", YEAR, run) for name, run in works]


def rate_of(
    task: str, symbol_bars: int, run: Callable[[], object], least: float | None = None
) -> dict[str, object]:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    rate = symbol_bars / min(took) / 1e3
    budget = "" if least is None else f">= {least:,}: {'met' if rate >= least else 'not met'}"
    figure = f"{rate:,.0f} thousand symbol-bars/s"
    return {"task": task, "figure": figure, "budget": budget}


def main() -> None:
    rows = [*live(), *blocks(20), *blocks(100), *history()]
    show("Features", rows, ("Blocks: best of three.",))


if __name__ == "__main__":
    main()
