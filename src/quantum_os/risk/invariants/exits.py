"""Whether exits go through and do nothing but reduce (14, 15)."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import Fill, Leg, OrderRequested
from quantum_os.events.exits import ExitIntent
from quantum_os.events.risk import SafetyAction, SafetyTripped
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.risk.invariants.facts import Facts
from quantum_os.risk.invariants.violation import Violation

SHUFFLED_NS = 3 * NS_PER_S
"""How long a fill that turns a position may wait for one that was told out of order."""


class Turned(msgspec.Struct, frozen=True):
    """A fill of a reducing order after which more was held than before, or the other side."""

    trade_id: str
    symbol: str
    sign: int
    before: Decimal
    after: Decimal
    at: Ns


class Exits(msgspec.Struct):
    """Exits asked for in this instant, and fills that seem to do more than reduce."""

    asked: dict[str, str] = {}
    turned: dict[str, Turned] = {}

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]:
        match event:
            case ExitIntent() if facts.symbol(event.symbol).net != 0:
                facts.touch(event.symbol)
                self.asked[event.symbol] = event.reason
            case SafetyTripped() if event.action is SafetyAction.FLATTEN:
                for symbol, seen in facts.symbols.items():
                    if seen.net != 0:
                        facts.touch(symbol)
                        self.asked[symbol] = event.cause
            case OrderRequested() if event.leg is Leg.CLOSE:
                self.asked.pop(event.symbol, None)
            case OrderRequested() if event.leg is not Leg.ENTRY and not event.reduce_only:
                yield Violation(15, event.client_id, f"a {event.leg} that may enlarge", facts.now)
            case Fill() if not facts.is_repeat:
                self._fill(event, facts)
        return

    def settle(self, facts: Facts) -> Iterator[Violation]:
        """An instant is over: what was asked for is on its way, or nothing is left to leave."""
        asked, self.asked = self.asked, {}
        for symbol, reason in asked.items():
            seen = facts.symbol(symbol)
            closes = any(order.leg is Leg.CLOSE for order in seen.orders.values())
            if seen.net != 0 and not closes and not seen.is_closed:
                yield Violation(
                    14, symbol, f"{seen.net} held, the exit for {reason} led to no order", facts.now
                )

    def overdue(self, facts: Facts) -> Iterator[Violation]:
        """A fill of an exit that still stands on the other side was no matter of order."""
        for key, fill in list(self.turned.items()):
            if facts.now < fill.at + SHUFFLED_NS:
                facts.wake(fill.at + SHUFFLED_NS)
                continue
            del self.turned[key]
            if facts.symbol(fill.symbol).net * fill.sign > 0:
                values = f"{fill.trade_id} moved it from {fill.before} to {fill.after}"
                yield Violation(15, fill.symbol, values, fill.at)

    def _fill(self, fill: Fill, facts: Facts) -> None:
        seen = facts.symbol(fill.symbol)
        order = seen.order(fill.client_id)
        if seen.net == 0:
            # What is entered next, in the same instant perhaps, is another position.
            self.asked.pop(fill.symbol, None)
        # Only of ours: a venue that closes for us reduces, and where it seems not to, an earlier
        # trade was not heard. That is for the comparison of the books to find.
        if order is not None and order.reduce_only and seen.net * fill.side.sign > 0:
            self.turned[fill.trade_id] = Turned(
                fill.trade_id, fill.symbol, fill.side.sign, seen.before, seen.net, facts.now
            )
            facts.wake(facts.now + SHUFFLED_NS)
