"""Whether tries and instructions stay within their budgets, and entries within theirs (27, 28)."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Leg,
    OrderCancelRequested,
    OrderQueryRequested,
    OrderRequested,
)
from quantum_os.events.units import NS_PER_MINUTE, Ns
from quantum_os.risk.invariants.facts import Facts
from quantum_os.risk.invariants.violation import Violation

INSTRUCTIONS_MAX = 1_200
"""Orders, cancels and queries within a minute: what Binance allows an account."""
TRIES_MAX = 3
"""Entry orders of one intent, accepted or not."""
INTENTS_KEPT = 2_000


class Budgets(msgspec.Struct):
    """When the last instructions and entries were given, and how often each intent was tried."""

    instructions: list[Ns] = []
    entries: list[Ns] = []
    tries: dict[str, int] = {}

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]:
        if not isinstance(event, OrderRequested | OrderCancelRequested | OrderQueryRequested):
            return
        if _spent(self.instructions, INSTRUCTIONS_MAX, facts.now):
            values = f"more than {INSTRUCTIONS_MAX} instructions within a minute"
            yield Violation(27, "instructions", values, facts.now)
        if isinstance(event, OrderRequested) and event.leg is Leg.ENTRY:
            yield from self._entry(event, facts)

    def _entry(self, event: OrderRequested, facts: Facts) -> Iterator[Violation]:
        intent = event.intent_id or event.client_id
        tries = self.tries[intent] = self.tries.get(intent, 0) + 1
        if len(self.tries) > INTENTS_KEPT:
            del self.tries[next(iter(self.tries))]
        if tries > TRIES_MAX:
            yield Violation(27, intent, f"{tries} entry orders, not {TRIES_MAX}", facts.now)
        policy = facts.policy
        limit = policy.policy.risk.orders_per_minute if policy is not None else 0
        if _spent(self.entries, limit, facts.now):
            yield Violation(28, "entries", f"more than {limit} entries within a minute", facts.now)


def _spent(times: list[Ns], at_most: int, now: Ns) -> bool:
    """Notes a moment; whether more than `at_most` lie within the last minute."""
    times.append(now)
    del times[: max(0, len(times) - at_most - 1)]
    return len(times) > at_most and times[0] > now - NS_PER_MINUTE
