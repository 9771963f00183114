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
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.formulas.kernels.bar_features import feature_block, features_of_bar
from quantum_os.formulas.kernels.feature_groups import Group
from quantum_os.formulas.kernels.feature_sheet import (
    sheet_block,
    sheet_of_candles,
    sheet_of_carry,
    sheet_state_new,
)
from tests.formulas.kernels.conftest import seeded_bars

BARS = 1_500
LIVE_SYMBOLS = 500
LIVE_BARS = 200
BLOCK_RATE_MIN = 1.0
"""Million symbol-bars a second that the features of single bars owe."""

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
    rows: list[dict[str, object]] = []
    works: tuple[tuple[str, float | None, Callable[[], object]], ...] = (
        (
            "21 features of single bars",
            BLOCK_RATE_MIN,
            lambda: feature_block(state[Group.BAR], bars),
        ),
        ("all 80", None, lambda: sheet_block(state, bars, told, opens, NS_PER_HOUR, 0)),
    )
    for name, least, run in works:
        run()  # compiles, or reads what was compiled before
        took = []
        for _ in range(3):
            began = time.perf_counter()
            run()
            took.append(time.perf_counter() - began)
        rate = BARS * symbols / min(took) / 1e6
        budget = "" if least is None else f">= {least:g}: {'met' if rate >= least else 'not met'}"
        figure = f"{rate:.2f} M symbol-bars/s"
        rows.append(
            {"task": f"{name}, in blocks, {symbols} symbols", "figure": figure, "budget": budget}
        )
    return rows


def main() -> None:
    rows = [*live(), *blocks(20), *blocks(100)]
    show("Features", rows, ("Blocks: best of three, compiled beforehand.",))


if __name__ == "__main__":
    main()
