"""May it: permits, refusals, and the latches that stop new risk."""

from enum import StrEnum

from quantum_os.events.ai import Gate, GateCheck
from quantum_os.events.base import Event
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.units import Leverage, Ns, Qty


class RiskPermit(Event, frozen=True):
    """The only thing that lets an entry through: the intent as risk allows it.

    `qty` is at most the intent's and `leverage` equals the intent's.
    """

    intent: TradeIntent
    qty: Qty
    leverage: Leverage
    checks: tuple[GateCheck, ...]

    def __post_init__(self) -> None:
        if not 0 < self.qty <= self.intent.qty:
            raise ValueError(f"a permit may shrink, never enlarge: {self.qty} of {self.intent.qty}")
        if self.leverage != self.intent.leverage:
            raise ValueError("a permit never changes leverage")


class RiskRefusal(Event, frozen=True):
    """An intent that may not be traded; `code` is the first gate that failed.

    `nearest` is the one gate that alone stood against it: inside its limit it would have let the
    intent through. "" when several refuse.
    """

    intent_id: str
    decision_id: str
    symbol: str
    code: Gate
    value: float | None
    limit: float | None
    nearest: str
    checks: tuple[GateCheck, ...]


class SafetyAction(StrEnum):
    """What a tripped latch does: no new entries, or out of everything as well."""

    HALT_ENTRIES = "halt_entries"
    FLATTEN = "flatten"


class SafetyTripped(Event, frozen=True):
    """A latch closed: entries stop until it is cleared. Exits never stop."""

    cause: str
    action: SafetyAction
    since: Ns
    way_out: str
    value: float | None = None
    limit: float | None = None
    until: Ns | None = None


class SafetyCleared(Event, frozen=True):
    """A latch opened again: its dwell passed with its evidence, or an operator gave a reason.

    `since` is when it had closed; `rebases_peak` approves the present equity as the peak from which
    drawdowns are measured.
    """

    cause: str
    actor: str
    reason: str
    since: Ns
    rebases_peak: bool = False
