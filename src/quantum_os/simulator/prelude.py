"""What happened before the first life: a calm day, played once, from which every seed goes on."""

import math
from functools import lru_cache

import msgspec

from quantum_os.events.market import FeedWatermark, InstrumentUpdated, MarketKlines
from quantum_os.events.units import NS_PER_MS, Ns
from quantum_os.execution.venues.ccxt.venue import VENUE as VENUE_EDGE
from quantum_os.kernel.bus import KERNEL, Bus
from quantum_os.kernel.drive import Driver
from quantum_os.kernel.edge import Edge
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.snapshots import take, to_bytes
from quantum_os.kernel.timers import Timers
from quantum_os.lineup import Plan, line_up
from quantum_os.market.feeds.live.feed import LiveFeed
from quantum_os.simulator.draws import Draws
from quantum_os.simulator.eager import Eager
from quantum_os.simulator.prices import MOVE, USD_PER_TICK, last_funding
from quantum_os.simulator.stage import (
    BAR,
    BAR_NS,
    BUILD,
    OPENS_NS,
    PRICES,
    SYMBOLS,
    VENUE,
    WARM_BARS,
    instruments,
    staged,
)

FEED = LiveFeed.name
TRADES_PER_BAR = 15
CLOSE_LAG_NS = 300 * NS_PER_MS


class Prelude(msgspec.Struct, frozen=True):
    """Where every seed begins: the plan, a snapshot, the journal's last rows, the last prices."""

    plan: Plan
    snapshot: bytes
    rows: tuple[Envelope, ...]
    last: tuple[float, ...]


class SilentFeed(Edge):
    """Stands where the feed will be, so that it can be told what came before."""

    name = FEED


class SilentVenue(Edge):
    """Stands where the venue will be: nothing is traded before the world begins."""

    name = VENUE_EDGE


@lru_cache(maxsize=1)
def prelude() -> Prelude:
    """Plays the day before, in which nothing is wrong and nothing is traded."""
    plan = staged()
    modules = line_up(plan, SilentFeed(), SilentVenue(), (Eager(),))
    journal = MemoryJournal()
    bus = Bus(modules, journal)
    timers = next(module for module in modules if isinstance(module, Timers))
    driver = Driver(bus, timers)
    begins = OPENS_NS - WARM_BARS * BAR_NS
    first = plan.first_event(BUILD, begins, world_went_on=True)
    driver.offer(begins, first, KERNEL)
    driver.offer(begins, InstrumentUpdated(VENUE, instruments(), VENUE), FEED)
    draws, last, seq = Draws(0, "prelude"), list(PRICES), 0
    paid = [last_funding(symbol) for symbol in SYMBOLS]
    for number in range(WARM_BARS):
        opened = begins + number * BAR_NS
        while paid and paid[0].venue_ts <= opened:
            driver.offer(opened, paid.pop(0), FEED)
        klines = _bar(opened, last, draws)
        seq = bus.seq + 1
        driver.offer(klines.close_time + CLOSE_LAG_NS, klines, FEED)
        watermark = FeedWatermark(VENUE, klines.close_time)
        driver.offer(klines.close_time + CLOSE_LAG_NS, watermark, FEED)
    snapshot = take(bus, modules, BUILD)
    return Prelude(plan, to_bytes(snapshot), tuple(journal.read(seq)), tuple(last))


def _bar(opened: int, last: list[float], draws: Draws) -> MarketKlines:
    """One bar of each symbol; `last` moves on to its closes."""
    rows = []
    for place, price in enumerate(last):
        path = [price]
        for _ in range(TRADES_PER_BAR):
            path.append(round(path[-1] * math.exp(MOVE * draws.normal()), 2))
        volume = round(USD_PER_TICK * TRADES_PER_BAR / price, 1)
        rows.append((price, max(path), min(path), path[-1], volume))
        last[place] = path[-1]
    opens, highs, lows, closes, volumes = zip(*rows, strict=True)
    close = Ns(opened + BAR_NS)
    return MarketKlines(VENUE, BAR, Ns(opened), close, SYMBOLS, opens, highs, lows, closes, volumes)
