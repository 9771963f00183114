"""Law 6 held to a run beside the invariants: stops only tighten, and two are the most."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import Leg, OrderRequested, OrderState, OrderUpdated
from quantum_os.formulas.order_states import TERMINAL
from tests.laws.scenario import Recorded

STOPS_MAX = 2


class Stops(msgspec.Struct):
    """The stops that live, and where the last one that was taken stood, by position."""

    orders: dict[str, OrderRequested] = {}
    taken_at: dict[str, Decimal] = {}

    def hear(self, event: Event) -> Iterator[str]:
        if isinstance(event, OrderRequested) and event.leg is Leg.STOP:
            self.orders[event.client_id] = event
        elif isinstance(event, OrderUpdated) and event.client_id in self.orders:
            if event.state is OrderState.ACKED:
                yield from self._tightens(self.orders[event.client_id])
            if event.state in TERMINAL:
                del self.orders[event.client_id]

    def too_many(self) -> Iterator[str]:
        for symbol, count in Counter(order.symbol for order in self.orders.values()).items():
            if count > STOPS_MAX:
                yield f"{symbol} has {count} stops, more than {STOPS_MAX}"

    def _tightens(self, order: OrderRequested) -> Iterator[str]:
        key, trigger = order.position_id or order.symbol, order.trigger or Decimal(0)
        last = self.taken_at.get(key)
        # A selling stop protects a long: tighter is higher.
        if last is not None and order.side.sign * (trigger - last) > 0:
            yield f"the stop of {order.symbol} loosens from {last} to {trigger}"
        self.taken_at[key] = trigger


def audit_exits(run: Recorded) -> Iterator[str]:
    """Walks the run; between two inputs every promise has to stand."""
    stops, trace = Stops(), 0
    for envelope, event in run.events:
        if envelope.trace != trace:
            yield from stops.too_many()
            trace = envelope.trace
        yield from stops.hear(event)
    yield from stops.too_many()
