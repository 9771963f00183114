"""What a person looks up beside the trades: lives of the process, policies in force, alerts,
and what people did.
"""

from collections.abc import Iterator

from quantum_os.events.governance import AuditEntry, PolicyUpdated
from quantum_os.events.system import AlertRaised, AlertResolved, ProcessStarted
from quantum_os.storage.database.trade_tables import ALERTS, AUDIT, POLICIES, PROCESSES
from quantum_os.storage.projections.change import Change, Heard, Row, changed, made, plain

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
