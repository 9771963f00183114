"""Which intents of outside producers become intents of ours, and how all the others end.

A backlog is worked off without trading it: what is stale ends at once, and of what is fresh only
the newest of each symbol goes on, once nothing waits behind it. It then meets the gate like any
other; here it is never permitted, only let in.
"""

from collections.abc import Iterator

import msgspec

from quantum_os.events.ai import Gate
from quantum_os.events.execution import ExecutionResult, ResultStatus
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.sizing import IntentReceived, TradeIntent
from quantum_os.events.system import TimerFired, TimerSet
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.execution.entries import unfilled
from quantum_os.execution.trades import remember
from quantum_os.kernel.reactor import Reactor

TIMER = "execution.intake"
"""Fires when an intent that waits for those behind it has waited too long."""

DELIVERIES_REMEMBERED = 10_000
"""Messages kept to recognise one that comes again; the oldest is forgotten first."""

AHEAD_NS = 2 * NS_PER_S
"""How far another machine's clock may be before ours."""

TAPE_AGE_BARS = 2
"""On a tape no age limit is shorter than this many of its bars (DESIGN 5)."""

Said = Iterator[TradeIntent | ExecutionResult | TimerSet]


class IntakeConfig(msgspec.Struct, frozen=True):
    """`tape_step_s`: seconds between two bars of the tape; 0 when the market is live."""

    tape_step_s: float = 0.0


class IntakeState(msgspec.Struct):
    """The newest fresh intent of each symbol while more may come, and the messages heard before.

    `due` is when the timer fires that ends what would be held too long; 0 when none is set.
    """

    ttl_ns: int = 0
    held: dict[str, TradeIntent] = {}
    deliveries: dict[str, Ns] = {}
    due: Ns = Ns(0)


class Intake(Reactor[IntakeState]):
    """Gives every intent from outside one end or one way on; without a policy none is fresh."""

    name = "execution.intake"

    def __init__(self, config: IntakeConfig | None = None) -> None:
        super().__init__(IntakeState())
        self.config = config or IntakeConfig()

    def on_policy(self, event: PolicyUpdated) -> None:
        least_s = TAPE_AGE_BARS * self.config.tape_step_s
        self.state.ttl_ns = int(max(event.policy.execution.intent_ttl_s, least_s) * NS_PER_S)

    def on_received(self, event: IntentReceived) -> Said:
        """Ends it or holds it; the last one lets go of all that is held."""
        now = Ns(self.now)
        if remember(self.state.deliveries, event.delivery, now, DELIVERIES_REMEMBERED):
            end = self._end_of(event)
            if end is not None:
                yield unfilled(event, *end)
            elif event.intent is not None:
                yield from self._hold(event.intent)
        if event.is_last:
            yield from self._let_go(now)
        else:
            yield from self._watch()

    def on_timer(self, event: TimerFired) -> Said:
        if event.key == TIMER:
            self.state.due = Ns(0)
            for symbol, intent in list(self.state.held.items()):
                if self.now >= intent.expires:
                    del self.state.held[symbol]
                    yield unfilled(intent, ResultStatus.SKIPPED_STALE, Gate.STALE_INTENT)
            yield from self._watch()

    def _end_of(self, event: IntentReceived) -> tuple[ResultStatus, str] | None:
        """Why an intent goes no further; None for one that is whole, fresh and new."""
        if event.drain:
            return ResultStatus.SKIPPED_DRAIN, "DRAIN"
        if event.problem:
            return ResultStatus.REJECTED, event.problem
        if event.created is not None and self.now >= self._expiry(event.created, event.intent):
            return ResultStatus.SKIPPED_STALE, Gate.STALE_INTENT
        if event.missing or event.intent is None:
            return ResultStatus.REJECTED, f"MISSING {', '.join(event.missing)}"
        if event.intent.created > self.now + AHEAD_NS:
            return ResultStatus.REJECTED, "CREATED_IN_THE_FUTURE"
        return None

    def _expiry(self, created: Ns, intent: TradeIntent | None) -> Ns:
        """An intent lives as long as ours do, or less if it says so; never longer."""
        ours = Ns(created + self.state.ttl_ns)
        return ours if intent is None else min(ours, intent.expires)

    def _hold(self, intent: TradeIntent) -> Said:
        intent = msgspec.structs.replace(intent, expires=self._expiry(intent.created, intent))
        other = self.state.held.get(intent.symbol)
        newest = intent if other is None or intent.created >= other.created else other
        self.state.held[intent.symbol] = newest
        if other is not None:
            older = other if newest is intent else intent
            yield unfilled(older, ResultStatus.SUPERSEDED, "NEWER_INTENT")

    def _let_go(self, now: Ns) -> Said:
        """Says what is held, oldest first; an intent that grew stale meanwhile ends instead."""
        held, self.state.held = self.state.held, {}
        for intent in sorted(held.values(), key=lambda each: each.created):
            if now < intent.expires:
                yield intent
            else:
                yield unfilled(intent, ResultStatus.SKIPPED_STALE, Gate.STALE_INTENT)

    def _watch(self) -> Iterator[TimerSet]:
        """Asks to be woken when the first of those held expires: the rest may never come."""
        due = min((intent.expires for intent in self.state.held.values()), default=Ns(0))
        if due and due != self.state.due:
            self.state.due = due
            yield TimerSet(TIMER, due)
