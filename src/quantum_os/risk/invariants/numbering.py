"""Whether numbers follow each other without a gap and time never runs back (22)."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.units import Ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.risk.invariants.violation import Violation


class Numbering(msgspec.Struct):
    """The last number and the last time; 0 before the first."""

    seq: int = 0
    ts: int = 0

    def hear(self, envelope: Envelope) -> Iterator[Violation]:
        """Only whoever reads all of a journal can tell: a module hears but what it asked for."""
        if self.seq and envelope.seq != self.seq + 1:
            values = f"number {envelope.seq} after {self.seq}"
            yield Violation(22, "journal", values, Ns(envelope.ts))
        if envelope.ts < self.ts:
            values = f"event {envelope.seq} is {self.ts - envelope.ts} ns before the one ahead"
            yield Violation(22, "time", values, Ns(envelope.ts))
        self.seq, self.ts = envelope.seq, envelope.ts
