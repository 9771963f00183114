"""One life of a live process: recovered, ready to run, and let go of in order."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar, runtime_checkable

import msgspec
import structlog

from quantum_os.ai.models.artefact import ArtefactRefused
from quantum_os.ai.models.loaded import Loaded
from quantum_os.cli.adopted_models import adopted
from quantum_os.cli.backtesting import timers_of
from quantum_os.cli.copies import Copies, check_store, keepers_of
from quantum_os.cli.homecoming import HomeRefused, come_back, open_home, refuse_another
from quantum_os.cli.life_signs import LifeSigns, status_of
from quantum_os.cli.sd_notify import ServiceManager
from quantum_os.events.ai import ID_DIGITS
from quantum_os.events.base import Event
from quantum_os.events.system import AlertRaised, Severity
from quantum_os.events.units import Ns
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.checkpoints import Checkpoints
from quantum_os.kernel.clock import ReplayClock, WallClock, monotonic_ns
from quantum_os.kernel.edge import Edge, Heard
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import JournalFailed
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.recovery import STARTED, Recovered
from quantum_os.kernel.runtime import Ending, Keeping, Runtime
from quantum_os.kernel.tapped_journal import TappedJournal
from quantum_os.lineup import Plan, line_up, refuse_gaps
from quantum_os.storage.home import Home
from quantum_os.storage.instance import Instance
from quantum_os.storage.journal_file import JournalFile
from quantum_os.storage.journal_watch import JournalWatch, disk_of
from quantum_os.storage.lease import LeaseKeeper
from quantum_os.storage.sqlite_journal import SqliteJournal
from quantum_os.storage.standing_again import Household, alerts_of

T = TypeVar("T")

Tap = Callable[[Envelope], None]
"""What hears every event as it is journaled."""

NS_PER_MS = 1_000_000

RESTARTS_MAX = 3
RESTARTS_WINDOW_S = 600.0
"""A money-path fault restarts the process through recovery, so often in so many wall seconds."""

DRAIN_S = 5.0
"""Wall seconds in which a copy must come nearer to the journal's end, once the fund has stopped."""

DRAIN_ROUNDS = 6
"""How often it gets these seconds: a stop takes half a minute at most."""

_log = structlog.get_logger("quantum_os.process")


@runtime_checkable
class Draining(Protocol):
    """An edge that can write more after its task has ended; it says how many events it lacks.

    `trouble` says what was in the way of the rest.
    """

    name: ClassVar[str]
    trouble: str

    async def drain(self, budget_s: float) -> int: ...


class Edges(msgspec.Struct, frozen=True):
    """What a life has to do with the world; None where it is simulated or silent."""

    feed: Module | None = None
    venue: Module | None = None
    keepers: tuple[Module, ...] = ()


class Process(msgspec.Struct, frozen=True):
    """What a process is made of.

    `make_edges` gives new edges to each life, by its epoch. `now` is the time (ns) at which an
    empty home, or a world that went on, is entered. `taps` see each event once it is journaled,
    recovery apart; `signs` tell whoever started the process how its lives go.
    """

    plan: Plan
    home: Home
    build: str
    now: int
    make_edges: Callable[[int], Edges]
    world_went_on: bool = False
    taps: tuple[Tap, ...] = ()
    open_file: Callable[[Path], JournalFile] = JournalFile
    copies: Copies = Copies()
    signs: LifeSigns = msgspec.field(default_factory=lambda: LifeSigns(ServiceManager()))


class Life(msgspec.Struct, frozen=True):
    """One life that is ready to run; `first` are the inputs that it begins with."""

    runtime: Runtime
    bus: Bus
    journal: SqliteJournal
    modules: tuple[Module, ...]
    checkpoints: Checkpoints
    recovered: Recovered
    first: list[Event]


class Restarts:
    """Says whether a process that broke may start once more."""

    def __init__(self) -> None:
        self._at: list[int] = []

    def allowed(self) -> bool:
        """Counts a fault; False for the one too many."""
        now = monotonic_ns()
        self._at = [at for at in self._at if now - at < RESTARTS_WINDOW_S * 1e9] + [now]
        return len(self._at) <= RESTARTS_MAX


async def live_on(
    process: Process, instance: Instance, attend: Callable[[Life], Awaitable[tuple[Ending, T]]]
) -> tuple[Ending, T]:
    """Lives one life after another while the money path breaks, and gives the last one's end.

    `attend` runs a life. Raises what a recovery raises.
    """
    restarts = Restarts()
    again = False
    while True:
        process.signs.recovers()
        async with life(process, instance, again=again) as lived:
            ending, came_of_it = await attend(lived)
        if not ending.may_restart or not restarts.allowed():
            return ending, came_of_it
        _log.error("restarting through recovery", why=ending.fault)
        await instance.begin_life(instance.epoch + 1)
        again = True


