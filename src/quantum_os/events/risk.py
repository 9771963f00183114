"""May it: permits, refusals, the latches that stop new risk, and what was broken of the rules."""

from enum import StrEnum
from typing import ClassVar

import msgspec

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


class InvariantKind(StrEnum):
    """Whose doing a broken invariant is: BROKEN is ours and must never be, HALT may be the world's.

    Both stop new risk: until an operator has looked, and until it holds again.
    """

    BROKEN = "broken"
    HALT = "halt"


class InvariantViolated(Event, frozen=True):
    """What must always hold does not: `number` of the 36, on what, and with which values.

    `since` is when it began, which is before the fact was noticed where it takes time to break.
    """

    STREAM: ClassVar[str] = "invariant.violated"
    number: int
    name: str
    kind: InvariantKind
    sentence: str
    subject: str
    values: str
    since: Ns


class WindowLine(msgspec.Struct, frozen=True):
    """One event before an incident: when, which, and what it said, as JSON."""

    at: Ns
    stream: str
    text: str


class IncidentOpened(Event, frozen=True):
    """A broken invariant to be looked into; `window` holds the events that led to it.

    `cause` is the latch that stops new risk; opening it closes the incident.
    """

    STREAM: ClassVar[str] = "incident.opened"
    incident_id: str
    number: int
    name: str
    kind: InvariantKind
    cause: str
    subject: str
    summary: str
    since: Ns
    opened_at: Ns
    window: tuple[WindowLine, ...]


class IncidentClosed(Event, frozen=True):
    """The latch of an incident was opened: by an operator who says why, or by the clock."""

    STREAM: ClassVar[str] = "incident.closed"
    incident_id: str
    actor: str
    reason: str
    repeated: int
    opened_at: Ns
    closed_at: Ns
