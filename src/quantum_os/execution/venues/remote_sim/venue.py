"""EDGE. When an instruction's bytes may leave for the remote venue, and what is said of it."""

from typing import ClassVar

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    Leg,
    LeverageConfirmed,
    LeverageRequested,
    OrderCancelRequested,
    OrderQueryRequested,
    OrderRequested,
    OrderState,
    OrderSubmitted,
    OrderUpdated,
    VenueSnapshot,
)
from quantum_os.events.system import AlertRaised, Severity, TimerFired
from quantum_os.events.units import Ns
from quantum_os.execution.venues.remote_sim.client import OWN_WORD, VENUE, Client
from quantum_os.execution.venues.remote_sim.outbox import Errand, word
from quantum_os.execution.venues.remote_sim.wire import Kind
from quantum_os.execution.venues.sim.venue import RECONCILE_TIMER
from quantum_os.kernel.edge import Edge, EdgeContext
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.reactor import Handler
from quantum_os.kernel.write_ahead import EXIT_WAIT_S, holds, holds_entry

ERRAND_OF_LEG = {
    Leg.ENTRY: "entry",
    Leg.STOP: "stop",
    Leg.TP1: "target",
    Leg.TP2: "target",
    Leg.TP3: "target",
    Leg.CLOSE: "close",
}
"""What an order is called at a kill point."""


class RemoteVenue(Edge):
    """Sends what execution asks for, in order; the server's facts come back as inputs.

    An entry's bytes leave when the journal holds the order, and not after its deadline. An exit
    waits 250 ms at the most, then the emergency spool holds it. An order whose bytes may have left
    is asked for by its client id after a cut or a restart, and never sent again.
    """

    name = VENUE
    consumes = (
        LeverageRequested,
        OrderRequested,
        OrderCancelRequested,
        OrderQueryRequested,
        TimerFired,
    )
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
            OrderQueryRequested: self._query,
            TimerFired: self._ask,
        }

    async def run(self, context: EdgeContext) -> None:
        while True:
            errand = await self._client.outbox.next()
            if errand.frame.kind is Kind.ACK:
                await self._client.acknowledge(errand)
            elif errand.order is None:
                await self._carry(errand, context)
            else:
                await self._place(errand, errand.order, context)

    async def stop(self) -> None:
        self._client.close()

    def _instruct(self, event: LeverageRequested | OrderRequested | OrderCancelRequested) -> None:
        self._client.outbox.instruct(event, self.seq)

    def _query(self, event: OrderQueryRequested) -> None:
        self._client.outbox.query(event.client_id, event.symbol)

    def _ask(self, event: TimerFired) -> None:
        if event.key == RECONCILE_TIMER:
            self._client.outbox.ask_listing()

    async def _place(self, errand: Errand, order: OrderRequested, context: EdgeContext) -> None:
        """Sends an order once it is recorded and the venue listens; or says why it was not sent."""
        what = ERRAND_OF_LEG[order.leg]
        kill_point("venue.before_record", what)
        if order.reduce_only:
            await self._record_exit(errand, order, context)
        elif not await holds_entry(context.journal, errand.seq, self._exit_waits):
            reason = "not sent: the journal does not hold it"
            await self._say(context, word(order, OrderState.REJECTED, self.now, "-1", reason))
            return
        kill_point("venue.after_record", what)
        await self._listened(what)
        if not order.reduce_only and order.expires is not None and self.now >= order.expires:
            reason = "not sent: its deadline has passed"
            await self._say(context, word(order, OrderState.EXPIRED, self.now, "-1", reason))
            return
        if await self._carry(errand, context):
            kill_point("venue.before_submitted", what)
            submitted = OrderSubmitted(order.venue, order.mode, order.client_id, order.symbol)
            await self._say(context, submitted)
            kill_point("venue.after_submitted", what)

    async def _record_exit(
        self, errand: Errand, order: OrderRequested, context: EdgeContext
    ) -> None:
        """Waits for the journal a little, then spools; an exit that cannot even be is sent too."""
        if await holds(context.journal, errand.seq, EXIT_WAIT_S):
            return
        try:
            await context.spool.keep(errand.seq, self.now, order)
        except OSError as error:
            await self._say(context, _unrecorded(order, self.now, error))

    def _exit_waits(self) -> bool:
        return self._client.outbox.has_exit

    async def _listened(self, what: str) -> None:
        kill_point("venue.before_connected", what)
        await self._client.connected()
        kill_point("venue.after_connected", what)

    async def _carry(self, errand: Errand, context: EdgeContext) -> bool:
        """Sends an errand; False when it is not certain that its bytes left. Raises Deposed."""
        what, order = _what(errand), errand.order
        if order is None:
            await self._listened(what)
        if not await context.fence.may_send(reduces=order is None or order.reduce_only):
            assert order is not None
            reason = "not sent: it is not certain that no other instance trades"
            await self._say(context, word(order, OrderState.REJECTED, self.now, "-1", reason))
            return False
        if errand.event is not None:
            self._client.outbox.leaves(errand.event)
        kill_point("venue.before_write", what)
        try:
            await self._client.send(errand.frame, what)
        except OSError:
            return False
        kill_point("venue.after_drain", what)
        return True

    async def _say(self, context: EdgeContext, event: Event) -> None:
        await context.lanes.offer_control(self.now, event, OWN_WORD)


def _what(errand: Errand) -> str:
    """What an errand is called at a kill point."""
    if errand.order is not None:
        return ERRAND_OF_LEG[errand.order.leg]
    if isinstance(errand.event, OrderCancelRequested):
        return "cancel"
    if isinstance(errand.event, LeverageRequested):
        return "leverage"
    return str(errand.frame.kind)


def _unrecorded(order: OrderRequested, now: int, error: OSError) -> AlertRaised:
    return AlertRaised(
        key=f"{VENUE}.unrecorded",
        rule="exit_unrecorded",
        severity=Severity.CRITICAL,
        summary=f"{order.client_id} was sent without a record: {error}",
        since=Ns(now),
    )
