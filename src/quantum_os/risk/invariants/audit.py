"""Whether what people did was written down first, and loss stops end as they may (32, 33)."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.governance import AuditEntry
from quantum_os.events.risk import SafetyCleared
from quantum_os.events.units import NS_PER_DAY, NS_PER_S, Ns
from quantum_os.formulas.audit_chain import GENESIS, hash_of
from quantum_os.risk.invariants.facts import Facts
from quantum_os.risk.invariants.violation import Violation
from quantum_os.risk.latches import LATCHES, Cause

OPERATOR = "operator"
CLOCK = "clock"
"""Who opens a latch when its time or its cause has passed."""
LOSS_STOPS = (Cause.DAILY_LOSS, Cause.DRAWDOWN_FLATTEN, Cause.DRAWDOWN_KILL)
ACTORS_KEPT = 256


class Audit(msgspec.Struct):
    """The end of the chain of entries, and when each operator was last written down."""

    position: int | None = None
    hash: str = GENESIS
    acted: dict[str, Ns] = {}

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]:
        if isinstance(event, AuditEntry):
            yield from self._chained(event, facts)
        elif isinstance(event, SafetyCleared):
            yield from self._allowed(event, facts)

    def _chained(self, entry: AuditEntry, facts: Facts) -> Iterator[Violation]:
        """A watch that came to a chain going on begins with the first entry that it hears."""
        begins = self.position is None and not facts.whole
        follows = entry.position == (self.position or 0) + 1 and entry.previous_hash == self.hash
        if not (begins or follows) or entry.hash != hash_of(entry):
            values = f"entry {entry.position} does not follow {self.position or 0}, or was changed"
            yield Violation(33, f"entry {entry.position}", values, facts.now)
        self.position, self.hash = entry.position, entry.hash
        if entry.role == OPERATOR:
            self.acted.pop(entry.actor, None)
            self.acted[entry.actor] = facts.now
            if len(self.acted) > ACTORS_KEPT:
                del self.acted[next(iter(self.acted))]

    def _allowed(self, event: SafetyCleared, facts: Facts) -> Iterator[Violation]:
        stops_loss = event.cause in LOSS_STOPS
        if event.actor != CLOCK:
            acted = self.acted.get(event.actor)
            if acted is None or acted < event.since:
                values = f"{event.cause} was cleared by {event.actor}, whom no entry names"
                yield Violation(32 if stops_loss else 33, event.cause, values, facts.now)
        elif stops_loss and not _over(event, facts.now):
            values = (
                f"opened by itself {(facts.now - event.since) / NS_PER_S:.0f} s after it closed"
            )
            yield Violation(32, event.cause, values, facts.now)


def _over(event: SafetyCleared, now: Ns) -> bool:
    """Whether a latch may have opened without anybody's word."""
    rule = LATCHES[Cause(event.cause)]
    if rule.until_midnight:
        return now // NS_PER_DAY > event.since // NS_PER_DAY
    return rule.dwell_s is not None and now - event.since >= rule.dwell_s * NS_PER_S
