"""EDGE. When an instruction's bytes may leave for the remote venue, and what is said of it."""

import asyncio
from typing import ClassVar

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    LeverageConfirmed,
    LeverageRequested,
    OrderCancelRequested,
    OrderRequested,
    OrderState,
    OrderSubmitted,
    OrderUpdated,
    VenueSnapshot,
)
from quantum_os.events.system import AlertRaised, TimerFired
from quantum_os.execution.venues.remote_sim.client import OWN_WORD, VENUE, Client
from quantum_os.execution.venues.remote_sim.outbox import Errand, Outbox, word
from quantum_os.execution.venues.remote_sim.wire import Kind
from quantum_os.execution.venues.sim.venue import RECONCILE_TIMER
from quantum_os.kernel.edge import Edge, EdgeContext
from quantum_os.kernel.journal import Journal
from quantum_os.kernel.reactor import Handler

BARRIER_SLICE_S = 0.125
"""Wall seconds that an exit waits for its barrier, and that an entry before it may hold it up."""

ENTRY_SLICES_MAX = 16
"""Slices that an entry waits for its barrier: 2 s, then it is not sent at all."""


class RemoteVenue(Edge):
    """Sends what execution asks for, in order; the server's facts come back as inputs.

    An order's bytes leave when the journal holds the order. An exit leaves after 250 ms at the
    latest all the same; an entry does not, nor after its deadline. An order whose bytes may have
    left is asked for by its client id after a cut, and never sent again.
    """

    name = VENUE
    consumes = (LeverageRequested, OrderRequested, OrderCancelRequested, TimerFired)
    produces: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            LeverageConfirmed,
            OrderSubmitted,
            OrderUpdated,
            Fill,
            FundingPaid,
            VenueSnapshot,
            AlertRaised,
        }
    )

    def __init__(self, client: Client) -> None:
        self._client = client

    def handlers(self) -> dict[type[Event], Handler]:
        return {
            LeverageRequested: self._instruct,
            OrderRequested: self._instruct,
            OrderCancelRequested: self._instruct,
            TimerFired: self._ask,
        }

    async def run(self, context: EdgeContext) -> None:
        while True:
            errand = await self._client.outbox.next()
            if errand.frame.kind is Kind.ACK:
                await self._client.acknowledge(errand)
            elif errand.order is None:
                await self._carry(errand)
            else:
                await self._place(errand, errand.order, context)

    async def stop(self) -> None:
        self._client.close()

    def _instruct(self, event: LeverageRequested | OrderRequested | OrderCancelRequested) -> None:
        self._client.outbox.instruct(event, self.seq)

    def _ask(self, event: TimerFired) -> None:
        if event.key == RECONCILE_TIMER:
            self._client.outbox.ask_listing()

    async def _place(self, errand: Errand, order: OrderRequested, context: EdgeContext) -> None:
        """Sends an order once it is durable and the venue listens; or says why it was not sent."""
        outbox = self._client.outbox
        if not await is_durable(context.journal, errand, outbox) and not order.reduce_only:
            reason = "not sent: the journal does not hold it"
            await self._say(context, word(order, OrderState.REJECTED, self.now, "-1", reason))
            return
        await self._client.connected()
        if not order.reduce_only and order.expires is not None and self.now >= order.expires:
            reason = "not sent: its deadline has passed"
            await self._say(context, word(order, OrderState.EXPIRED, self.now, "-1", reason))
            return
        if await self._carry(errand):
            submitted = OrderSubmitted(order.venue, order.mode, order.client_id, order.symbol)
            await self._say(context, submitted)

    async def _carry(self, errand: Errand) -> bool:
        """Sends an errand; False when it is not certain that its bytes left."""
        await self._client.connected()
        if errand.event is not None:
            self._client.outbox.leaves(errand.event)
        try:
            await self._client.send(errand.frame)
        except OSError:
            return False
        return True

    async def _say(self, context: EdgeContext, event: Event) -> None:
        await context.lanes.offer_control(self.now, event, OWN_WORD)


async def is_durable(journal: Journal, errand: Errand, outbox: Outbox) -> bool:
    """Waits for the journal as long as this errand, and an exit behind it, can wait."""
    order = errand.order
    is_exit = order is not None and order.reduce_only
    barrier = asyncio.ensure_future(journal.barrier(errand.seq))
    try:
        for _ in range(1 if is_exit else ENTRY_SLICES_MAX):
            await asyncio.wait({barrier}, timeout=BARRIER_SLICE_S)
            if barrier.done():
                return barrier.exception() is None
            if outbox.has_exit:
                return False
    finally:
        barrier.cancel()
    return False
