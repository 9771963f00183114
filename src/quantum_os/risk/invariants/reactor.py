"""What follows when an invariant is broken: it is said, new risk stops, an incident is opened."""

import typing
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import msgspec

from quantum_os.events.base import Event, stream_of
from quantum_os.events.execution import (
    CashTransferred,
    ExecutionResult,
    Fill,
    FundingPaid,
    OrderCancelRequested,
    OrderQueryRequested,
    OrderRequested,
    OrderSubmitted,
    OrderUpdated,
    PositionCorrected,
    ReconcileState,
    VenueSnapshot,
)
from quantum_os.events.exits import ExitIntent
from quantum_os.events.governance import AuditEntry, PolicyUpdated
from quantum_os.events.market import (
    FeedState,
    FeedWatermark,
    InstrumentUpdated,
    MarketData,
)
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.risk import (
    IncidentClosed,
    IncidentOpened,
    InvariantViolated,
    RiskPermit,
    SafetyCleared,
    SafetyTripped,
    WindowLine,
)
from quantum_os.events.system import ProcessStarted, TimerFired
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.kernel.envelope import decode_event, encode_event
from quantum_os.kernel.ids import derive
from quantum_os.kernel.reactor import Reactor
from quantum_os.risk.invariants.violation import Violation
from quantum_os.risk.invariants.watch import Watch
from quantum_os.risk.latches import INVARIANT_CAUSES

WINDOW = 40
"""Events kept with an incident: those before it that checks look at."""

OPEN_MAX = 100
"""Incidents open at a time; what is broken beyond them is counted with the last."""

AGAIN_NS = 10 * NS_PER_S
"""How often what stays broken is said again: the latch opens when it has not been for a while."""

Said = Iterator[InvariantViolated | IncidentOpened]
Cleared = Iterator[IncidentClosed | InvariantViolated | IncidentOpened]

Looked = (
    AuditEntry
    | CashTransferred
    | ExecutionResult
    | ExitIntent
    | FeedState
    | Fill
    | FundingPaid
    | InstrumentUpdated
    | OrderCancelRequested
    | OrderQueryRequested
    | OrderRequested
    | OrderSubmitted
    | OrderUpdated
    | PolicyUpdated
    | PositionCorrected
    | PositionUpdated
    | ProcessStarted
    | RiskPermit
    | SafetyTripped
    | TradeClosed
)
"""What the checks start from and an incident shows."""

Frequent = AccountUpdated | MarketData | ReconcileState | VenueSnapshot
"""What the checks start from and comes too often to be shown."""


_STREAMS: Mapping[type[Event], str] = MappingProxyType(
    {kind: stream_of(kind) for kind in typing.get_args(Looked)}
)


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """An event as it was heard, until it is shown or forgotten."""

    at: Ns
    stream: str
    payload: bytes


class Incident(msgspec.Struct):
    """One that is open, and how often the same was seen again."""

    incident_id: str
    cause: str
    opened_at: Ns
    said_at: Ns
    violation: Violation
    repeated: int = 0


class InvariantsState(msgspec.Struct):
    """The watch with all it knows, the last events, and the open incidents by what is broken."""

    watch: Watch = msgspec.field(default_factory=Watch)
    last: list[Kept] = []
    open: dict[str, Incident] = {}


class Invariants(Reactor[InvariantsState]):
    """Lets the watch hear the life of every order, and speaks up for it once per thing broken.

    It stops new risk by a latch. Whoever opens that closes the incident: an operator with a reason,
    or, for what the world can break, the clock once it has held again for a while. Should the watch
    break itself, the fund trades on and enters nothing (`risk/safety.py`).
    """

    name = "risk.invariants"
    critical = False

    def __init__(self) -> None:
        super().__init__(InvariantsState())

    @property
    def ailment(self) -> str:
        """What is broken now, for the health of the whole; "" while all holds."""
        names = [str(each.violation) for each in self.state.open.values()]
        if not names:
            return ""
        rest = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return f"{names[0]}{rest}"

    def on_event(self, event: Looked) -> Said | None:
        last = self.state.last
        last.append(Kept(Ns(self.now), _STREAMS[event.__class__], encode_event(event)))
        if len(last) > WINDOW:
            del last[0]
        found = self.state.watch.hear(event, self.now)
        return self._told(found) if found else None

    def on_frequent(self, event: Frequent) -> Said | None:
        found = self.state.watch.hear(event, self.now)
        return self._told(found) if found else None

    def on_time(self, event: FeedWatermark | TimerFired) -> Said | None:
        """Time alone breaks some: what was due is looked at when a bar or a timer tells the time.

        Ticks are not heard: they would cost more than all the rest. The guard's own timer and the
        next comparison of the books come within seconds.
        """
        watch = self.state.watch
        if self.now < watch.facts.due:
            return None
        found = watch.pass_to(self.now)
        return self._told(found) if found else None

    def on_cleared(self, event: SafetyCleared) -> Cleared:
        """The latch is open again: what is broken from now on is a new incident."""
        found = self.state.watch.hear(event, self.now)
        for key, incident in list(self.state.open.items()):
            if incident.cause == event.cause:
                del self.state.open[key]
                yield IncidentClosed(
                    incident.incident_id,
                    event.actor,
                    event.reason,
                    incident.repeated,
                    incident.opened_at,
                    Ns(self.now),
                )
        yield from self._told(found)

    def _told(self, found: list[Violation]) -> Said:
        for violation in found:
            key = f"{violation.number}:{violation.subject}"
            known = self.state.open.get(key)
            if known is None and len(self.state.open) >= OPEN_MAX:
                known = next(reversed(self.state.open.values()))
            if known is None:
                yield self._broken(violation)
                yield self._opened(key, violation)
                continue
            known.repeated += 1
            if self.now - known.said_at >= AGAIN_NS:
                known.said_at = Ns(self.now)
                yield self._broken(violation)

    def _broken(self, violation: Violation) -> InvariantViolated:
        invariant = violation.invariant
        return InvariantViolated(
            number=violation.number,
            name=invariant.name,
            kind=invariant.kind,
            sentence=invariant.sentence,
            subject=violation.subject,
            values=violation.values,
            since=violation.since,
        )

    def _opened(self, key: str, violation: Violation) -> IncidentOpened:
        process = self.state.watch.facts.process
        namespace = process.namespace if process is not None else ""
        incident = Incident(
            derive(namespace, "incident", key, self.now),
            INVARIANT_CAUSES[violation.kind],
            Ns(self.now),
            Ns(self.now),
            violation,
        )
        self.state.open[key] = incident
        return IncidentOpened(
            incident_id=incident.incident_id,
            number=violation.number,
            name=violation.invariant.name,
            kind=violation.kind,
            cause=incident.cause,
            subject=violation.subject,
            summary=str(violation),
            since=violation.since,
            opened_at=incident.opened_at,
            window=tuple(_shown(each) for each in self.state.last),
        )


def _shown(kept: Kept) -> WindowLine:
    event: Event = decode_event(kept.stream, kept.payload)
    return WindowLine(kept.at, kept.stream, msgspec.json.encode(event).decode())
