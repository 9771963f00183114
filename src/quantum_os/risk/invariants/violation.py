"""What is told of an invariant that does not hold."""

import msgspec

from quantum_os.events.risk import InvariantKind
from quantum_os.events.units import Ns
from quantum_os.risk.invariants.catalogue import INVARIANTS, Invariant


class Violation(msgspec.Struct, frozen=True):
    """`number` does not hold for `subject` (a symbol, an order, an intent) since `since`."""

    number: int
    subject: str
    values: str
    since: Ns

    @property
    def invariant(self) -> Invariant:
        return INVARIANTS[self.number]

    @property
    def kind(self) -> InvariantKind:
        return self.invariant.kind

    def __str__(self) -> str:
        invariant = self.invariant
        return f"invariant {self.number} ({invariant.name}): {self.subject}: {self.values}"
