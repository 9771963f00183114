"""How a venue tells its day: the bars and opens of each step, as events with columns."""

from collections.abc import Iterator

import numpy as np

from quantum_os.events.market import ExchangeRaw, MarketKlines, MarketOpens, RawKind
from quantum_os.events.units import NS_PER_HOUR, Ns
from quantum_os.market.feeds.synthetic.calibration import LISTED
from quantum_os.market.feeds.synthetic.days import VenueDay
from quantum_os.market.feeds.synthetic.funding import Rates
from quantum_os.market.feeds.synthetic.grid import Grid
from quantum_os.market.feeds.synthetic.quotes import SECOND

Slot = tuple[MarketKlines | None, MarketOpens | None]
"""The bar that opens at a step and its opening prices; None where the venue has none."""


def slots(venue: str, timeframe: str, grid: Grid, day: VenueDay) -> Iterator[Slot]:
    """Gives the day's bars in order."""
    step = grid.step_ns
    rows = np.moveaxis(day.bars(), 0, 1).tolist()
    gaps = np.any(day.quotes.absent, axis=1)
    for place, columns in enumerate(rows):
        symbols = day.symbols
        opened, high, low, close, volume = map(tuple, columns)
        if gaps[place]:
            here = np.flatnonzero(~day.quotes.absent[place]).tolist()
            symbols = tuple(day.symbols[at] for at in here)
            opened, high, low, close, volume = (
                tuple(column[at] for at in here) for column in columns
            )
        if not symbols:
            yield None, None
            continue
        time = Ns(grid.start + place * step)
        yield (
            MarketKlines(
                *(venue, timeframe, time, Ns(time + step), symbols),
                *(opened, high, low, close, volume),
                synthetic=True,
            ),
            MarketOpens(venue, time, symbols, opened, synthetic=True),
        )


def funding_told(first: str, second: str, time: int, rates: Rates) -> Iterator[ExchangeRaw]:
    """Gives the funding rates of one stamp (ns), of both venues."""
    for place in np.flatnonzero(rates.due).tolist():
        yield _rate(first, place, time, float(rates.first[place]))
    for place in SECOND.tolist():
        if rates.due[place]:
            yield _rate(second, place, time, float(rates.second[place]))


def _rate(venue: str, place: int, time: int, rate: float) -> ExchangeRaw:
    listed = LISTED[place]
    return ExchangeRaw(
        venue=venue,
        symbol=listed.symbol,
        kind=RawKind.FUNDING,
        venue_ts=Ns(time),
        value=rate,
        interval_h=float(listed.funding_h),
        next_time=Ns(time + listed.funding_h * NS_PER_HOUR),
        synthetic=True,
    )
