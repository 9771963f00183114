"""Whether what rests at the venue is known, owned and wanted by us (23, 24, 25)."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    OrderQueryRequested,
    OrderState,
    OrderUpdated,
    VenueOrder,
    VenueSnapshot,
)
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.formulas.client_ids import parse
from quantum_os.risk.invariants.facts import Facts
from quantum_os.risk.invariants.violation import Violation

UNKNOWN_MAX_NS = 60 * NS_PER_S
"""How long an order may stay unknown at a venue that answers."""
AWAY_NS = 45 * NS_PER_S
"""A venue that lists nothing for so long was away: it counts as back from its next listing on."""
ORPHAN_MAX_NS = 10 * NS_PER_S
WITHDRAWN_NS = 10 * NS_PER_S
"""How long after a latch an entry may rest until the venue has taken it back."""


class Unknown(msgspec.Struct, frozen=True):
    """An order of whose fate nobody knows, and since when."""

    symbol: str
    since: Ns


class Venue(msgspec.Struct):
    """What is unknown, what nobody owns, and since when the venue has answered without a break."""

    unknown: dict[str, Unknown] = {}
    orphans: dict[str, Ns] = {}
    answers_since: Ns = Ns(0)
    listed_at: Ns | None = None

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]:
        match event:
            case OrderQueryRequested():
                self.unknown.setdefault(event.client_id, Unknown(event.symbol, facts.now))
            case OrderUpdated() if event.state is OrderState.UNKNOWN:
                self.unknown.setdefault(event.client_id, Unknown(event.symbol, facts.now))
            case OrderUpdated():
                self.unknown.pop(event.client_id, None)
            case Fill():
                # All of it has traded: what is left to say of it may have died with a life.
                order = facts.symbol(event.symbol).order(event.client_id)
                if order is not None and order.left <= 0:
                    self.unknown.pop(event.client_id, None)
            case VenueSnapshot():
                if self.listed_at is None or facts.now - self.listed_at > AWAY_NS:
                    self.answers_since = facts.now
                self.listed_at = facts.now
                yield from self._unresolved(facts)
                yield from self._orphaned(event, facts)
                yield from _left_resting(event, facts)

    def _unresolved(self, facts: Facts) -> Iterator[Violation]:
        for client_id, order in self.unknown.items():
            since = max(order.since, self.answers_since)
            if facts.now - since > UNKNOWN_MAX_NS:
                unknown_s = (facts.now - order.since) / NS_PER_S
                values = f"{order.symbol}: unknown for {unknown_s:.0f} s, and the venue answers"
                yield Violation(23, client_id, values, order.since)

    def _orphaned(self, listing: VenueSnapshot, facts: Facts) -> Iterator[Violation]:
        before, self.orphans = self.orphans, {}
        for order in listing.orders:
            if order.client_id in facts.symbol(order.symbol).orders:
                continue
            if parse(order.client_id) is None:
                continue
            since = self.orphans[order.client_id] = before.get(order.client_id, facts.now)
            if facts.now - since > ORPHAN_MAX_NS:
                values = f"{_words(order)} rests at the venue and nobody owns it"
                yield Violation(24, order.client_id, values, since)


def _left_resting(listing: VenueSnapshot, facts: Facts) -> Iterator[Violation]:
    latch = next(iter(facts.latches.values()), None)
    if latch is None or facts.now <= latch.since + WITHDRAWN_NS:
        return
    for order in listing.orders:
        if order.reduce_only or parse(order.client_id) is None:
            continue
        known = facts.symbol(order.symbol).orders.get(order.client_id)
        # One that was ordered after the latch is the kill switch's matter.
        if known is None or known.created <= latch.since:
            values = f"{_words(order)} rests {latch.cause} notwithstanding"
            yield Violation(25, order.client_id, values, latch.since)


def _words(order: VenueOrder) -> str:
    return f"{order.side} {order.qty} {order.symbol}"
