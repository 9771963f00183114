"""Which check hears which event, and when an instant is over: the 36 invariants over a stream.

It needs no bus: whoever has events can feed them and is told what does not hold.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Protocol

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    CashTransferred,
    ExecutionResult,
    Fill,
    FundingPaid,
    OrderCancelRequested,
    OrderQueryRequested,
    OrderRequested,
    OrderSubmitted,
    OrderUpdated,
    PositionCorrected,
    ReconcileState,
    VenueSnapshot,
)
from quantum_os.events.exits import ExitIntent
from quantum_os.events.governance import AuditEntry, PolicyUpdated
from quantum_os.events.market import FeedState, InstrumentUpdated, MarketData
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.risk import RiskPermit, SafetyCleared, SafetyTripped
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import Ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.risk.invariants.audit import Audit
from quantum_os.risk.invariants.books import Books
from quantum_os.risk.invariants.budgets import Budgets
from quantum_os.risk.invariants.exits import Exits
from quantum_os.risk.invariants.exposure import Exposure
from quantum_os.risk.invariants.facts import NEVER, Facts
from quantum_os.risk.invariants.freshness import Freshness
from quantum_os.risk.invariants.identity import Identity
from quantum_os.risk.invariants.kill_switch import KillSwitch
from quantum_os.risk.invariants.numbering import Numbering
from quantum_os.risk.invariants.numbers import Numbers
from quantum_os.risk.invariants.orders import Orders
from quantum_os.risk.invariants.protection import Protection
from quantum_os.risk.invariants.venue import Venue
from quantum_os.risk.invariants.violation import Violation


class Family(Protocol):
    """Checks that share what they remember."""

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]: ...


_LEARNT: Mapping[type[Event], str] = MappingProxyType(
    {
        ProcessStarted: "on_started",
        PolicyUpdated: "on_policy",
        InstrumentUpdated: "on_instruments",
        AccountUpdated: "on_account",
        MarketData: "on_market",
        ReconcileState: "on_reconciled",
        SafetyTripped: "on_tripped",
        SafetyCleared: "on_cleared",
        OrderRequested: "on_requested",
        OrderUpdated: "on_updated",
        Fill: "on_fill",
        PositionUpdated: "on_position",
        PositionCorrected: "on_corrected",
        VenueSnapshot: "on_listing",
    }
)
"""What becomes a fact before any check looks at it, and how."""

_HEARERS: Mapping[type[Event], tuple[str, ...]] = MappingProxyType(
    {
        ProcessStarted: ("books", "identity"),
        FeedState: ("freshness",),
        RiskPermit: ("orders", "exposure", "kill_switch", "freshness", "numbers"),
        SafetyTripped: ("exits",),
        SafetyCleared: ("audit",),
        AuditEntry: ("audit",),
        ExitIntent: ("exits",),
        OrderRequested: (
            "orders",
            "kill_switch",
            "exits",
            "freshness",
            "budgets",
            "identity",
            "numbers",
        ),
        OrderCancelRequested: ("protection", "orders", "budgets"),
        OrderQueryRequested: ("venue", "budgets"),
        OrderSubmitted: ("orders", "kill_switch", "freshness"),
        OrderUpdated: ("orders", "venue"),
        Fill: ("orders", "books", "exposure", "exits", "identity", "venue"),
        ExecutionResult: ("orders", "exposure", "freshness"),
        FundingPaid: ("books",),
        CashTransferred: ("books",),
        VenueSnapshot: ("books", "exits", "venue"),
        PositionCorrected: ("books", "exits"),
        PositionUpdated: ("protection",),
        TradeClosed: ("books",),
    }
)
"""Which families hear which event, in the order of the numbers."""

HEARD: tuple[type[Event], ...] = tuple(dict.fromkeys((*_LEARNT, *_HEARERS)))
"""Every event that some check starts from."""


class Watch(msgspec.Struct):
    """Holds a stream of events to the invariants; all that it knows is in it."""

    facts: Facts = msgspec.field(default_factory=Facts)
    protection: Protection = msgspec.field(default_factory=Protection)
    orders: Orders = msgspec.field(default_factory=Orders)
    books: Books = msgspec.field(default_factory=Books)
    exposure: Exposure = msgspec.field(default_factory=Exposure)
    kill_switch: KillSwitch = msgspec.field(default_factory=KillSwitch)
    exits: Exits = msgspec.field(default_factory=Exits)
    freshness: Freshness = msgspec.field(default_factory=Freshness)
    venue: Venue = msgspec.field(default_factory=Venue)
    budgets: Budgets = msgspec.field(default_factory=Budgets)
    identity: Identity = msgspec.field(default_factory=Identity)
    numbers: Numbers = msgspec.field(default_factory=Numbers)
    audit: Audit = msgspec.field(default_factory=Audit)
    numbering: Numbering = msgspec.field(default_factory=Numbering)

    def feed(self, envelope: Envelope) -> list[Violation]:
        """Takes one recorded event, every one in turn, and gives what does not hold after it."""
        return [*self.numbering.hear(envelope), *self.hear(envelope.event(), envelope.ts)]

    def hear(self, event: Event, now: int) -> list[Violation]:
        """Takes one event at its input's time (UTC ns) and gives what does not hold after it."""
        facts = self.facts
        found = self.pass_to(now) if now > facts.now else []
        kind = event.__class__
        learn = _LEARNT.get(kind)
        if learn is not None:
            getattr(facts, learn)(event)
        for name in _HEARERS.get(kind, ()):
            family: Family = getattr(self, name)
            found.extend(family.hear(event, facts))
        return found

    def pass_to(self, now: int) -> list[Violation]:
        """Ends the instant that was, and gives what has not held in it or is overdue by now.

        The simulator calls it with the end of its last step: no event says that time is over.
        """
        facts = self.facts
        found: list[Violation] = []
        if facts.touched or facts.account_is_new or self.exits.asked:
            for settling in (self.protection, self.books, self.exits):
                found.extend(settling.settle(facts))
            facts.touched = {}
        facts.now = Ns(now)
        if now >= facts.due:
            facts.due = NEVER
            found.extend(self.protection.overdue(facts))
        return found
