"""Puts the days of a made-up market together as the bars that statistics are taken of."""

import numpy as np

from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.feeds.synthetic.calibration import LISTED
from tests.market.feeds.synthetic.market_statistics import Bars, statistics_of

BASES = tuple(listed.symbol.partition("/")[0] for listed in LISTED)
"""The coins of the made-up market, in its order."""

SEEDS = (1, 2, 3, 4, 5)
DAYS = 60


def made_bars(market: SyntheticMarket, *, second: bool = False) -> Bars:
    """Gives the bars of one of its venues, those that never came included."""
    days = list(market.made())
    columns = [(day.second if second else day.first).bars() for day in days]
    opens = np.concatenate([day.grid.opens() for day in days]) // 1_000_000
    return Bars(opens, *np.concatenate(columns, axis=1))


def made_statistics() -> dict[str, float]:
    """Gives the statistics of some made-up markets, the median of each: one has its own weather."""
    found = [
        statistics_of(made_bars(SyntheticMarket(seed=seed, days=DAYS, disturbed=False)))
        for seed in SEEDS
    ]
    return {name: float(np.median([each[name] for each in found])) for name in found[0]}
