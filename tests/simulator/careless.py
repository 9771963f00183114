"""Parts of the edges that are careless on purpose, each in the way a real one once was."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    Leg,
    OrderRequested,
    OrderState,
    OrderSubmitted,
    OrderUpdated,
)
from quantum_os.events.units import Qty
from quantum_os.execution.venues.ccxt.carrier import Carrier
from quantum_os.execution.venues.ccxt.facts import OrderSeen
from quantum_os.execution.venues.ccxt.register import Known
from quantum_os.execution.venues.ccxt.venue import ExchangeVenue
from quantum_os.execution.venues.ccxt.verdicts import Ruling, Verdict
from quantum_os.kernel.edge import EdgeContext
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.lanes import Lanes
from quantum_os.kernel.reactor import Module
from quantum_os.market.feeds.live.feed import LiveFeed
from quantum_os.market.feeds.live.heard import Bar
from quantum_os.simulator.disk import Disk, SimulatedJournalFile
from quantum_os.simulator.mortality import Tether
from quantum_os.storage.journal_file import JournalFile


class Resending(Carrier):
    """Sends an order again when nobody has answered."""

    def _concluded(
        self,
        client: Any,
        known: Known,
        order: OrderRequested,
        ruling: Ruling,
        seen: OrderSeen | None,
        sent_at: int,
    ) -> None:
        if ruling.verdict is Verdict.UNKNOWN:
            self._follow.spawn(self._again(client, order))
        super()._concluded(client, known, order, ruling, seen, sent_at)

    async def _again(self, client: Any, order: OrderRequested) -> None:
        await self._attempts.make(self._dialect.place(client, order))


class Unrecorded(Carrier):
    """Does not wait until the journal holds an entry."""

    async def _recorded(self, order: OrderRequested, seq: int, context: EdgeContext) -> bool:
        return True


class Undated(Carrier):
    """Tries an entry again however old it has become."""

    async def _may_leave(self, order: OrderRequested, context: EdgeContext, began: int) -> bool:
        return True


class Enlarging(Carrier):
    """Sends a close that may do more than reduce, and is larger than what is held."""

    async def place(
        self, client: Any, order: OrderRequested, seq: int, context: EdgeContext
    ) -> None:
        if order.leg is Leg.CLOSE:
            order = replace(order, reduce_only=False, qty=Qty(order.qty * 2))
        await super().place(client, order, seq, context)


def carried_by(kind: type[Carrier]) -> Callable[[tuple[Module, ...]], tuple[Module, ...]]:
    """Gives the venue another carrier."""

    def variant(modules: tuple[Module, ...]) -> tuple[Module, ...]:
        venue = _venue(modules)
        venue.carrier = kind(
            venue.dialect,
            venue.attempts,
            venue.register,
            venue.teller,
            venue.halts,
            venue.follow,
            venue.carrier.inquiry,
        )
        return modules

    return variant


def loud(modules: tuple[Module, ...]) -> tuple[Module, ...]:
    """Asks on while the exchange wants silence."""
    ban = _venue(modules).line.ban
    ban.silence = lambda seconds, status: None  # type: ignore[method-assign]
    return modules


def forgetful(modules: tuple[Module, ...]) -> tuple[Module, ...]:
    """Never looks at the trades that a listing shows: what the stream has lost stays lost."""
    sweeper = _venue(modules).sweeper

    async def nothing(client: Any, symbol: str) -> bool:
        return True

    sweeper._trades_of = nothing  # type: ignore[method-assign]
    return modules


class Hasty(LiveFeed):
    """Takes a bar as it stands for one that has closed."""

    async def _tell_dated(self, context: EdgeContext, now: int) -> None:
        for venue in self.venues:
            if venue.bars is not None and "take" not in vars(venue.bars):
                venue.bars.take = _as_if_closed(venue.bars.take)  # type: ignore[method-assign,assignment]
        await super()._tell_dated(context, now)


class Unasking(LiveFeed):
    """Never asks what was paid when funding has fallen due."""

    async def _tell_dated(self, context: EdgeContext, now: int) -> None:
        for venue in self.venues:
            if venue._funding is not None:
                venue._funding.due = lambda now: ()  # type: ignore[method-assign]
        await super()._tell_dated(context, now)


def _as_if_closed(take: Callable[[Bar], None]) -> Callable[[Bar], None]:
    return lambda bar: take(replace(bar, closed=True))


def heard_by(kind: type[LiveFeed]) -> Callable[[tuple[Module, ...]], tuple[Module, ...]]:
    """Gives the fund another feed."""

    def variant(modules: tuple[Module, ...]) -> tuple[Module, ...]:
        return tuple(
            kind(each._config, each._wall, each._lines, each._opens)
            if isinstance(each, LiveFeed)
            else each
            for each in modules
        )

    return variant


class Tailless(SimulatedJournalFile):
    """Gives nothing of what was written since the snapshot."""

    def read(self, start: int = 1) -> Any:
        return iter(()) if start > 1 else super().read(start)


class TaillessDisk(Disk):
    """A disk whose journal is opened so."""

    def __init__(self, like: Disk, rows: Sequence[Envelope]) -> None:
        super().__init__(like.faults, like.snapshots[rows[-1].seq], rows)

    def journal(self, tether: Tether) -> JournalFile:
        return Tailless(self, tether)


class Merging(Lanes):
    """Takes the newest word on an order in the place of one that waits, as ticks are taken."""

    async def offer_control(self, ts: int, event: Event, source: str) -> None:
        for waiting in self._control:
            if _subject(waiting.event) == _subject(event) != "":
                waiting.event = event
                return
        await super().offer_control(ts, event, source)


def _subject(event: Event | None) -> str:
    return event.client_id if isinstance(event, OrderSubmitted | OrderUpdated | Fill) else ""


def talkative(modules: tuple[Module, ...]) -> tuple[Module, ...]:
    """Gives the request, as it was signed, as the reason why it was refused."""
    venue = _venue(modules)
    say = venue.carrier._say

    def says(order: OrderRequested, state: OrderState, code: str, reason: str) -> None:
        key, _ = venue._keys.revealed()
        say(order, state, code, f"{reason}: POST order, X-MBX-APIKEY: {key}")

    venue.carrier._say = says  # type: ignore[method-assign]
    return modules


def sulking(modules: tuple[Module, ...]) -> tuple[Module, ...]:
    """Holds back entries for ever: what has once closed is never opened."""
    _venue(modules).halts.open = lambda cause, symbol="": None  # type: ignore[method-assign]
    return modules


def _venue(modules: tuple[Module, ...]) -> ExchangeVenue:
    return next(module for module in modules if isinstance(module, ExchangeVenue))
