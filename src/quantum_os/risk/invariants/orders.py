"""Whether orders keep their identity: one per intent, named once, on record, then over (3-5, 8)."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    ExecutionResult,
    Fill,
    Leg,
    OrderCancelRequested,
    OrderRequested,
    OrderSubmitted,
    OrderUpdated,
    ResultStatus,
)
from quantum_os.events.risk import RiskPermit
from quantum_os.events.units import Qty
from quantum_os.formulas.client_ids import client_id, parse
from quantum_os.formulas.order_states import CONFIRMED
from quantum_os.risk.invariants.facts import ZERO, Facts
from quantum_os.risk.invariants.violation import Violation

INTENTS_KEPT = 2_000
NAMES_KEPT = 10_000


class Lineage(msgspec.Struct):
    """What became of one permitted intent: the orders the venue took, and what they executed."""

    permitted: Qty
    ordered: Decimal = ZERO
    accepted: dict[str, None] = {}
    filled: Decimal = ZERO
    ended: bool = False


class Orders(msgspec.Struct):
    """The intents that were permitted, and every name that an order was given."""

    lineages: dict[str, Lineage] = {}
    names: dict[str, None] = {}

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]:
        match event:
            case RiskPermit():
                self.lineages.setdefault(event.intent.intent_id, Lineage(event.qty))
                if len(self.lineages) > INTENTS_KEPT:
                    del self.lineages[next(iter(self.lineages))]
            case OrderRequested():
                yield from self._named(event, facts)
            case OrderSubmitted():
                yield from _on_record(event, facts)
            case OrderUpdated():
                yield from self._updated(event, facts)
            case Fill():
                yield from self._filled(event, facts)
            case OrderCancelRequested():
                yield from _still_open(event, facts)
            case ExecutionResult():
                yield from self._result(event, facts)

    def _named(self, event: OrderRequested, facts: Facts) -> Iterator[Violation]:
        parent = event.intent_id if event.leg is Leg.ENTRY else event.position_id
        parts = parse(event.client_id)
        # Whose epoch it may be is told by `identity.py`.
        epoch = 0 if parts is None else parts.epoch
        due = None if parent is None else client_id(epoch, parent, event.leg, event.generation)
        if event.client_id in self.names:
            yield Violation(4, event.client_id, "the name of an earlier order", facts.now)
        elif due is not None and event.client_id != due:
            yield Violation(4, event.client_id, f"the order's name is {due}", facts.now)
        lineage = self.lineages.get(event.intent_id or "")
        if event.leg is Leg.ENTRY and lineage is not None:
            lineage.ordered = max(lineage.ordered, event.qty)
        self.names[event.client_id] = None
        if len(self.names) > NAMES_KEPT:
            del self.names[next(iter(self.names))]

    def _updated(self, event: OrderUpdated, facts: Facts) -> Iterator[Violation]:
        order = facts.symbol(event.symbol).order(event.client_id)
        if order is None or order.leg is not Leg.ENTRY:
            return
        if event.state in CONFIRMED or event.cum_qty > 0:
            yield from self._accepted(order.intent_id, event.client_id, facts)

    def _accepted(self, intent_id: str | None, name: str, facts: Facts) -> Iterator[Violation]:
        lineage = self.lineages.get(intent_id or "")
        if lineage is None or name in lineage.accepted:
            return
        lineage.accepted[name] = None
        if len(lineage.accepted) > 1:
            values = f"the venue took {', '.join(lineage.accepted)}"
            yield Violation(3, intent_id or name, values, facts.now)

    def _filled(self, event: Fill, facts: Facts) -> Iterator[Violation]:
        order = facts.symbol(event.symbol).order(event.client_id)
        if order is None or facts.is_repeat:
            return
        if order.filled > order.qty or event.side is not order.side:
            values = f"{event.side} {order.filled} filled of {order.side} {order.qty}"
            yield Violation(8, event.client_id, values, facts.now)
        if order.leg is not Leg.ENTRY:
            return
        yield from self._accepted(order.intent_id, event.client_id, facts)
        lineage = self.lineages.get(order.intent_id or "")
        if lineage is None:
            return
        lineage.filled += event.qty
        if lineage.filled > lineage.permitted:
            values = f"{lineage.filled} filled, {lineage.permitted} permitted"
            yield Violation(3, order.intent_id or event.client_id, values, facts.now)

    def _result(self, event: ExecutionResult, facts: Facts) -> Iterator[Violation]:
        lineage = self.lineages.get(event.intent_id)
        if lineage is None:
            return
        if lineage.ended:
            yield Violation(8, event.intent_id, f"a second result, {event.status}", facts.now)
        lineage.ended = True
        whole = event.status is ResultStatus.FILLED
        if event.qty != lineage.filled or (whole and event.qty < lineage.ordered):
            values = f"{event.status} with {event.qty}, filled {lineage.filled} of "
            yield Violation(8, event.intent_id, f"{values}{lineage.ordered}", facts.now)


def _on_record(event: OrderSubmitted, facts: Facts) -> Iterator[Violation]:
    if facts.symbol(event.symbol).order(event.client_id) is None:
        yield Violation(5, event.client_id, "it left and nobody had asked for it", facts.now)


def _still_open(event: OrderCancelRequested, facts: Facts) -> Iterator[Violation]:
    """An instruction at the very instant of the end crossed it on the way."""
    order = facts.symbol(event.symbol).ended.get(event.client_id)
    if order is not None and order.ended_at is not None and order.ended_at < facts.now:
        values = f"taken back after it was {order.state}: {event.reason}"
        yield Violation(8, event.client_id, values, facts.now)
