"""Which streams become rows, in the order of an order's life."""

from quantum_os.events.ai import AiDecisionMade, CandidateRefused, DecisionSummary
from quantum_os.events.base import Event, stream_of
from quantum_os.events.execution import (
    ExecutionResult,
    Fill,
    FundingPaid,
    OrderCancelRequested,
    OrderRequested,
    OrderSubmitted,
    OrderUpdated,
)
from quantum_os.events.governance import (
    ApprovalDecided,
    ApprovalRequested,
    ApprovalVoted,
    AuditEntry,
    PolicyUpdated,
)
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.risk import (
    IncidentClosed,
    IncidentOpened,
    RiskPermit,
    RiskRefusal,
    SafetyCleared,
    SafetyTripped,
)
from quantum_os.events.sizing import SizingDecided, TradeIntent
from quantum_os.events.system import AlertRaised, AlertResolved, ProcessStarted
from quantum_os.storage.projections import account, decisions, orders, positions, records
from quantum_os.storage.projections.change import Projection

_OF_EVENTS: dict[type[Event], Projection] = {
    ProcessStarted: records.on_start,
    DecisionSummary: decisions.on_summary,
    AiDecisionMade: decisions.on_decision,
    CandidateRefused: decisions.on_candidate_refused,
    SizingDecided: decisions.on_sizing,
    TradeIntent: decisions.on_intent,
    RiskPermit: decisions.on_permit,
    RiskRefusal: decisions.on_refusal,
    OrderRequested: orders.on_requested,
    OrderCancelRequested: orders.on_cancel_requested,
    OrderSubmitted: orders.on_submitted,
    OrderUpdated: orders.on_updated,
    Fill: orders.on_fill,
    FundingPaid: account.on_funding,
    ExecutionResult: decisions.on_result,
    PositionUpdated: positions.on_position,
    AccountUpdated: account.on_account,
    TradeClosed: positions.on_closed,
    PolicyUpdated: records.on_policy,
    ApprovalRequested: records.on_approval_requested,
    ApprovalVoted: records.on_approval_voted,
    ApprovalDecided: records.on_approval_decided,
    AlertRaised: records.on_alert,
    AlertResolved: records.on_alert_resolved,
    SafetyTripped: records.on_tripped,
    SafetyCleared: records.on_cleared,
    IncidentOpened: records.on_incident,
    IncidentClosed: records.on_incident_closed,
    AuditEntry: records.on_audit,
}

PROJECTIONS: dict[str, Projection] = {
    stream_of(kind): projection for kind, projection in _OF_EVENTS.items()
}
"""Stream -> what it does to the rows. A stream that is not here leaves no row."""