@asynccontextmanager
async def life(process: Process, instance: Instance, *, again: bool = False) -> AsyncIterator[Life]:
    """Comes back to where the last life ended, and closes the home when this one is over.

    Raises HomeRefused, CopyRefused, AnotherBuild, Diverged and JournalDamaged, and then nothing was
    started; at the end JournalFailed, when not everything could be written. A process that lives
    `again` does not wait for its store: positions do.
    """
    household = open_home(process.home, process.open_file)
    try:
        refuse_another(household, process.plan, world_went_on=process.world_went_on)
        await instance.begin_life(household.last_epoch() + 1)
        models = _models(process.plan, household)
        now_ms = WallClock().now() // NS_PER_MS

        def make(opened: Household) -> tuple[Module, ...]:
            if not again:
                check_store(process.copies, process.home, opened.journal)
            return _modules(process, opened, instance, models)

        household, recovered = come_back(household, make, process.build, now_ms)
        lived = _ready(process, household, recovered, instance)
        lived.first.extend(_told(models, lived.bus.instant.ns))
        yield lived
        await _drain(lived)
    except BaseException:
        with suppress(JournalFailed):
            household.close()
        raise
    household.close()


async def _drain(lived: Life) -> None:
    """Gives the copies what the last modules said after the edges had stopped."""
    await lived.journal.barrier(lived.journal.last_seq)
    for copy in (module for module in lived.modules if isinstance(module, Draining)):
        behind = await _drained(copy)
        if behind:
            _log.warning(
                f"{copy.name} is {behind} events behind; the next start writes the rest",
                why=copy.trouble,
            )


async def _drained(copy: Draining) -> int:
    """Lets a copy write for as long as it comes nearer; gives what it lacks in the end."""
    behind = await copy.drain(DRAIN_S)
    for _ in range(1, DRAIN_ROUNDS):
        if not behind:
            break
        before, behind = behind, await copy.drain(DRAIN_S)
        if behind >= before:
            break
    return behind


def _models(plan: Plan, household: Household) -> Loaded | None:
    """Loads the models that decide; raises HomeRefused where they are not those of the plan.

    A new home refuses damaged ones, too. One in which somebody lived may hold positions: there the
    process goes on, and its mind is silent for the bars of the era.
    """
    if plan.models is None:
        return None
    try:
        models = adopted(plan.models, household.home)
    except (ArtefactRefused, OSError) as error:
        raise HomeRefused(f"models: {error}") from error
    if models.problem and household.journal.first_of(STARTED) is None:
        raise HomeRefused(f"models: {models.problem}")
    return models


def _told(models: Loaded | None, now: int) -> list[Event]:
    """What a life begins with about its models: each artefact, and an alert for one refused."""
    told: list[Event] = []
    for each in models.told if models is not None else ():
        told.append(each)
        if not each.serves:
            summary = f"{each.model} {each.artefact[:ID_DIGITS]} may not serve: {each.reason}"
            key = f"model:{each.artefact}"
            told.append(AlertRaised(key, "model", Severity.CRITICAL, summary, Ns(now)))
    return told


def _modules(
    process: Process, household: Household, instance: Instance, models: Loaded | None
) -> tuple[Module, ...]:
    edges = process.make_edges(instance.epoch)
    folder = process.home.folder
    watch = JournalWatch(household.journal, household.spool, lambda: disk_of(folder))
    lease = instance.lease
    holders = () if lease is None else (LeaseKeeper(lease, instance.epoch),)
    fund = line_up(process.plan, edges.feed, edges.venue, models=models)
    copies = keepers_of(process.copies, process.home, household.journal, instance.epoch)
    modules = (*fund, watch, *holders, *copies, *edges.keepers)
    refuse_gaps(modules)
    return modules


def _ready(
    process: Process, household: Household, recovered: Recovered, instance: Instance
) -> Life:
    bus, modules = recovered.bus, recovered.modules
    stood_at = bus.instant.ns
    now = max(stood_at, process.now) if process.world_went_on or not stood_at else stood_at
    for module in modules:
        if isinstance(module, Edge):
            module.go_on(Heard(bus.inputs, stood_at))
    checkpoints = Checkpoints(household.snapshots, household.journal, process.build)
    checkpoints.begin(recovered.snapshot_seq)
    runtime = Runtime(
        modules=modules,
        bus=bus,
        timers=timers_of(modules),
        journal=household.journal,
        clock=ReplayClock(now),
        keeping=Keeping(household.spool, instance.fence, checkpoints, process.signs),
    )
    process.signs.follow(lambda: status_of(process.plan.mode, runtime))
    bus.write_to(TappedJournal(household.journal, runtime.keepers, *process.taps))
    started = process.plan.first_event(
        process.build, now, instance.epoch, world_went_on=process.world_went_on
    )
    first = [started, *alerts_of(household, recovered, now)]
    return Life(runtime, bus, household.journal, modules, checkpoints, recovered, first)
