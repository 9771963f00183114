"""What a person looks up beside the trades: lives of the process, policies in force, alerts,
incidents, and what people did.
"""

from collections.abc import Iterator

from quantum_os.events.governance import AuditEntry, PolicyUpdated
from quantum_os.events.risk import SafetyCleared, SafetyTripped
from quantum_os.events.system import AlertRaised, AlertResolved, ProcessStarted
from quantum_os.storage.database.trade_tables import (
    ALERTS,
    AUDIT,
    INCIDENTS,
    POLICIES,
    PROCESSES,
)
from quantum_os.storage.projections.change import Change, Heard, Row, changed, made, plain

_BLANK_INCIDENT: Row = dict.fromkeys(column.name for column in INCIDENTS.columns)
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
