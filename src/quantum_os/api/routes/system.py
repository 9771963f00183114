"""Routes of the inside: the line-up, the bus and its streams, the configuration, the metrics."""

from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from litestar.router import Router

from quantum_os.api.backlogs import Behind, standing
from quantum_os.api.clearance import Open, Role, needs
from quantum_os.api.given import FundOf, GatekeeperOf, PulseOf
from quantum_os.api.metrics import exposition
from quantum_os.api.sourced import Sourced, provenance
from quantum_os.events.base import stream_of
from quantum_os.events.catalog import EVENTS
from quantum_os.kernel.iso_time import iso

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

StreamName = Annotated[str, Parameter(max_length=64, description="A stream's name.")]


class ModuleLine(msgspec.Struct, frozen=True):
    """One module in the order of an order's life: what it hears and what it may say."""

    name: str
    kind: str
    critical: bool
    hears: list[str]
    says: list[str]


class LineUp(msgspec.Struct, frozen=True):
    """The whole fund."""

    source: str
    modules: list[ModuleLine]


class StreamRow(msgspec.Struct, frozen=True):
    """One stream: numbered = delivered + dead-lettered, always."""

    stream: str
    numbered: int
    delivered: int
    dead_lettered: int
    last_at: str | None
    heard_by: list[str]


class Slow(msgspec.Struct, frozen=True):
    """The slowest sampled call of a handler, in seconds."""

    module: str
    stream: str
    slowest_s: float


class BusAnswer(Sourced, frozen=True, kw_only=True):
    """The bus: where it stands, what flows through it, and how far behind its readers are.

    `readers` are the lanes before the bus, each copy of the journal, and the way in.
    """

    seq: int
    flushed_seq: int
    journal_lag: int
    waiting: int
    loop_late_s: float | None
    followers: int
    readers: list[Behind]
    streams: list[StreamRow]
    slowest: list[Slow]


@get("/lineup", opt=needs(Role.VIEWER), summary="Every module")
async def lineup(fund: FundOf) -> LineUp:
    """Lists the modules in the order in which they hear each event."""
    rows = [
        ModuleLine(
            name=module.name,
            kind=module.kind,
            critical=module.critical,
            hears=[stream_of(kind) for kind in module.consumes],
            says=sorted(stream_of(kind) for kind in module.produces),
        )
        for module in fund.life.modules
    ]
    return LineUp("lineup", rows)


@get(["/bus", "/streams"], opt=needs(Role.VIEWER), summary="The bus and its streams")
async def bus(fund: FundOf, pulse: PulseOf) -> BusAnswer:
    """Counts every stream; tells how late the loop is, and how far behind each reader of events."""
    life = fund.life
    routes = [each for each in life.runtime.bus.routes.values() if each.numbered]
    times = life.runtime.bus.latency.times
    return BusAnswer(
        **provenance(fund, "kernel.bus"),
        seq=life.runtime.bus.seq,
        flushed_seq=life.journal.flushed_seq,
        journal_lag=life.journal.lag,
        waiting=life.runtime.lanes.backlog,
        loop_late_s=pulse.late_s,
        followers=fund.hub.clients,
        readers=standing(fund),
        streams=[
            StreamRow(
                stream=each.stream,
                numbered=each.numbered,
                delivered=each.delivered,
                dead_lettered=each.numbered - each.delivered,
                last_at=iso(each.last_ts) if each.last_ts else None,
                heard_by=[hearer.module for hearer in each.hearers],
            )
            for each in routes
        ],
        slowest=[
            Slow(module, stream, time.slowest / 1e9) for (module, stream), time in times.items()
        ],
    )


@get("/streams/{stream:str}", opt=needs(Role.VIEWER), summary="What a stream's events hold")
async def stream_schema(stream: StreamName) -> dict[str, Any]:
    """Gives the JSON schema of a stream's events, as they are journaled."""
    if stream not in EVENTS:
        raise NotFoundException("no stream is called so")
    return msgspec.json.schema(EVENTS[stream])


@get("/config", opt=needs(Role.ANALYST), summary="The configuration, masked")
async def config(fund: FundOf) -> dict[str, Any]:
    """Gives what this process was told, with every secret hidden."""
    return {"source": "settings", "config": fund.facts.config}


@get("/metrics", opt=needs(Open.LOOPBACK), summary="For Prometheus", media_type=METRICS_TYPE)
async def metrics(fund: FundOf, gatekeeper: GatekeeperOf, pulse: PulseOf) -> Response[bytes]:
    """Gives every counter in Prometheus' text format; from this machine no token is needed."""
    return Response(exposition(fund, gatekeeper, pulse), media_type=METRICS_TYPE)


METRICS = Router(path="/", route_handlers=[metrics], tags=["probes"])
SYSTEM = Router(
    path="/api/v1", route_handlers=[lineup, bus, stream_schema, config], tags=["system"]
)
