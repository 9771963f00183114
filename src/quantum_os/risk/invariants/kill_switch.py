"""Whether a closed latch holds: no entry is ordered or leaves, restart or not (12, 13)."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import Leg, OrderRequested, OrderSubmitted
from quantum_os.events.risk import RiskPermit, SafetyTripped
from quantum_os.events.units import NS_PER_S
from quantum_os.risk.invariants.facts import Facts
from quantum_os.risk.invariants.violation import Violation

ON_THE_WIRE_NS = 12 * NS_PER_S
"""How long after a latch the word may come that bytes have left before it: an answer that does not
come is waited for, and our clock may be set meanwhile.
"""


class KillSwitch(msgspec.Struct):
    """Holds nothing of its own: the latches are among the facts."""

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]:
        latch = next(iter(facts.latches.values()), None)
        if latch is None:
            return
        match event:
            case RiskPermit() if latch.since < facts.now:
                yield _held(latch, event.intent.symbol, "permitted", facts)
            case OrderRequested() if event.leg is Leg.ENTRY and latch.since < event.created:
                yield _held(latch, event.symbol, "ordered", facts)
            case OrderSubmitted() if latch.since + ON_THE_WIRE_NS < (event.left or facts.now):
                order = facts.symbol(event.symbol).order(event.client_id)
                if order is not None and order.leg is Leg.ENTRY:
                    yield _held(latch, event.symbol, "sent", facts)


def _held(latch: SafetyTripped, symbol: str, deed: str, facts: Facts) -> Violation:
    """One that an earlier life closed has not lasted; one of this life was not heeded."""
    began = facts.process.started_at if facts.process is not None else 0
    number = 13 if latch.since < began else 12
    after_s = (facts.now - latch.since) / NS_PER_S
    return Violation(
        number, symbol, f"an entry was {deed} {after_s:.3f} s after {latch.cause}", facts.now
    )
