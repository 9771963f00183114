"""How a stretch of a process's past is played again: from the nearest snapshot, by its own plan."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import msgspec

from quantum_os.ai.models.loaded import Loaded
from quantum_os.ai.voter import Voter
from quantum_os.cli.adopted_models import kept_in
from quantum_os.cli.build import build
from quantum_os.cli.console import err, out, print_json, progress_bar, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.replay_models import models_then
from quantum_os.cli.replay_voters import voters_then
from quantum_os.cli.results import module_of
from quantum_os.events.system import ProcessStarted
from quantum_os.execution.conservation import Conservation
from quantum_os.execution.venues.remote_sim.address import Address
from quantum_os.execution.venues.remote_sim.client import Client, ClientConfig
from quantum_os.execution.venues.remote_sim.feed import RemoteFeed
from quantum_os.execution.venues.remote_sim.venue import RemoteVenue
from quantum_os.execution.venues.sim.venue import SimVenue
from quantum_os.kernel import logs
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import perf_ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.logs import LogTap
from quantum_os.kernel.reactor import Module, UnknownSnapshotVersion
from quantum_os.kernel.recovery import STARTED
from quantum_os.kernel.snapshots import DamagedSnapshot, SnapshotFolder, restore
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.lineup import Plan, line_up
from quantum_os.market.feeds.pace import Pace
from quantum_os.portfolio.ledger import Ledger
from quantum_os.portfolio.track_record import TrackRecord
from quantum_os.storage.home import Home
from quantum_os.storage.home_replay import Remade, Window, replay_rows
from quantum_os.storage.journal_reading import DamagedRecord, Past, verified
from quantum_os.storage.verification import Mismatch, Verification


class PastReplay(msgspec.Struct, frozen=True):
    """What a replay came to: how much was compared, what differed, and the state at its end.

    `broken` says where and why the record could not be read on, `unfinished` how many events of its
    last cascade were never written.
    """

    home: str | None
    redis: str | None
    start: str
    end: str
    from_snapshot: int
    events: int
    inputs: int
    mismatches: int
    first: Mismatch | None
    broken: str
    unfinished: int
    wall_s: float
    equity: float
    positions: int
    trades: int
    intents: int
    decision_hash: str


class Request(msgspec.Struct, frozen=True):
    """Which stretch is played, whether it is compared, and how fast (0: as fast as it goes).

    `moved` names voters of that time that lie elsewhere now, `models` the folder of its models.
    """

    window: Window
    verifies: bool
    speed: float = 0.0
    moved: tuple[str, ...] = ()
    models: Path | None = None


class Minds(msgspec.Struct, frozen=True):
    """Who decided then: the voters, and the learned models if there were any."""

    voters: tuple[Voter, ...]
    models: Loaded | None


class Kept(msgspec.Struct, frozen=True):
    """Where a past is kept: in a home, in a Redis, or its events there and its snapshots here."""

    past: Past
    plan: bytes
    home: str | None = None
    redis: str | None = None
    snapshots: SnapshotFolder | None = None

    @property
    def name(self) -> str:
        return self.redis or self.home or ""


class Beginning(msgspec.Struct, frozen=True):
    """Where a replay begins: a line-up at an event (0: before the first), its build and its time.

    From `whole_from` on nothing was trimmed; before it there may be events all the same.
    """

    bus: Bus
    modules: tuple[Module, ...]
    seq: int
    build: str
    ts: int
    whole_from: int


def replay_past(request: Request, kept: Kept, *, as_json: bool) -> None:
    """Plays a stretch again and tells what it came to.

    Exit code 1 when something differs, or when the record is damaged or has a hole.
    """
    logs.configure()
    found = replayed(request, kept)
    if as_json:
        print_json(found)
    else:
        _tell(found, verifies=request.verifies)
    if found.broken or (request.verifies and found.mismatches):
        raise SystemExit(ExitCode.FAILED)


def replayed(request: Request, kept: Kept) -> PastReplay:
    """Plays a stretch of a past, wherever it is kept."""
    remade = Remade()
    begun = _beginning(request, kept, remade)
    if begun.build != build():
        note = f"recorded by {begun.build}, replayed by {build()}: the code has changed"
        err.print(note, style="yellow", highlight=False)
    bus, modules = begun.bus, begun.modules
    rows = verified(kept.past, begun.seq + 1 if begun.seq else None)
    began = perf_ns()
    end = min(request.window.end, kept.past.last_ts())
    with progress_bar("replay", begun.ts, end) as moved:
        paced = _paced(rows, request) if request.speed else rows
        held = replay_rows(paced, bus, remade, request.window, moved)
    record = module_of(modules, TrackRecord).state
    ledger = module_of(modules, Ledger).state
    return PastReplay(
        home=kept.home,
        redis=kept.redis,
        start=iso(request.window.start),
        end=iso(bus.instant.ns),
        from_snapshot=begun.seq,
        events=held.events,
        inputs=held.inputs,
        mismatches=held.mismatches,
        first=held.first,
        broken=_broken(held, begun.whole_from),
        unfinished=held.unfinished,
        wall_s=round((perf_ns() - began) / 1e9, 3),
        equity=float(ledger.wallet.equity),
        positions=len(ledger.positions),
        trades=record.trades,
        intents=module_of(modules, Conservation).state.total,
        decision_hash=str(bus.digest.decisions),
    )


def _beginning(request: Request, kept: Kept, remade: Remade) -> Beginning:
    """A fresh line-up at the last snapshot before the window, or before the first event."""
    whole_from = kept.past.whole_from()
    if whole_from is None:
        refuse(f"{kept.name}: the journal is empty: there is nothing to replay")
    plan = _plan(kept)
    models = request.models
    if models is None and plan.models is not None and kept.home is not None:
        models = kept_in(Home(Path(kept.home)), plan.models)
    minds = Minds(voters_then(plan, request.moved), models_then(plan, models))
    newest_first = () if kept.snapshots is None else kept.snapshots.newest_first()
    for _, snapshot in newest_first:
        if snapshot is None or snapshot.ts >= request.window.start:
            continue
        modules = modules_then(plan, minds, world_went_on=SimVenue.name not in snapshot.modules)
        bus = Bus(modules, remade, muted=True)
        try:
            restore(snapshot, bus, modules, build())
        except (DamagedSnapshot, UnknownSnapshotVersion):
            continue
        if snapshot.seq + 1 < whole_from and not _has(kept.past, snapshot.seq + 1):
            why = f"the snapshot to begin from is of event {snapshot.seq}"
            _refuse_trimmed(kept, whole_from, why)
        return Beginning(bus, modules, snapshot.seq, snapshot.build, snapshot.ts, whole_from)
    first = _first(kept, whole_from)
    modules = modules_then(plan, minds, world_went_on=first.world_went_on)
    bus = Bus(modules, remade, muted=True)
    return Beginning(bus, modules, 0, first.build, first.started_at, whole_from)


def _plan(kept: Kept) -> Plan:
    try:
        return msgspec.json.decode(kept.plan, type=Plan, strict=False)
    except UNREADABLE as error:
        refuse(f"{kept.name}: its plan cannot be read: {error}")


def _first(kept: Kept, whole_from: int) -> ProcessStarted:
    """Gives the start of the process's first life, which everything follows from; or refuses."""
    try:
        row = kept.past.first_of(STARTED)
        event = None if row is None else row.event()
    except (*UNREADABLE, DamagedRecord) as error:
        refuse(f"{kept.name}: how it started cannot be read: {error}", ExitCode.FAILED)
    if row is None or not isinstance(event, ProcessStarted) or row.seq != whole_from:
        hint = "; --home names the folder of its snapshots" if kept.snapshots is None else ""
        _refuse_trimmed(kept, whole_from, f"there is no snapshot to begin from{hint}")
    return event


