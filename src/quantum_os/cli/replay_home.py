"""How a stretch of a home's past is played again: from the nearest snapshot, by its own plan."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec

from quantum_os.cli.build import build
from quantum_os.cli.console import err, out, print_json, progress_bar, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.results import intents_of, module_of
from quantum_os.events.system import ProcessStarted
from quantum_os.execution.venues.remote_sim.address import Address
from quantum_os.execution.venues.remote_sim.client import Client, ClientConfig
from quantum_os.execution.venues.remote_sim.feed import RemoteFeed
from quantum_os.execution.venues.remote_sim.venue import RemoteVenue
from quantum_os.kernel import logs
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import perf_ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.logs import LogTap
from quantum_os.kernel.reactor import Module, UnknownSnapshotVersion
from quantum_os.kernel.recovery import STARTED
from quantum_os.kernel.snapshots import DamagedSnapshot, SnapshotFolder, restore
from quantum_os.lineup import Plan, line_up
from quantum_os.market.feeds.pace import Pace
from quantum_os.portfolio.ledger import Ledger
from quantum_os.portfolio.track_record import TrackRecord
from quantum_os.storage.home import Home
from quantum_os.storage.home_replay import Remade, Source, Window, replay_rows
from quantum_os.storage.journal_file import JournalFile
from quantum_os.storage.verification import Mismatch


class HomeReplay(msgspec.Struct, frozen=True):
    """What a replay came to: how much was compared, what differed, and the state at its end."""

    home: str
    start: str
    end: str
    from_snapshot: int
    events: int
    inputs: int
    mismatches: int
    first: Mismatch | None
    wall_s: float
    equity: float
    positions: int
    trades: int
    intents: int
    decision_hash: str


class Request(msgspec.Struct, frozen=True):
    """Which stretch of which home, whether it is compared, and how fast (0: as fast as it goes)."""

    home: Home
    window: Window
    verifies: bool
    speed: float = 0.0


def replay_home(request: Request, *, as_json: bool) -> None:
    """Plays a stretch again and tells what it came to; exit code 1 when something differs."""
    journal = request.home.journal
    if not journal.is_file():
        refuse(f"{request.home.folder}: no {journal.name} there; `quantum-os run` makes one")
    file = JournalFile(journal)
    try:
        logs.configure()
        found = replayed(request, file, _first(file), file.last_ts())
    finally:
        file.close()
    if as_json:
        print_json(found)
    else:
        _tell(found, verifies=request.verifies)
    if request.verifies and found.mismatches:
        raise SystemExit(ExitCode.FAILED)


def replayed(request: Request, source: Source, first: ProcessStarted, last_ts: int) -> HomeReplay:
    """Plays a stretch of any source that holds the home's events, the last of them at `last_ts`."""
    if first.build != build():
        note = f"recorded by {first.build}, replayed by {build()}: the code has changed"
        err.print(note, style="yellow", highlight=False)
    remade = Remade()
    bus, modules, base = _beginning(request, first, remade)
    rows = _paced(source.read(base + 1), request) if request.speed else source.read(base + 1)
    began = perf_ns()
    end = min(request.window.end, last_ts)
    with progress_bar("replay", max(bus.instant.ns, first.started_at), end) as moved:
        verified = replay_rows(rows, bus, remade, request.window, moved)
    record = module_of(modules, TrackRecord).state
    ledger = module_of(modules, Ledger).state
    return HomeReplay(
        home=str(request.home.folder),
        start=iso(request.window.start),
        end=iso(bus.instant.ns),
        from_snapshot=base,
        events=verified.events,
        inputs=verified.inputs,
        mismatches=verified.mismatches,
        first=verified.first,
        wall_s=round((perf_ns() - began) / 1e9, 3),
        equity=float(ledger.wallet.equity),
        positions=len(ledger.positions),
        trades=record.trades,
        intents=intents_of(modules).total,
        decision_hash=str(bus.digest.decisions),
    )


def _first(file: JournalFile) -> ProcessStarted:
    row = file.first_of(STARTED)
    event = None if row is None else row.event()
    if not isinstance(event, ProcessStarted):
        refuse("the journal is empty: there is nothing to replay")
    return event


def _beginning(
    request: Request, first: ProcessStarted, remade: Remade
) -> tuple[Bus, tuple[Module, ...], int]:
    """A fresh line-up at the last snapshot before the window, or before the first event."""
    plan = _plan(request.home.plan)
    for _, snapshot in SnapshotFolder(request.home.snapshots).newest_first():
        if snapshot is None or snapshot.ts >= request.window.start:
            continue
        modules = _modules(plan, first)
        bus = Bus(modules, remade, muted=True)
        try:
            restore(snapshot, bus, modules, build())
        except (DamagedSnapshot, UnknownSnapshotVersion):
            continue
        return bus, modules, snapshot.seq
    modules = _modules(plan, first)
    return Bus(modules, remade, muted=True), modules, 0


def _plan(path: Path) -> Plan:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan, strict=False)
    except FileNotFoundError:
        refuse(f"{path} is missing: without its plan a home cannot be replayed")
    except msgspec.MsgspecError as error:
        refuse(f"{path}: {error}")


def _modules(plan: Plan, first: ProcessStarted) -> tuple[Module, ...]:
    """The line-up of the recorded process; its edges are there by name, and do nothing."""
    if not first.world_went_on:
        return line_up(plan)
    silent = Client(ClientConfig(Address()))
    return line_up(plan, RemoteFeed(silent), RemoteVenue(silent))


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


def _tell(found: HomeReplay, *, verifies: bool) -> None:
    if verifies and found.first is None:
        out.print(f"[green]identical[/]: {found.events:,} events from {found.inputs:,} inputs")
    elif found.first is not None and verifies:
        first = found.first
        out.print(f"[red]{found.mismatches:,} of {found.events:,} events differ[/]")
        out.print(f"first: seq {first.seq} {first.stream} at {iso(first.ts)}: {first.why}")
        out.print(f"recorded {first.recorded}, replayed {first.replayed}")
    out.print(
        f"at {found.end}: equity {found.equity:,.2f} USD, {found.positions} positions, "
        f"{found.trades} trades, {found.intents} intents; {found.wall_s:.1f} s",
        highlight=False,
    )
