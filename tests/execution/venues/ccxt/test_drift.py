"""A clock that does not agree, or that could not be measured, is measured again soon."""

import asyncio

from quantum_os.events.execution import HaltState
from quantum_os.events.units import NS_PER_MS, NS_PER_S
from quantum_os.exchange.endpoint import Realm
from quantum_os.exchange.line import Line
from quantum_os.exchange.venue_clock import VenueClock
from quantum_os.execution.venues.binance.dialect import BinanceDialect
from quantum_os.execution.venues.ccxt.attempts import Attempts
from quantum_os.execution.venues.ccxt.drift import Drift
from quantum_os.execution.venues.ccxt.halts import Halts
from quantum_os.execution.venues.ccxt.teller import Teller

NEVER_S = 1_000.0
NOW_MS = 1_800_000_000_000


class Watch:
    """A venue whose clock is each of `offsets` ahead in turn, ms; None does not answer."""

    id = "binance"

    def __init__(self, *offsets: int | None) -> None:
        clock = VenueClock(lambda: NOW_MS * NS_PER_MS, lambda: NS_PER_S)
        self.line = Line(clock)
        self._offsets = list(offsets)
        self.is_over = asyncio.Event()

    async def fetch_time(self) -> int:
        if not self._offsets:
            self.is_over.set()
            await asyncio.sleep(NEVER_S)
        self.line.clock.forget()
        offset = self._offsets.pop(0)
        if offset is None:
            raise ConnectionError("no answer")
        return NOW_MS + offset


async def told(*offsets: int | None) -> list[bool]:
    """Whether entries were held back, each time that this was told; a period is never over."""
    watch, teller = Watch(*offsets), Teller("t", lambda: 1)
    attempts = Attempts(BinanceDialect(Realm.EMULATOR), watch.line)
    drift = Drift(attempts, Halts(teller), period_s=NEVER_S, again_s=0.0)
    drift.wanted.set()
    running = asyncio.create_task(drift.run(watch))
    await asyncio.wait({asyncio.create_task(watch.is_over.wait())}, timeout=1.0)
    running.cancel()
    return [each.is_closed for each in teller.waiting if isinstance(each, HaltState)]


async def test_clocks_that_agree_again_are_found_to_do_so_before_a_period_is_over() -> None:
    assert await told(2_561, 2_551, 100) == [True, False]


async def test_a_measurement_that_failed_is_made_again_before_a_period_is_over() -> None:
    assert await told(2_561, None, 100) == [True, False]
    assert await told(None, 2_561) == [True]
