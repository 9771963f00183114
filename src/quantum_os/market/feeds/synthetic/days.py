"""One day of the made-up market after another: each follows from the seed and the day before."""

from collections.abc import Iterator

import msgspec
import numpy as np

from quantum_os.events.units import NS_PER_HOUR
from quantum_os.kernel.chance import Generator, generator
from quantum_os.market.feeds.synthetic.calibration import (
    APPETITE_HALF_LIVES_MIN,
    LISTED,
    MOOD_HALF_LIVES_MIN,
)
from quantum_os.market.feeds.synthetic.crash import Crash
from quantum_os.market.feeds.synthetic.disturbances import (
    Disturbances,
    disturbances,
    quiet_day,
    with_crash,
)
from quantum_os.market.feeds.synthetic.funding import Premium, Rates, stamp
from quantum_os.market.feeds.synthetic.grid import Grid
from quantum_os.market.feeds.synthetic.liveliness import first_moods, strength
from quantum_os.market.feeds.synthetic.paths import Path, path
from quantum_os.market.feeds.synthetic.persistence import lingering
from quantum_os.market.feeds.synthetic.quotes import (
    LAG_MAX,
    PRICE_DIGITS,
    QTY_DIGITS,
    SECOND,
    Basis,
    Quotes,
    first_quotes,
    second_quotes,
)
from quantum_os.market.feeds.synthetic.volumes import (
    first_appetites,
    in_steps,
    volumes_usd,
)
from quantum_os.market.feeds.synthetic.weather import Weather, first_weather, sky

STAMP_EVERY_H = 4
"""Hours between the stamps of the symbols that pay most often."""

_SECOND_SHARE = np.array([listed.second or 0.0 for listed in LISTED])
_CRASH_POWERS = np.array([1.0, *(0.5 for _ in LISTED)])
# A crash is a common thing: what a symbol does alone gets livelier by the root only.


class VenueDay(msgspec.Struct, frozen=True):
    """What one venue made of a day; `volume` in quantity steps [steps, symbols]."""

    symbols: tuple[str, ...]
    price_digits: np.ndarray
    qty_digits: np.ndarray
    quotes: Quotes
    volume: np.ndarray

    def bars(self) -> np.ndarray:
        """Gives open, high, low, close in USDT and volume in base units [5, steps, symbols]."""
        prices = self.quotes.bars() / 10.0**self.price_digits
        return np.concatenate([prices, self.volume[None] / 10.0**self.qty_digits])


class Day(msgspec.Struct, frozen=True):
    """One day of both venues; `stamps` are the funding rates by time (ns)."""

    grid: Grid
    first: VenueDay
    second: VenueDay
    stamps: dict[int, Rates]


class Yesterday(msgspec.Struct, frozen=True):
    """All that a day takes over from the one before."""

    weather: Weather
    moods: np.ndarray
    appetites: np.ndarray
    path: Path
    premium: Premium
    basis: Basis
    last: np.ndarray


def days_of(
    seed: int, grids: Iterator[Grid], crash: Crash | None, *, disturbed: bool
) -> Iterator[Day]:
    """Makes the days of a market, one when it is asked for; nothing is made ahead."""
    before = _eve(generator(seed, "synthetic", "eve"))
    for number, grid in enumerate(grids):
        faults = quiet_day(grid)
        if disturbed:
            faults = disturbances(generator(seed, "synthetic", "faults", str(number)), grid)
        if crash is not None:
            faults = with_crash(faults, crash, grid)
        chance = generator(seed, "synthetic", "day", str(number))
        day, before = _next_day(chance, grid, before, crash, faults)
        yield day


def _eve(chance: Generator) -> Yesterday:
    """What the first day follows."""
    count, second = len(LISTED), len(SECOND)
    logs = np.log([listed.price for listed in LISTED])
    return Yesterday(
        weather=first_weather(chance),
        moods=first_moods(chance),
        appetites=first_appetites(chance),
        path=Path(np.empty(0), logs, np.zeros(1 + count)),
        premium=Premium(chance.standard_normal(count), logs),
        basis=Basis(
            slow=chance.standard_normal(second),
            fast=np.zeros(second),
            trail=np.tile(logs[SECOND], (LAG_MAX, 1)),
            last=np.zeros(second),
        ),
        last=np.zeros(count),
    )


def _next_day(
    chance: Generator, grid: Grid, before: Yesterday, crash: Crash | None, faults: Disturbances
) -> tuple[Day, Yesterday]:
    above = sky(chance, before.weather, grid.steps)
    mood = lingering(chance, before.moods, grid, MOOD_HALF_LIVES_MIN)
    lively = strength(chance, mood, grid) * above.scale[:, None]
    if crash is not None:
        lively = lively * crash.lively(grid.opens())[:, None] ** _CRASH_POWERS
    walked = path(chance, grid, lively, above.drift, before.path)
    prices = walked.points if crash is None else walked.points + crash.fall(grid.points())
    hunger = lingering(chance, before.appetites, grid, APPETITE_HALF_LIVES_MIN)
    quotes = first_quotes(chance, prices, before.last, faults)
    second, basis = second_quotes(chance, grid, prices, faults, before.basis)
    usd = volumes_usd(chance, grid, prices.max(axis=1) - prices.min(axis=1), hunger)
    if crash is not None:
        usd *= crash.busy(grid.opens())[:, None]
    stamps, premium = _stamps(chance, grid, prices, before.premium, crash)
    every = np.arange(len(LISTED))
    day = Day(grid, _told(every, quotes, usd), _told(SECOND, second, usd * _SECOND_SHARE), stamps)
    return day, Yesterday(
        weather=above.last,
        moods=mood[:, -1],
        appetites=hunger[:, -1],
        path=walked,
        premium=premium,
        basis=basis,
        last=quotes.ticks[-1, -1],
    )


def _told(places: np.ndarray, quotes: Quotes, usd: np.ndarray) -> VenueDay:
    """Puts a venue's prices and volumes together; a bar that stands still traded nothing."""
    price_digits, qty_digits = PRICE_DIGITS[places], QTY_DIGITS[places]
    closes = quotes.ticks[:, -1] / 10.0**price_digits
    traded = in_steps(usd[:, places], closes, qty_digits)
    return VenueDay(
        symbols=tuple(LISTED[place].symbol for place in places.tolist()),
        price_digits=price_digits,
        qty_digits=qty_digits,
        quotes=quotes,
        volume=np.where(quotes.still, 0.0, traded),
    )


def _stamps(
    chance: Generator, grid: Grid, prices: np.ndarray, premium: Premium, crash: Crash | None
) -> tuple[dict[int, Rates], Premium]:
    """Gives the funding rates of a day by time; a stamp sees the price at its own hour."""
    found: dict[int, Rates] = {}
    for hour in range(0, 24, STAMP_EVERY_H):
        time = grid.start + hour * NS_PER_HOUR
        logs = prices[hour * grid.steps // 24, 0]
        found[time], premium = stamp(chance, time, logs, premium, crash)
    return found, premium
