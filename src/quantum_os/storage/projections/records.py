"""What a person looks up beside the trades: lives of the process, policies in force, alerts,
incidents, what people asked for, and what they did.
"""

from collections.abc import Iterator

from quantum_os.events.governance import (
    ApprovalDecided,
    ApprovalRequested,
    ApprovalState,
    ApprovalVoted,
    AuditEntry,
    PolicyUpdated,
)
from quantum_os.events.risk import (
    IncidentClosed,
    IncidentOpened,
    SafetyCleared,
    SafetyTripped,
)
from quantum_os.events.system import AlertRaised, AlertResolved, ProcessStarted
from quantum_os.storage.database.trade_tables import (
    ALERTS,
    APPROVALS,
    AUDIT,
    BREACHES,
    INCIDENTS,
    POLICIES,
    PROCESSES,
)
from quantum_os.storage.projections.change import Change, Heard, Row, changed, made, plain

_BLANK_APPROVAL: Row = {
    **dict.fromkeys(column.name for column in APPROVALS.columns),
    "votes": [],
    "state": ApprovalState.PENDING.value,
}
_BLANK_INCIDENT: Row = dict.fromkeys(column.name for column in INCIDENTS.columns)
_BLANK_BREACH: Row = dict.fromkeys(column.name for column in BREACHES.columns)
_BLANK_ALERT: Row = dict.fromkeys(column.name for column in ALERTS.columns)


def on_start(heard: Heard) -> Iterator[Change]:
    event: ProcessStarted = heard.event
    row = {**plain(event), **made(heard)}
    yield Change(PROCESSES, (heard.seq,), lambda _: row, reads=False)


def on_audit(heard: Heard) -> Iterator[Change]:
    event: AuditEntry = heard.event
    row = {**plain(event), **made(heard)}
    yield Change(AUDIT, (event.position,), lambda _: row, reads=False)


def on_policy(heard: Heard) -> Iterator[Change]:
    """A renewal says its version again, with a later end."""
    event: PolicyUpdated = heard.event

    def fold(row: Row | None) -> Row:
        if row is None:
            return {**plain(event), **changed(heard, None)}
        return {**row, "valid_until": event.valid_until, **changed(heard, row)}

    yield Change(POLICIES, (event.version,), fold)


def on_alert(heard: Heard) -> Iterator[Change]:
    event: AlertRaised = heard.event

    def fold(row: Row | None) -> Row:
        return {**(row or _BLANK_ALERT), **plain(event), **changed(heard, row)}

    yield Change(ALERTS, (event.key, event.since), fold)


def on_alert_resolved(heard: Heard) -> Iterator[Change]:
    event: AlertResolved = heard.event
    told = {"key": event.key, "since": event.since, "resolved_at": event.resolved_at}

    def fold(row: Row | None) -> Row:
        return {**(row or _BLANK_ALERT), **told, **changed(heard, row)}

    yield Change(ALERTS, (event.key, event.since), fold)


def on_tripped(heard: Heard) -> Iterator[Change]:
    """A latch that closes opens an incident; said again while it is closed, it is the same one."""
    event: SafetyTripped = heard.event
    told = plain(event)
    told["threshold"] = told.pop("limit")

    def fold(row: Row | None) -> Row:
        return {**(row or _BLANK_INCIDENT), **told, **changed(heard, row)}

    yield Change(INCIDENTS, (event.cause, event.since), fold)


def on_cleared(heard: Heard) -> Iterator[Change]:
    event: SafetyCleared = heard.event
    told = {
        "cause": event.cause,
        "since": event.since,
        "closed_at": heard.at,
        "closed_by": event.actor,
        "finding": event.reason,
    }

    def fold(row: Row | None) -> Row:
        return {**(row or _BLANK_INCIDENT), **told, **changed(heard, row)}

    yield Change(INCIDENTS, (event.cause, event.since), fold)


def on_incident(heard: Heard) -> Iterator[Change]:
    event: IncidentOpened = heard.event

    def fold(row: Row | None) -> Row:
        return {**(row or _BLANK_BREACH), **plain(event), **changed(heard, row)}

    yield Change(BREACHES, (event.incident_id,), fold)


def on_incident_closed(heard: Heard) -> Iterator[Change]:
    event: IncidentClosed = heard.event
    told = {
        "incident_id": event.incident_id,
        "opened_at": event.opened_at,
        "repeated": event.repeated,
        "closed_at": event.closed_at,
        "closed_by": event.actor,
        "finding": event.reason,
    }

    def fold(row: Row | None) -> Row:
        return {**(row or _BLANK_BREACH), **told, **changed(heard, row)}

    yield Change(BREACHES, (event.incident_id,), fold)


def on_approval_requested(heard: Heard) -> Iterator[Change]:
    event: ApprovalRequested = heard.event

    def fold(row: Row | None) -> Row:
        return {**(row or _BLANK_APPROVAL), **plain(event), **changed(heard, row)}

    yield Change(APPROVALS, (event.approval_id,), fold)


def on_approval_voted(heard: Heard) -> Iterator[Change]:
    event: ApprovalVoted = heard.event
    said = plain(event)
    vote = {name: said[name] for name in ("actor", "role", "approves", "reason", "at")}

    def fold(row: Row | None) -> Row:
        base = row or {**_BLANK_APPROVAL, "approval_id": event.approval_id}
        return {**base, "votes": [*base["votes"], vote], **changed(heard, row)}

    yield Change(APPROVALS, (event.approval_id,), fold)


def on_approval_decided(heard: Heard) -> Iterator[Change]:
    event: ApprovalDecided = heard.event
    told = {
        "approval_id": event.approval_id,
        "state": event.state.value,
        "decided_at": event.decided_at,
        "finding": event.reason,
        "policy_version": event.policy_version,
    }

    def fold(row: Row | None) -> Row:
        return {**(row or _BLANK_APPROVAL), **told, **changed(heard, row)}

    yield Change(APPROVALS, (event.approval_id,), fold)
