"""Routes of the process itself: that it lives, what it is, and whether it may be trusted now."""

import msgspec
from litestar import Response, get
from litestar.router import Router

from quantum_os.api.clearance import Open, Role, needs
from quantum_os.api.given import FundOf, PulseOf
from quantum_os.api.readiness import Readiness, readiness
from quantum_os.api.sourced import Sourced, provenance
from quantum_os.kernel.iso_time import iso


class Pong(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str


class Version(msgspec.Struct, frozen=True):
    """Which release and build this is, and how real its money is."""

    version: str
    build: str
    mode: str
    profile: str
    is_synthetic: bool


class ModuleRow(msgspec.Struct, frozen=True):
    """One module's state, since when, and why."""

    module: str
    state: str
    since: str | None
    reason: str
    last_event_at: str | None
    critical: bool


class KeeperRow(msgspec.Struct, frozen=True):
    """The last word of a keeper of events; one that never had trouble has not spoken."""

    keeper: str
    ok: bool
    since: str
    lag: int
    reason: str


class HealthAnswer(Sourced, frozen=True, kw_only=True):
    """Every module by its own state, and the worst of them for the whole."""

    ok: bool
    summary: str
    modules: list[ModuleRow]
    keepers: list[KeeperRow]


@get("/healthz", opt=needs(Open.ANYBODY), summary="Whether the process answers")
async def healthz() -> Pong:
    """Says that the one loop of the process turns. It says nothing of the fund; see readyz."""
    return Pong("ok")


@get("/readyz", opt=needs(Open.LOOPBACK), summary="Whether events flow")
async def readyz(fund: FundOf, pulse: PulseOf) -> Response[Readiness]:
    """Judges the flow: the market's age, what waits, how far the stores are behind, the loop.

    503 while any check fails. No token is needed from this machine.
    """
    found = readiness(fund, pulse)
    return Response(found, status_code=200 if found.ready else 503, media_type="application/json")


@get("/ping", opt=needs(Open.ANYBODY), summary="Pong")
async def ping() -> Pong:
    """Answers `pong`, as users of other bots expect."""
    return Pong("pong")


@get("/version", opt=needs(Role.VIEWER), summary="Release, build and mode")
async def version(fund: FundOf) -> Version:
    """Tells which build runs, in which mode, and whether its market is made up."""
    facts = fund.facts
    return Version(facts.version, facts.build, facts.mode, facts.profile, facts.is_synthetic)


@get("/health", opt=needs(Role.VIEWER), summary="Every module and keeper")
async def health(fund: FundOf) -> HealthAnswer:
    """Tells each module's state; never `ok` while one does not run or a keeper is down."""
    found = fund.life.runtime.health()
    return HealthAnswer(
        **provenance(fund, "kernel.health", "module.state_changed", "storage.state"),
        ok=found.ok,
        summary=found.summary,
        modules=[
            ModuleRow(
                module=row.module,
                state=row.state,
                since=iso(row.since) if row.since else None,
                reason=row.reason,
                last_event_at=None if row.last_event_at is None else iso(row.last_event_at),
                critical=row.critical,
            )
            for row in found.modules
        ],
        keepers=[
            KeeperRow(each.keeper, each.ok, iso(each.since), each.lag, each.reason)
            for each in found.keepers
        ],
    )


PROBES = Router(path="/", route_handlers=[healthz, readyz], tags=["probes"])
PROCESS = Router(path="/api/v1", route_handlers=[ping, version, health], tags=["process"])
