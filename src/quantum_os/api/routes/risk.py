"""Routes of risk: the limits in force and who set them, the latches, and what was refused."""

from typing import Any

import msgspec
from litestar import get
from litestar.router import Router

from quantum_os.api.clearance import Role, needs
from quantum_os.api.given import FundOf
from quantum_os.api.paging import PAGE_USUAL, Before, Limit, Page, page_of
from quantum_os.api.sourced import Sourced, provenance
from quantum_os.api.told import plain
from quantum_os.events.risk import SafetyAction
from quantum_os.kernel.iso_time import iso
from quantum_os.risk.gate import RiskGate
from quantum_os.risk.invariants.reactor import Incident, Invariants
from quantum_os.risk.safety import Safety
from quantum_os.sizing.correlation import RETURNS_MIN, WINDOW_HOURS, matrix
from quantum_os.sizing.sizer import Sizer

LATCH_STREAMS = ("safety.tripped", "safety.cleared")
INCIDENT_STREAMS = ("incident.opened", "incident.closed")


class Lock(msgspec.Struct, frozen=True):
    """A latch that is closed: no new risk until its way out was taken. Exits never stop.

    A cause that begins with `venue.` is the venue's own: it holds back entries of the symbol that
    stands behind a colon, or of all, as `way_out` says.
    """

    cause: str
    action: str
    since: str
    until: str | None
    value: float | None
    limit: float | None
    way_out: str


class Locks(Sourced, frozen=True, kw_only=True):
    """Every closed latch; none means that entries are judged by the gate alone."""

    locks: list[Lock]


class OpenIncident(msgspec.Struct, frozen=True):
    """A broken invariant that nobody has looked into; `repeated` counts how often it was again.

    New risk is stopped by the latch `cause`; clearing it with a reason closes the incident.
    """

    incident_id: str
    number: int
    name: str
    kind: str
    sentence: str
    subject: str
    values: str
    since: str
    opened_at: str
    repeated: int
    cause: str


class Incidents(Sourced, frozen=True, kw_only=True):
    """What is broken of the invariants now, and incidents opened and closed, the latest first."""

    open: list[OpenIncident]
    items: list[dict[str, Any]]
    next: int | None


class Limits(Sourced, frozen=True, kw_only=True):
    """The policy in force and its effective limits, each with the authority that binds it."""

    version: str | None
    valid_until: str | None
    profile: str | None
    report_only: list[str]
    limits: dict[str, Any] | None


class Correlations(Sourced, frozen=True, kw_only=True):
    """How alike symbols moved: `rho[i][j]` by hourly log returns, null while too few are shared.

    `returns[i][j]` counts the returns that both have; below `returns_min` nothing is told, and
    `reason` says so. `assumed` is what sizing and heat suppose of a pair that is not known.
    """

    symbols: list[str]
    rho: list[list[float | None]]
    returns: list[list[int]]
    bars: int
    window_hours: int
    returns_min: int
    last_bar: str | None
    assumed: float | None
    reason: str


class Book(Sourced, frozen=True, kw_only=True):
    """What the gate counts as taken, and what it knows; null where nobody told it."""

    self_test: bool | None
    reconciled: bool
    positions: int
    reservations: int
    entries_today: int
    margin_util: float | None
    drawdown: float | None
    day_pnl_frac: float | None
    heat: float | None
    exposure: dict[str, Any] | None


@get("/locks", opt=needs(Role.VIEWER), summary="Closed latches")
async def locks(fund: FundOf) -> Locks:
    """Lists why new risk is stopped now, since when, and how each latch opens again."""
    return Locks(**provenance(fund, "risk.safety"), locks=locks_of(fund))


