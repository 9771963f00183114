"""What is kept of every trade: orders, fills, positions, money, decisions, alerts, lives, acts.

Columns bear the names of the events' own fields. Amounts are exact, times are UTC nanoseconds.
`seq` and `at` say which journaled event made a row, `updated_seq` and `updated_at` which one
changed it last.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from quantum_os.events.ai import AiDecisionMade
from quantum_os.events.execution import Fill, FundingPaid, OrderRequested
from quantum_os.events.governance import ApprovalRequested, AuditEntry, PolicyUpdated
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.risk import IncidentOpened, SafetyTripped
from quantum_os.events.system import AlertRaised, ProcessStarted
from quantum_os.storage.database.columns import Exact, Json, Real, columns_of
from quantum_os.storage.database.metadata import METADATA


def _made() -> list[Column[Any]]:
    return [
        Column("seq", BigInteger, nullable=False),
        Column("at", BigInteger, nullable=False),
    ]


def _changed() -> list[Column[Any]]:
    return [
        *_made(),
        Column("updated_seq", BigInteger, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
    ]


PROJECTION = Table(
    "projection",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("watermark", BigInteger, nullable=False),
    Column("watermark_digest", Text, nullable=False),
    Column("instance", Text, nullable=False),
    Column("epoch", BigInteger),
    Column("mode", Text),
    Column("venue", Text),
    Column("namespace", Text),
    Column("schema_revision", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)
"""How far the journal has been projected, in whose name, and by code of which schema."""

SCHEMA_REVISIONS = Table(
    "schema_revisions",
    METADATA,
    Column("revision", Text, primary_key=True),
    Column("oldest_code", Text, nullable=False),
)
"""What each applied revision says of older code: from which revision on it may use this schema."""

UNPROJECTED = Table(
    "unprojected",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("stream", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)
"""Events that could not become rows, whole, with the reason."""

PROCESSES = Table(
    "processes",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    *columns_of(ProcessStarted),
)
"""Every life of the process: which code, which configuration, which mode and venue."""

ORDERS = Table(
    "orders",
    METADATA,
    *columns_of(OrderRequested, keys=("venue", "client_id"), unsure=True),
    Column("epoch", BigInteger),
    Column("state", Text, nullable=False),
    Column("cum_qty", Exact, nullable=False),
    Column("avg_price", Exact),
    Column("venue_id", Text),
    Column("code", Text),
    Column("state_reason", Text, nullable=False),
    Column("venue_ts", BigInteger),
    Column("submitted_at", BigInteger),
    Column("cancel_requested_at", BigInteger),
    Column("cancel_reason", Text),
    *_changed(),
    Index(None, "symbol", "seq"),
    Index(None, "position_id"),
    Index(None, "intent_id"),
)
"""Each order and where it stands. One that we did not ask for has no leg, kind, side or qty."""

FILLS = Table(
    "fills",
    METADATA,
    *columns_of(Fill, keys=("venue", "trade_id")),
    *_made(),
    Index(None, "client_id"),
    Index(None, "symbol", "seq"),
)

POSITIONS = Table(
    "positions",
    METADATA,
    *columns_of(PositionUpdated, keys=("position_id",)),
    Column("closed_at", BigInteger),
    *_changed(),
    Index(None, "symbol", "seq"),
)

TRADES = Table(
    "trades",
    METADATA,
    *columns_of(TradeClosed, keys=("position_id",)),
    *_made(),
    Index(None, "closed_at"),
    Index(None, "symbol", "seq"),
)

FUNDING = Table(
    "funding",
    METADATA,
    *columns_of(FundingPaid, keys=("venue", "funding_id")),
    *_made(),
    Index(None, "symbol", "seq"),
)

EQUITY = Table(
    "equity",
    METADATA,
    Column("venue", Text, primary_key=True),
    Column("mode", Text, primary_key=True),
    Column("minute", BigInteger, primary_key=True, autoincrement=False),
    *columns_of(AccountUpdated),
    *_changed(),
)
"""The account at the end of each minute in which it was told; `minute` is that minute's start."""

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("bar_close", BigInteger, primary_key=True, autoincrement=False),
    Column("symbol", Text, primary_key=True),
    Column("venue", Text, primary_key=True),
    Column("mode", Text, primary_key=True),
    Column("disposition", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("value", Real),
    Column("threshold", Real),
    Column("nearest", Text, nullable=False),
    Column("report_only", Json, nullable=False),
    Column("decision_id", Text),
    *_made(),
    Index(None, "decision_id"),
    Index(None, "symbol", "bar_close"),
)
"""Why, or why not: one row per symbol and bar. A candidate's end joins by its decision id."""

