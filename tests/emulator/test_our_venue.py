"""Our venue over unmodified ccxt and TLS against the emulator: a trade, and books that agree."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from quantum_os.events.execution import (
    Fill,
    LeverageConfirmed,
    OrderRequested,
    OrderState,
    VenueSnapshot,
)
from quantum_os.events.units import Leverage, Mode
from quantum_os.exchange.endpoint import Realm, emulator
from quantum_os.exchange.keys import Keys
from quantum_os.exchange.line import Line
from quantum_os.exchange.venue_clock import VenueClock
from quantum_os.execution.venues.binance.dialect import BinanceDialect
from quantum_os.execution.venues.ccxt.venue import ExchangeVenue, VenueConfig
from tests.emulator.emulated import KEY, SECRET, Emulated, emulated
from tests.execution.venues.binance.scene import (
    BTC,
    Scene,
    cancel,
    close,
    entry,
    leverage,
    stop,
    target,
)


@asynccontextmanager
async def trading(folder: Path) -> AsyncIterator[tuple[Scene, Emulated]]:
    async with emulated(folder) as emu:
        endpoint = emulator(emu.server.port, emu.ca)
        line = Line(VenueClock(lambda: emu.exchange.market.now))
        keys = Keys("binance", Realm.EMULATOR, KEY, SECRET)
        config = VenueConfig(endpoint, Mode.TESTNET, (BTC,))
        venue = ExchangeVenue(BinanceDialect(Realm.EMULATOR), config, keys, line)
        scene = Scene(None, venue, ())
        tasks = [asyncio.create_task(scene.hear()), asyncio.create_task(venue.run(scene.context))]
        try:
            await asyncio.wait_for(venue.ready.wait(), 20)
            await scene.until(lambda: scene.says(VenueSnapshot))
            yield scene, emu
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def filled(scene: Scene, emu: Emulated, order: OrderRequested) -> None:
    scene.asks(order)
    await scene.until(lambda: scene.states(order.client_id))
    for _ in range(200):
        if scene.filled(order.client_id) == order.qty:
            return
        await emu.step(1)
        await asyncio.sleep(0.02)
    raise AssertionError(f"{order.client_id} was not filled: {scene.states(order.client_id)}")


async def test_a_whole_trade_and_the_books_agree_to_the_cent(tmp_path: Path) -> None:
    async with trading(tmp_path) as (scene, emu):
        wall = scene.venue.line.clock.ours
        first, guard = entry("i1", "0.01", now=wall()), stop("1000", "0.01")
        last = close("0.01")
        scene.asks(leverage(5))
        await scene.until(lambda: scene.says(LeverageConfirmed))
        assert scene.says(LeverageConfirmed)[0].leverage == Leverage(5)
        await filled(scene, emu, first)
        scene.asks(guard)
        await scene.until(lambda: scene.states(guard.client_id) == [OrderState.ACKED])
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: len(scene.says(VenueSnapshot)[-1].orders) == 1)
        listed = scene.says(VenueSnapshot)[-1]
        assert [(each.symbol, each.qty, each.leverage) for each in listed.positions] == [
            (BTC, Decimal("0.01"), 5)
        ]
        await filled(scene, emu, last)
        scene.asks(cancel(guard))
        await scene.until(
            lambda: scene.states(guard.client_id)[-1] in (OrderState.CANCELED, OrderState.EXPIRED)
        )
        seen = len(scene.says(VenueSnapshot))
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: len(scene.says(VenueSnapshot)) > seen)
        end = scene.says(VenueSnapshot)[-1]
        fills = scene.says(Fill)
        paid = sum((each.qty * each.price * each.side.sign for each in fills), Decimal(0))
        fees = sum((each.fee for each in fills), Decimal(0))
        assert end.positions == ()
        assert abs(end.wallet - (Decimal(10_000) - paid - fees)) < Decimal("0.01")


async def test_a_target_rests_and_is_taken_back(tmp_path: Path) -> None:
    async with trading(tmp_path) as (scene, emu):
        await filled(scene, emu, entry("i1", "0.01", now=scene.venue.line.clock.ours()))
        price = (scene.says(Fill)[0].price * Decimal("1.04")).quantize(Decimal("0.1"))
        goal = target(str(price), "0.01")
        scene.asks(goal)
        await scene.until(lambda: scene.states(goal.client_id) == [OrderState.ACKED])
        scene.asks(cancel(goal))
        await scene.until(lambda: scene.states(goal.client_id)[-1] is OrderState.CANCELED)


async def test_a_stop_that_the_mark_reaches_is_filled_under_our_name(tmp_path: Path) -> None:
    async with trading(tmp_path) as (scene, emu):
        await filled(scene, emu, entry("i1", "0.01", now=scene.venue.line.clock.ours()))
        price = (scene.says(Fill)[0].price * Decimal("0.9995")).quantize(Decimal("0.1"))
        guard = stop(str(price), "0.01")
        scene.asks(guard)
        await scene.until(lambda: scene.states(guard.client_id))
        for _ in range(400):
            if scene.filled(guard.client_id):
                break
            await emu.step(60)
            await asyncio.sleep(0.01)
        assert scene.filled(guard.client_id) == Decimal("0.01")
        await scene.until(lambda: scene.states(guard.client_id)[-1] is OrderState.FILLED)