@get("/locks/history", opt=needs(Role.VIEWER), summary="Latches closed and opened")
async def lock_history(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> Page:
    """Lists when latches closed and opened, the latest first."""
    return await page_of(fund, "risk.safety", fund.board.kept(*LATCH_STREAMS), limit, before)


@get("/incidents", opt=needs(Role.VIEWER), summary="Broken invariants")
async def incidents(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> Incidents:
    """Lists the incidents that are open, and each one opened or closed with its events."""
    page = await page_of(fund, "risk.invariants", fund.board.kept(*INCIDENT_STREAMS), limit, before)
    return Incidents(
        source=page.source,
        as_of=page.as_of,
        heard_at=page.heard_at,
        stale=page.stale,
        open=[_told(each) for each in fund.module(Invariants).state.open.values()],
        items=page.items,
        next=page.next,
    )


@get("/limits", opt=needs(Role.VIEWER), summary="Limits in force")
async def limits(fund: FundOf) -> Limits:
    """Tells the most restrictive of all sources for each limit, and which of them binds."""
    policy = fund.module(Safety).state.policy
    return Limits(
        **provenance(fund, "governance.policy", "policy.updated"),
        version=None if policy is None else policy.version,
        valid_until=None if policy is None else iso(policy.valid_until),
        profile=None if policy is None else policy.policy.profile,
        report_only=[] if policy is None else [gate.value for gate in policy.policy.report_only],
        limits=None if policy is None else plain(policy.limits),
    )


@get("/risk", opt=needs(Role.VIEWER), summary="What is taken")
async def risk(fund: FundOf) -> Book:
    """Tells what the gate holds against its limits: margin, drawdown, heat, exposure."""
    book = fund.module(RiskGate).state.book
    account = book.account
    snapshot = fund.board.last.get("portfolio.snapshot_updated")
    exposure = fund.board.last.get("portfolio.exposure_updated")
    return Book(
        **provenance(fund, "risk.gate", "account.updated", "portfolio.exposure_updated"),
        self_test=book.self_test,
        reconciled=book.reconciled,
        positions=len(book.positions),
        reservations=len(book.reservations),
        entries_today=book.entries,
        margin_util=None if account is None else account.margin_util,
        drawdown=None if account is None else account.drawdown,
        day_pnl_frac=None if account is None else account.day_pnl_frac,
        heat=None if snapshot is None else plain(snapshot.envelope.event())["heat"],
        exposure=None if exposure is None else plain(exposure.envelope.event()),
    )


@get("/risk/correlation", opt=needs(Role.VIEWER), summary="How alike symbols move")
async def correlation(fund: FundOf) -> Correlations:
    """Measures every pair over the last week of hours that the fund heard."""
    known = fund.module(Sizer).state
    window = known.window
    found = matrix(window)
    most = max((n for row in found.returns for n in row), default=0)
    few = f"{most} hourly returns were heard, {RETURNS_MIN} are needed"
    policy = known.policy
    return Correlations(
        **provenance(fund, "sizing.correlation", "market_data"),
        symbols=list(found.symbols),
        rho=[list(row) for row in found.rho],
        returns=[list(row) for row in found.returns],
        bars=len(window.prices),
        window_hours=WINDOW_HOURS,
        returns_min=RETURNS_MIN,
        last_bar=iso(window.last_row) if window.last_row else None,
        assumed=None if policy is None else policy.policy.risk.correlation_assumed,
        reason="" if most >= RETURNS_MIN else few,
    )


@get("/refusals", opt=needs(Role.VIEWER), summary="What was refused")
async def refusals(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> Page:
    """Lists refused intents and dropped candidates with gate, value and limit, the latest first."""
    found = fund.board.kept("risk.refusal", "candidate.refused")
    return await page_of(fund, "risk.gate", found, limit, before)


def locks_of(fund: FundOf) -> list[Lock]:
    """Gives every closed latch, and what the venue holds back."""
    state = fund.module(Safety).state
    latches = [
        Lock(
            cause=each.cause,
            action=each.action,
            since=iso(each.since),
            until=None if each.until is None else iso(each.until),
            value=each.value,
            limit=each.limit,
            way_out=each.way_out,
        )
        for each in state.latches.values()
    ]
    halts = [
        Lock(
            cause=each.name,
            action=SafetyAction.HALT_ENTRIES,
            since=iso(each.since),
            until=None,
            value=None,
            limit=None,
            way_out=f"{each.reason}; {each.way_out}",
        )
        for each in state.halts.values()
    ]
    return latches + halts


def _told(incident: Incident) -> OpenIncident:
    violation, invariant = incident.violation, incident.violation.invariant
    return OpenIncident(
        incident_id=incident.incident_id,
        number=invariant.number,
        name=invariant.name,
        kind=invariant.kind,
        sentence=invariant.sentence,
        subject=violation.subject,
        values=violation.values,
        since=iso(violation.since),
        opened_at=iso(incident.opened_at),
        repeated=incident.repeated,
        cause=incident.cause,
    )


RISK = Router(
    path="/api/v1",
    route_handlers=[locks, lock_history, incidents, limits, risk, correlation, refusals],
    tags=["risk"],
)
