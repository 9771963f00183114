"""Measures the real market and the made-up one again, side by side.

python -m tests.market.feeds.synthetic.measure

Prints the statistics of both, then what `calibration.py` holds of each symbol as it is measured
now. Without the real data the recorded figures stand in their place, and the table says so.
"""

import numpy as np
from rich.console import Console
from rich.table import Table

from quantum_os.market.feeds.synthetic.calibration import LISTED
from tests.market.feeds.synthetic.made_bars import BASES, made_statistics
from tests.market.feeds.synthetic.market_statistics import (
    Bars,
    betas,
    by_hour,
    by_slot,
    by_weekday,
    split,
    statistics_of,
)
from tests.market.feeds.synthetic.recorded_statistics import RECORDED
from tests.market.feeds.synthetic.shared_bars import real_bars, real_funding


def main() -> None:
    console, real = Console(), real_bars(BASES)
    found = {name: target.real for name, target in RECORDED.items()}
    if real is not None:
        found = statistics_of(real)
    console.print(_side_by_side(found, "recorded" if real is None else "measured now"))
    if real is not None:
        console.print(_symbols(real))
        for name, profile in (("hour", by_hour), ("weekday", by_weekday), ("slot", by_slot)):
            console.print(name, np.round(profile(real), 2).tolist())
        common, _ = split(real.returns)
        console.print("market, bps", round(float(common.std() * 1e4), 2))


def _side_by_side(real: dict[str, float], how: str) -> Table:
    made = made_statistics()
    table = Table("statistic", f"real, {how}", "made up", "may lie in")
    for name, target in RECORDED.items():
        band = f"{target.low:g} .. {target.high:g}"
        table.add_row(name, f"{real[name]:.3f}", f"{made[name]:.3f}", band)
    return table


def _symbols(real: Bars) -> Table:
    """The columns of `LISTED` as they are measured now."""
    _, own = split(real.returns)
    columns = ("symbol", "beta", "own bps", "volume USD", "range bps", "funding bps", "its sd")
    table = Table(*columns)
    for place, listed in enumerate(LISTED):
        rates = real_funding(BASES[place])
        paid = ("n/a", "n/a")
        if rates is not None:
            paid = (f"{rates[:, 1].mean() * 1e4:.2f}", f"{rates[:, 1].std() * 1e4:.2f}")
        volumes = real.volume[:, place] * real.close[:, place]
        table.add_row(
            listed.symbol,
            f"{betas(real.returns)[place]:.2f}",
            f"{own[:, place].std() * 1e4:.2f}",
            f"{np.median(volumes):.3g}",
            f"{np.median(real.ranges[:, place]) * 1e4:.1f}",
            *paid,
        )
    return table


if __name__ == "__main__":
    main()
