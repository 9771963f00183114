"""Drives that a known-bad build goes through as well: it must not come out of them unnoticed."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

from quantum_os.events.execution import Fill, OrderState
from tests.emulator.emulated import KEY
from tests.emulator.faults.ground import ORDER, QTY, Ground, Making, fund_at, venue_at
from tests.execution.desk import leave
from tests.execution.venues.binance.scene import BTC, cancel, leverage

Rule = dict[str, Any]

SILENCE_S = 1.5
SOON_S = 20.0
"""What a drive waits for at most where a bad build would let it wait for ever."""


async def strike_entry(ground: Ground, rule: Rule) -> None:
    """Lets the stream say nothing any more, and the next entry meet a rule."""
    await ground.silent_stream()
    await ground.emu.fault({"method": "POST", "path": ORDER, "leg": "entry", **rule})


async def strike_exit(ground: Ground, **rule: Any) -> None:
    """Sends an exit that is answered by the rule, and returns when the answer has been made."""
    requests = ground.asked_for(ground.close())
    await ground.emu.fault(
        {"method": "POST", "path": ORDER, "leg": "close", "seconds": SILENCE_S, **rule}
    )
    ground.asks(ground.close())
    await ground.until(lambda: ground.asked_for(ground.close()) > requests)
    await ground.until(lambda: not ground.venue.backlog().waiting or ground.venue.line.ban.heard)


async def taken_unheard(folder: Path, rule: Rule, making: Making) -> None:
    """R1 and its like: an entry is carried out and nobody is told."""
    async with asyncio.timeout(SOON_S), venue_at(folder, making) as ground:
        await strike_entry(ground, rule)
        order = ground.entry()
        ground.asks(order)
        ends = {OrderState.FILLED, OrderState.REJECTED}
        await ground.until(
            lambda: ends & set(ground.states(order.client_id)) or ground.held > Decimal(QTY)
        )
        assert ground.held == Decimal(QTY)
        assert OrderState.UNKNOWN in ground.states(order.client_id)
        assert ground.states(order.client_id)[-1] is OrderState.FILLED
        assert (ground.asked_for(order), ground.taken(order)) == (1, 1)
        await ground.until(lambda: ground.filled(order.client_id) == Decimal(QTY))


async def shut_out(folder: Path, kind: str, making: Making) -> None:
    """R11 and R12: not one request leaves before the time; then the exit does."""
    async with asyncio.timeout(SOON_S), venue_at(folder, making) as ground:
        await ground.holds()
        await strike_exit(ground, kind=kind)
        requests = ground.requests
        late = ground.entry("late", seconds=0.5)
        ground.asks(ground.stop(), late, leverage(3))
        ground.venue.sweeper.wanted.set()
        await ground.until(lambda: ground.states(late.client_id))
        assert ground.states(late.client_id)[-1] in (OrderState.EXPIRED, OrderState.REJECTED)
        assert ground.requests == requests
        await ground.until(lambda: ground.filled(ground.close().client_id) == Decimal(QTY))
        assert (ground.knocks, ground.asked_for(late)) == (0, 0)
        assert ground.asked_for(ground.close()) == 2
        await ground.until(lambda: ground.venue.halts.why(BTC) is None)


async def both_books(folder: Path, making: Making) -> None:
    """A stop is in a book of its own: it is listed with the rest, and taken back there."""
    async with asyncio.timeout(SOON_S), venue_at(folder, making) as ground:
        await ground.holds()
        stop, target = ground.stop(), ground.target()
        ground.asks(stop, target)
        await ground.until(
            lambda: ground.states(stop.client_id) and ground.states(target.client_id)
        )
        listed = {order.client_id for order in (await ground.listed()).orders}
        assert listed == {stop.client_id, target.client_id}
        ground.asks(cancel(stop))
        wrong = f"DELETE {ORDER}"
        await ground.until(
            lambda: ground.states(stop.client_id)[-1] is OrderState.CANCELED or ground.count(wrong)
        )
        assert ground.count(wrong) == 0
        assert (ground.stops, len(ground.account.open_orders(BTC))) == ([], 1)


async def poisoned(folder: Path, shape: str, making: Making) -> None:
    """W6: a frame that nobody can read, and the next one is heard all the same."""
    async with asyncio.timeout(SOON_S), venue_at(folder, making) as ground:
        openings = await known_open(ground)
        await ground.fault("poison", section="private", text=shape)
        await ground.fault("trade", symbol="BTCUSDT", side="BUY", qty="0.002")
        quarantine = ground.venue.line.quarantine
        await ground.until(lambda: quarantine.count or ground.says(Fill))
        assert quarantine.count
        await renewed(ground, openings)


async def said_thrice(folder: Path, event: str, making: Making) -> None:
    """E3: each event of a whole trade comes three times."""
    async with asyncio.timeout(SOON_S), fund_at(folder, making) as ground:
        await ground.fault("duplicate", event=event, size=3, count=None)
        wish = await ground.protected()
        assert len(ground.says(Fill)) == len(ground.account.trades) == 1
        ground.fund.hears(leave(wish, QTY))
        await ground.until(lambda: not ground.held)
        await ground.agreed()
        assert len(ground.says(Fill)) == len(ground.account.trades) == 2


async def known_open(ground: Ground) -> int:
    """Returns once the stream is known to be connected; gives how often it was opened.

    The exchange stamps by its last tick: that one is waited for, too.
    """
    ear, market = ground.venue.ear, ground.emu.exchange.market
    await ground.until(lambda: 0 < ear.opened_at < market.now)
    return ear.openings


async def speaks(ground: Ground) -> None:
    """Returns once a trade of somebody else was heard by the stream itself."""
    await ground.until(lambda: any(s.api_key == KEY for s in ground.emu.server.hub.sockets))
    frames, fills = ground.venue.ear.frames, len(ground.says(Fill))
    await ground.fault("trade", symbol="BTCUSDT", side="BUY", qty="0.003")
    await ground.until(lambda: ground.venue.ear.frames > frames and len(ground.says(Fill)) > fills)


async def renewed(ground: Ground, openings: int) -> None:
    """Returns once the stream was opened again and speaks."""
    ear = ground.venue.ear
    await ground.until(lambda: ear.openings > openings and ear.opened_at)
    await speaks(ground)
