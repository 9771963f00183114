"""What became of a candidate: its events from the decision to the closed trade, by their ids."""

from collections.abc import Iterator
from typing import NamedTuple

from quantum_os.events.ai import CandidateRefused
from quantum_os.events.base import Event
from quantum_os.events.execution import (
    ExecutionResult,
    Fill,
    FundingPaid,
    OrderRequested,
    OrderState,
    OrderUpdated,
    ResultStatus,
)
from quantum_os.events.portfolio import PositionUpdated, TradeClosed
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.units import NS_PER_DAY
from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.recorded import Recorded

FOLLOWED = (
    "ai.decision.made",
    "exit.stop_proposed",
    "sizing.decided",
    "exitbrain.adaptive_levels",
    "candidate.refused",
    "trade.intent",
    "risk.permit",
    "risk.refusal",
    "leverage.requested",
    "leverage.confirmed",
    "order.requested",
    "order.submitted",
    "order.updated",
    "order.cancel_requested",
    "fill",
    "funding.paid",
    "execution.result",
    "position.updated",
    "exit.intent",
    "stop.requested",
    "trade.closed",
)
"""The streams that a candidate's life is told in."""

ID_FIELDS = (
    "decision_id",
    "signal_id",
    "intent_id",
    "position_id",
    "client_id",
    "trade_id",
    "funding_id",
    "venue_id",
)
"""Fields whose value names one thing for as long as it lives."""

_TOLD_AFTER_NS = NS_PER_DAY
"""How long after its last word a finished life is still listened to for the end of an order."""

_ENDED = frozenset(
    {OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED}
)
_ENTERED = (ResultStatus.FILLED, ResultStatus.PARTIAL)


class Told(NamedTuple):
    """One event of a story, with what the kernel knows of it."""

    envelope: Envelope
    event: Event


def ids_of(event: Event) -> dict[str, str]:
    """Gives the ids that an event carries, by field; a permit carries those of its intent."""
    carrier = event.intent if isinstance(event, RiskPermit) else event
    named = {name: getattr(carrier, name, None) for name in ID_FIELDS}
    return {name: value for name, value in named.items() if value and isinstance(value, str)}


def life_of(recorded: Recorded, symbol: str, ids: set[str], start_ts: int) -> Iterator[Told]:
    """Gives the events of one life on a symbol, from a time on, that carry one of its ids.

    Each event adds its own ids: a decision leads to its intent, that to orders and a position. The
    life is over when it was refused, or is flat again with no order left. `ids` is added to.
    """
    life = _Life(symbol, ids)
    mark = symbol.encode()
    for envelope in recorded.events(*FOLLOWED, start_ts=start_ts):
        if life.is_over_at(envelope.ts):
            return
        if mark in envelope.payload:
            event = envelope.event()
            if life.takes(event):
                life.hear(event, envelope.ts)
                yield Told(envelope, event)


class _Life:
    """What must be remembered while a life is followed."""

    def __init__(self, symbol: str, ids: set[str]) -> None:
        self._symbol = symbol
        self._ids = ids
        self._working: set[str] = set()
        self._is_open = False
        self._ended_at: int | None = None

    def takes(self, event: Event) -> bool:
        """Says whether an event is part of this life."""
        if getattr(event, "symbol", self._symbol) != self._symbol:
            return False
        carried = ids_of(event)
        carried.pop("signal_id", None)  # one signal speaks of every symbol
        if not self._ids.isdisjoint(carried.values()):
            return True
        # What the venue does to an open position of its own accord carries no id of ours.
        return self._is_open and isinstance(event, Fill | FundingPaid)

    def hear(self, event: Event, ts: int) -> None:
        carried = ids_of(event)
        carried.pop("signal_id", None)
        self._ids.update(carried.values())
        match event:
            case OrderRequested():
                self._working.add(event.client_id)
            case OrderUpdated() if event.state in _ENDED:
                self._working.discard(event.client_id)
            case PositionUpdated():
                self._is_open = event.qty != 0
            case CandidateRefused() | RiskRefusal() | TradeClosed():
                self._ended_at = ts
            case ExecutionResult() if event.status not in _ENTERED and not self._is_open:
                self._ended_at = ts

    def is_over_at(self, ts: int) -> bool:
        """Says whether nothing more can follow, seen from the time of the next event."""
        if self._ended_at is None or self._is_open:
            return False
        return ts > self._ended_at and (not self._working or ts > self._ended_at + _TOLD_AFTER_NS)