def _has(past: Past, seq: int) -> bool:
    with suppress(DamagedRecord):
        row = next(past.read(seq), None)
        return row is not None and row.seq == seq
    return True  # it is there, and what is wrong with it is said when it is played


def _broken(held: Verification, whole_from: int) -> str:
    """Says where the record broke off; of what is missing, whether it may have been trimmed."""
    if held.broken and held.first is not None and held.first.seq < whole_from:
        return f"{held.broken}; some streams were trimmed up to event {whole_from}"
    return held.broken


def _refuse_trimmed(kept: Kept, whole_from: int, why: str) -> NoReturn:
    refuse(f"{kept.name}: whole only from event {whole_from} on, the rest was trimmed, and {why}")


def modules_then(plan: Plan, minds: Minds, *, world_went_on: bool) -> tuple[Module, ...]:
    """The line-up of the recorded process; its edges are there by name, and do nothing."""
    if not world_went_on:
        return line_up(plan, voters=minds.voters, models=minds.models)
    silent = Client(ClientConfig(Address()))
    return line_up(plan, RemoteFeed(silent), RemoteVenue(silent), minds.voters, minds.models)


def _paced(rows: Iterator[Envelope], request: Request) -> Iterator[Envelope]:
    """Gives the rows at their time, and says what happens in them, from the window's start on."""
    pace = Pace(request.speed, request.window.start)
    say = LogTap(request.window.start)
    with asyncio.Runner() as runner:
        for row in rows:
            if row.cause == 0:
                runner.run(pace.rest_until(row.ts))
            if row.ts < request.window.end:
                say(row)
            yield row


def _tell(found: PastReplay, *, verifies: bool) -> None:
    if found.broken:
        out.print(f"[red]broken off[/]: {found.broken}", soft_wrap=True)
    if verifies and found.first is None:
        out.print(f"[green]identical[/]: {found.events:,} events from {found.inputs:,} inputs")
    elif found.first is not None and verifies:
        first = found.first
        out.print(f"[red]{found.mismatches:,} of {found.events:,} events differ[/]")
        out.print(f"first: seq {first.seq} {first.stream} at {iso(first.ts)}: {first.why}")
        out.print(f"recorded {first.recorded}, replayed {first.replayed}")
    if found.unfinished:
        out.print(f"the record ends within a cascade: {found.unfinished} events were not written")
    out.print(
        f"at {found.end}: equity {found.equity:,.2f} USD, {found.positions} positions, "
        f"{found.trades} trades, {found.intents} intents; {found.wall_s:.1f} s",
        highlight=False,
    )
