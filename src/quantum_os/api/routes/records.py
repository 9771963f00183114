"""Routes of what was recorded: the journal, the audit, alerts and log lines."""

from itertools import islice
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import Parameter
from litestar.router import Router

from quantum_os.api.clearance import Role, needs
from quantum_os.api.given import FundOf
from quantum_os.api.log_lines import level_of, message_of
from quantum_os.api.paging import PAGE_USUAL, SEQ_MAX, Before, Limit, Page, in_turns, page_of
from quantum_os.api.routes.decisions import from_record
from quantum_os.api.sourced import Sourced, provenance
from quantum_os.api.told import plain, told
from quantum_os.events.catalog import EVENTS
from quantum_os.events.governance import AuditEntry
from quantum_os.governance.audit import broken_at
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.logs import NOTABLE

Seq = Annotated[int, Parameter(ge=1, le=SEQ_MAX, description="A sequence number.")]
Stream = Annotated[str, Parameter(max_length=64, description="A stream's name, as trade.intent.")]


class AuditAnswer(Sourced, frozen=True, kw_only=True):
    """Who did what, the latest first. `broken_at` is the first entry that is not as written."""

    items: list[dict[str, Any]]
    next: int | None
    checked: int
    broken_at: int | None


class LogLine(msgspec.Struct, frozen=True):
    """One notable event as a line."""

    seq: int
    at: str
    source: str
    level: str
    message: str


class Logs(Sourced, frozen=True, kw_only=True):
    """The latest notable events, the latest first."""

    lines: list[LogLine]


@get("/journal/{seq:int}", opt=needs(Role.VIEWER), summary="One event")
async def event(fund: FundOf, seq: Seq) -> dict[str, Any]:
    """Gives one journaled event by its number; 404 when it was not kept."""
    found = await from_record(fund, lambda recorded: recorded.event(seq))
    if found is None:
        raise NotFoundException("no such event is in the journal")
    return told(found)


@get("/journal", opt=needs(Role.VIEWER), summary="Events of a stream")
async def journal(
    fund: FundOf, stream: Stream, limit: Limit = PAGE_USUAL, before: Before = None
) -> Page:
    """Reads a stream of the journal backwards, the latest first."""
    if stream not in EVENTS:
        raise ClientException(f"no stream is called {stream!r}")
    start = SEQ_MAX if before is None else before
    found = await from_record(
        fund, lambda recorded: list(islice(recorded.backwards(stream, start), limit + 1))
    )
    return await page_of(fund, "storage.journal", found, limit, before)


@get("/audit", opt=needs(Role.ANALYST), summary="Who did what")
async def audit(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> AuditAnswer:
    """Lists acts of people, each written down before its effect, and checks their chain."""
    found = fund.board.kept("audit.entry")
    entries = [entry for each in reversed(found) if isinstance(entry := each.event(), AuditEntry)]
    page = await page_of(fund, "governance.audit", found, limit, before)
    return AuditAnswer(
        source=page.source,
        as_of=page.as_of,
        heard_at=page.heard_at,
        stale=page.stale,
        items=page.items,
        next=page.next,
        checked=len(entries),
        broken_at=broken_at(entries),
    )


@get("/alerts", opt=needs(Role.VIEWER), summary="Alerts")
async def alerts(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> Page:
    """Lists alerts raised and resolved, the latest first."""
    found = fund.board.kept("alert.raised", "alert.resolved")
    return await page_of(fund, "alerts", found, limit, before)


@get("/logs", opt=needs(Role.VIEWER), summary="Notable events as lines")
async def logs(fund: FundOf, limit: Limit = PAGE_USUAL) -> Logs:
    """Writes the latest notable events as log lines, as `logs -f` shows them."""
    kept = [each for each in fund.board.kept_streams if each in NOTABLE]
    known = provenance(fund, "kernel.logs", *kept)
    return Logs(**known, lines=await in_turns(_line, fund.board.kept(*kept)[:limit]))


def _line(envelope: Envelope) -> LogLine:
    return LogLine(
        envelope.seq,
        iso(envelope.ts),
        envelope.source,
        level_of(envelope.stream),
        message_of(envelope.stream, plain(envelope.event())),
    )


RECORDS = Router(
    path="/api/v1",
    route_handlers=[event, journal, audit, alerts, logs],
    tags=["records"],
)
