"""Whether entries are ordered in time, and on what is known now (16, 17)."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    ExecutionResult,
    Leg,
    OrderRequested,
    OrderSubmitted,
)
from quantum_os.events.market import FeedState, FeedStatus, row_of
from quantum_os.events.risk import RiskPermit
from quantum_os.events.units import NS_PER_S, Flag, Mode, Ns
from quantum_os.risk.invariants.facts import Facts
from quantum_os.risk.invariants.violation import Violation

INTENTS_KEPT = 2_000
ON_THE_WIRE_NS = 12 * NS_PER_S
"""How long after its deadline an entry may be said to have left before it: our clock may be set
meanwhile, and where nobody says when it left an answer that does not come was waited for.
"""

IN_REAL_TIME = frozenset({Mode.PAPER, Mode.TESTNET, Mode.LIVE})
"""Where ages count in seconds; on a tape a price is as old as its bar."""

EVERY_TOPIC = "*"


class Lifetime(msgspec.Struct, frozen=True):
    """When an intent was permitted and when it ends."""

    permitted: Ns
    expires: Ns


class Freshness(msgspec.Struct):
    """Permitted intents, and what is wrong with the feed as a whole."""

    intents: dict[str, Lifetime] = {}
    silent: FeedStatus | None = None

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]:
        match event:
            case FeedState() if event.topic == EVERY_TOPIC:
                self._feed(event, facts)
            case RiskPermit():
                self.intents[event.intent.intent_id] = Lifetime(facts.now, event.intent.expires)
                if len(self.intents) > INTENTS_KEPT:
                    del self.intents[next(iter(self.intents))]
                yield from self._seeing(event, facts)
            case OrderRequested() if event.leg is Leg.ENTRY:
                yield from self._in_time(event, facts)
            case OrderSubmitted():
                yield from _sent_in_time(event, facts)
            case ExecutionResult():
                self.intents.pop(event.intent_id, None)

    def _feed(self, event: FeedState, facts: Facts) -> None:
        process = facts.process
        if process is None or event.venue != process.venue.removeprefix("sim:"):
            return
        if event.state is not FeedStatus.GAP:
            self.silent = None if event.state is FeedStatus.LIVE else event.state

    def _in_time(self, event: OrderRequested, facts: Facts) -> Iterator[Violation]:
        life = self.intents.get(event.intent_id or "")
        if life is None:
            return
        late_s = (facts.now - life.expires) / NS_PER_S
        if late_s >= 0:
            values = f"{event.symbol} ordered {late_s:.3f} s after the intent's end"
            yield Violation(16, event.client_id, values, facts.now)
        elif facts.policy is not None:
            waited_s = (facts.now - life.permitted) / NS_PER_S
            limit_s = facts.policy.policy.execution.send_deadline_s
            if waited_s > limit_s:
                values = f"{event.symbol} ordered {waited_s:.3f} s after its permit, not {limit_s}"
                yield Violation(16, event.client_id, values, facts.now)

    def _seeing(self, permit: RiskPermit, facts: Facts) -> Iterator[Violation]:
        blind = self._blind(permit, facts)
        if blind:
            yield Violation(17, permit.intent.symbol, f"permitted while {blind}", facts.now)

    def _blind(self, permit: RiskPermit, facts: Facts) -> str:
        """What is not known; "" when all that an entry needs is."""
        if not facts.reconciled:
            return "the books differ from the venue's, or were never compared"
        if self.silent is not None:
            return f"the feed is {self.silent}"
        market, symbol = facts.market, permit.intent.symbol
        row = None if market is None else row_of(market.symbols, symbol)
        if market is None or row is None:
            return "there was no price of it at the last close"
        flags = [flag for flag in market.flags[row] if flag is not Flag.SYNTHETIC]
        if market.last[row] is None or flags:
            return f"its price is {market.last[row]}, flagged {', '.join(flags) or 'nothing'}"
        age_ms, policy, process = market.age_ms[row], facts.policy, facts.process
        if age_ms is None or policy is None or process is None:
            return "the age of its price is unknown"
        if process.mode not in IN_REAL_TIME:
            return ""
        age_s = (facts.now - market.bar_close) / NS_PER_S + age_ms / 1e3
        limit_s = policy.policy.risk.data_age_s
        return f"its price is {age_s:.1f} s old, not {limit_s}" if age_s > limit_s else ""


def _sent_in_time(event: OrderSubmitted, facts: Facts) -> Iterator[Violation]:
    order = facts.symbol(event.symbol).order(event.client_id)
    if order is None or order.leg is not Leg.ENTRY or order.expires is None:
        return
    left = facts.now if event.left is None else event.left
    if left > order.expires + ON_THE_WIRE_NS:
        late_s = (left - order.expires) / NS_PER_S
        values = f"{event.symbol} sent {late_s:.3f} s after its deadline"
        yield Violation(16, event.client_id, values, facts.now)