CANDIDATES = Table(
    "candidates",
    METADATA,
    *columns_of(AiDecisionMade, keys=("decision_id",), unsure=True),
    Column("venue", Text),
    Column("mode", Text),
    Column("qty", Exact),
    Column("leverage", BigInteger),
    Column("risk_usd", Exact),
    Column("notional_usd", Exact),
    Column("margin_usd", Exact),
    Column("stop_distance", Real),
    Column("intent_id", Text),
    Column("intent_created", BigInteger),
    Column("intent_expires", BigInteger),
    Column("permitted_qty", Exact),
    Column("permitted_at", BigInteger),
    Column("outcome", Text),
    Column("outcome_stage", Text),
    Column("outcome_code", Text),
    Column("outcome_value", Real),
    Column("outcome_threshold", Real),
    Column("outcome_reason", Text),
    Column("ended_at", BigInteger),
    Column("filled_qty", Exact),
    Column("entry_price", Exact),
    Column("slippage_bps", Real),
    Column("fee_usd", Exact),
    *_changed(),
    Index(None, "intent_id"),
    Index(None, "symbol", "bar_close"),
    Index(None, "outcome"),
)
"""Each candidate from its decision to its one end; `outcome` is empty while it lives."""

POLICIES = Table("policies", METADATA, *columns_of(PolicyUpdated, keys=("version",)), *_changed())
"""Every policy that was in force; a renewal moves `valid_until` of its version."""

ALERTS = Table(
    "alerts",
    METADATA,
    *columns_of(AlertRaised, keys=("key", "since"), unsure=True),
    Column("resolved_at", BigInteger),
    *_changed(),
)

APPROVALS = Table(
    "approvals",
    METADATA,
    *columns_of(ApprovalRequested, keys=("approval_id",), unsure=True),
    Column("votes", Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_at", BigInteger),
    Column("finding", Text),
    Column("policy_version", Text),
    *_changed(),
    Index(None, "state"),
)
"""Loosenings that people were asked for, with each vote and what came of them."""

INCIDENTS = Table(
    "incidents",
    METADATA,
    *columns_of(SafetyTripped, keys=("cause", "since"), without=("limit",), unsure=True),
    Column("threshold", Real),
    Column("closed_at", BigInteger),
    Column("closed_by", Text),
    Column("finding", Text),
    *_changed(),
)
"""What stopped new risk, from the event that shows it (`seq`) to who let it go on, and why."""

BREACHES = Table(
    "breaches",
    METADATA,
    *columns_of(IncidentOpened, keys=("incident_id",), unsure=True),
    Column("repeated", BigInteger),
    Column("closed_at", BigInteger),
    Column("closed_by", Text),
    Column("finding", Text),
    *_changed(),
    Index(None, "closed_at"),
)
"""Broken invariants, with the events before each, to who looked into it and found what."""

AUDIT = Table(
    "audit",
    METADATA,
    *columns_of(AuditEntry, keys=("position",), without=("at",)),
    *_made(),
    Index(None, "seq"),
)
"""Who did what, written down before it took effect; each row's hash covers the one before it."""

BOOK_KEEPING = (SCHEMA_REVISIONS, PROJECTION)

PROJECTED = (
    PROCESSES,
    DECISIONS,
    CANDIDATES,
    ORDERS,
    FILLS,
    POSITIONS,
    TRADES,
    FUNDING,
    EQUITY,
    POLICIES,
    ALERTS,
    INCIDENTS,
    BREACHES,
    APPROVALS,
    AUDIT,
    UNPROJECTED,
)
"""Tables that follow from the journal alone: they can be made anew from it."""
