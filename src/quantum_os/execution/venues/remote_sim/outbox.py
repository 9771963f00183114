"""EDGE. What the venue has still to be told, and what it was told and has not answered."""

import asyncio
from collections import deque
from decimal import Decimal
from typing import TypeVar

import msgspec

from quantum_os.events.base import Event, stream_of
from quantum_os.events.execution import (
    Fill,
    LeverageConfirmed,
    LeverageRequested,
    OrderCancelRequested,
    OrderRequested,
    OrderState,
    OrderUpdated,
)
from quantum_os.events.units import Ns, Qty
from quantum_os.execution.venues.remote_sim.wire import Frame, Kind, Query, framed
from quantum_os.kernel.envelope import encode_event

WAITING_MAX = 10_000
"""Instructions that may wait for the venue; more is a fault of the edge."""

UNANSWERED_MAX = 10_000
"""Instructions of one kind whose answer is awaited; the oldest is forgotten first."""

E = TypeVar("E", bound=Event)

_TERMINAL = frozenset(
    {OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED}
)


class Errand(msgspec.Struct, frozen=True):
    """One thing to send: an instruction with the number to wait for, a question, or an ack.

    `link` is the connection that an ack belongs to.
    """

    frame: Frame
    order: OrderRequested | None = None
    event: Event | None = None
    seq: int = 0
    link: int = 0


class Outbox:
    """Errands in the order they were given, and what each sent instruction still awaits.

    An order stays unanswered from before its bytes leave until the venue's first word on it, so
    that after a cut it is asked for, never sent again. What cannot do harm twice (a leverage, a
    cancel) is sent again.
    """

    def __init__(self) -> None:
        self.orders: dict[str, OrderRequested] = {}
        self._leverages: dict[str, LeverageRequested] = {}
        self._cancels: dict[str, OrderCancelRequested] = {}
        self._questions: dict[str, Query] = {}
        self._waiting: deque[Errand] = deque()
        self._exits = 0
        self._filled = asyncio.Event()

    @property
    def has_exit(self) -> bool:
        """Whether an order that reduces a position waits behind the errand being run."""
        return self._exits > 0

    def put(self, errand: Errand) -> None:
        """Adds an errand; raises OverflowError when too many wait."""
        if len(self._waiting) >= WAITING_MAX:
            raise OverflowError(f"{WAITING_MAX} errands wait for the venue")
        self._waiting.append(errand)
        self._exits += errand.order is not None and errand.order.reduce_only
        self._filled.set()

    def instruct(self, event: Event, seq: int) -> None:
        """Adds an instruction; `seq` is its number on the bus."""
        frame = Frame(Kind.COMMAND, 0, 0, stream_of(type(event)), encode_event(event))
        order = event if isinstance(event, OrderRequested) else None
        self.put(Errand(frame, order, event, seq))

    def query(self, client_id: str, symbol: str) -> None:
        """Adds a question about one order; it stays open until the venue's word on it is heard."""
        question = self._questions[client_id] = Query(client_id, symbol)
        self.put(Errand(framed(Kind.QUERY, question)))

    def ask_listing(self) -> None:
        """Adds a request for a listing, unless one waits already."""
        if all(errand.frame.kind is not Kind.LIST for errand in self._waiting):
            self.put(Errand(Frame(Kind.LIST)))

    async def next(self) -> Errand:
        """Takes the oldest errand; waits while there is none."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        errand = self._waiting.popleft()
        self._exits -= errand.order is not None and errand.order.reduce_only
        return errand

    def leaves(self, event: Event) -> None:
        """Remembers an instruction as unanswered; called before its first byte leaves."""
        if isinstance(event, OrderRequested):
            _keep(self.orders, event.client_id, event)
        elif isinstance(event, LeverageRequested):
            _keep(self._leverages, event.intent_id, event)
        elif isinstance(event, OrderCancelRequested):
            _keep(self._cancels, event.client_id, event)

    def hears(self, event: Event) -> None:
        """Strikes off what the venue's word answers."""
        if isinstance(event, OrderUpdated):
            self.orders.pop(event.client_id, None)
            self._questions.pop(event.client_id, None)
            if event.state in _TERMINAL:
                self._cancels.pop(event.client_id, None)
        elif isinstance(event, Fill):
            self.orders.pop(event.client_id, None)
        elif isinstance(event, LeverageConfirmed):
            self._leverages.pop(event.intent_id, None)

    def unknown(self, now: int) -> list[OrderUpdated]:
        """Says of each unanswered order that its outcome is not known."""
        return [
            word(order, OrderState.UNKNOWN, now, "-1007", "the connection was cut")
            for order in self.orders.values()
        ]

    def catches_up(self) -> list[Frame]:
        """What to send on a new connection: questions about orders, the rest once more."""
        again: list[Event] = [*self._leverages.values(), *self._cancels.values()]
        self._cancels.clear()
        open_ones = {o.client_id: Query(o.client_id, o.symbol) for o in self.orders.values()}
        return [
            *(framed(Kind.QUERY, question) for question in (self._questions | open_ones).values()),
            *(Frame(Kind.COMMAND, 0, 0, stream_of(type(e)), encode_event(e)) for e in again),
        ]


def word(
    order: OrderRequested, state: OrderState, now: int, code: str, reason: str
) -> OrderUpdated:
    """What the edge itself has to say of an order of which nothing has been executed yet."""
    return OrderUpdated(
        order.venue,
        order.mode,
        order.client_id,
        order.symbol,
        state,
        Qty(Decimal(0)),
        Ns(now),
        code=code,
        reason=reason,
    )


def _keep(kept: dict[str, E], key: str, event: E) -> None:
    kept[key] = event
    if len(kept) > UNANSWERED_MAX:
        del kept[next(iter(kept))]
