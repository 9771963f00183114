"""The venue edge at work at a small Bybit: unmodified ccxt over TLS, and a bus to speak to."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from quantum_os.events.base import Event
from quantum_os.events.execution import LeverageRequested, OrderRequested
from quantum_os.events.units import Mode
from quantum_os.exchange.endpoint import Realm
from quantum_os.exchange.keys import Keys
from quantum_os.execution.venues.bybit.dialect import BybitDialect
from quantum_os.execution.venues.ccxt.venue import ExchangeVenue, Patience, VenueConfig
from tests.exchange.wire import wire
from tests.execution.venues.binance import scene as at_binance
from tests.execution.venues.binance.scene import BTC, IMPATIENT, Scene, cancel, query
from tests.execution.venues.bybit.small_bybit import KEY, SECRET, SmallBybit

__all__ = ["BTC", "KEYS", "BybitScene", "cancel", "close", "entry", "leverage", "query", "stop"]

KEYS = Keys("bybit", Realm.EMULATOR, KEY, SECRET)


class BybitScene(Scene):
    """Instructions go in by `asks`; what the edge says is kept in `said`."""

    exchange: SmallBybit  # type: ignore[assignment]


@asynccontextmanager
async def trading(
    folder: Path,
    exchange: SmallBybit | None = None,
    patience: Patience = IMPATIENT,
    recalled: Sequence[Event] = (),
) -> AsyncIterator[BybitScene]:
    """Opens the account and trades on it; what ended the edge early is raised at the end.

    `recalled` is what the journal holds of an earlier life.
    """
    served_by = exchange or SmallBybit()
    async with wire(folder, served_by) as served:
        config = VenueConfig(served.endpoint, Mode.TESTNET, (BTC,), patience=patience)
        venue = ExchangeVenue(BybitDialect(), config, KEYS)
        scene = BybitScene(served_by, venue, recalled)  # type: ignore[arg-type]
        ears = asyncio.create_task(scene.hear())
        work = asyncio.create_task(venue.run(scene.context))
        opened = asyncio.create_task(venue.ready.wait())
        try:
            await asyncio.wait({work, opened}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            await scene.until(lambda: served_by.sockets)
            yield scene
            if work.done():
                work.result()
        finally:
            for task in (work, ears, opened):
                task.cancel()
            await asyncio.gather(work, ears, opened, return_exceptions=True)


def entry(name: str = "i1", qty: str = "1", seconds: float = 30.0) -> OrderRequested:
    return _here(at_binance.entry(name, qty, seconds))


def stop(trigger: str = "90", qty: str = "1", *, generation: int = 0) -> OrderRequested:
    return _here(at_binance.stop(trigger, qty, generation=generation))


def target(price: str = "110", qty: str = "1") -> OrderRequested:
    return _here(at_binance.target(price, qty))


def close(qty: str = "1") -> OrderRequested:
    return _here(at_binance.close(qty))


def leverage(wanted: int) -> LeverageRequested:
    return replace(at_binance.leverage(wanted), venue="bybit")


def _here(order: OrderRequested) -> OrderRequested:
    return replace(order, venue="bybit")
