"""One life of the simulated fund: recovered from its disk, run by the real runtime, then ended."""

from collections.abc import Callable, Sequence

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.units import Mode
from quantum_os.exchange.endpoint import TESTNET, Realm
from quantum_os.exchange.keys import Keys
from quantum_os.exchange.line import Line
from quantum_os.exchange.venue_clock import VenueClock
from quantum_os.execution.venues.binance.dialect import BinanceDialect
from quantum_os.execution.venues.ccxt.venue import ExchangeVenue, VenueConfig
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.checkpoints import Checkpoints
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.edge import Edge, Heard
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.lanes import Lanes
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.recovery import Recovered
from quantum_os.kernel.runtime import Keeping, Runtime
from quantum_os.kernel.tapped_journal import TappedJournal
from quantum_os.kernel.timers import Timers
from quantum_os.lineup import line_up, refuse_gaps
from quantum_os.simulator.disk import NOWHERE
from quantum_os.simulator.draws import Draws
from quantum_os.simulator.exchange import KEY, SECRET
from quantum_os.simulator.feed import live_feed
from quantum_os.simulator.journal_turns import TurnWriter
from quantum_os.simulator.mortality import Tether
from quantum_os.simulator.stage import BUILD, OPENS_NS, SYMBOLS, VENUE
from quantum_os.simulator.world import World
from quantum_os.storage.emergency_spool import EmergencySpool
from quantum_os.storage.home import Home
from quantum_os.storage.journal_watch import Disk, JournalWatch
from quantum_os.storage.sqlite_journal import SqliteJournal
from quantum_os.storage.standing_again import Household, alerts_of, stand_again

JOURNAL_LOOK_S = 0.5
"""Seconds between two looks at the journal: half as often as the product, for what each costs."""

SNAPSHOT_S = 240.0
SNAPSHOT_EVENTS = 2_500
"""Snapshots come often, so that an hour sees many and tears some."""

ROOMY = Disk(free=2**40, total=2**41)


class Life(msgspec.Struct, frozen=True):
    """A life that is ready to run; `first` are the inputs that it begins with.

    `fund` is what was lined up before a variant took its place; it knows what the fund knows.
    """

    tether: Tether
    runtime: Runtime
    bus: Bus
    fund: tuple[Module, ...]
    household: Household
    venue: ExchangeVenue
    first: Sequence[Event]


class Stood(msgspec.Struct, frozen=True):
    """A fund that has come back to where its journal ends, and is heard by nobody yet."""

    recovered: Recovered
    fund: tuple[Module, ...]
    household: Household
    venue: ExchangeVenue
    epoch: int


def stands(world: World, tether: Tether) -> Stood:
    """Comes back from the disk; raises what a recovery raises, and Crashed in its middle."""
    line = Line(VenueClock(world.wall, world.loop.monotonic_ns))
    feed = live_feed(world, tether, line)
    venue = _venue(world, tether, line)
    household = _household(world, tether)
    epoch = world.epoch = max(household.last_epoch(), world.epoch) + 1
    tether.visit("opened")

    fund: list[Module] = []

    def build(opened: Household) -> tuple[Module, ...]:
        watch = JournalWatch(opened.journal, opened.spool, lambda: ROOMY, JOURNAL_LOOK_S)
        fund[:] = (*line_up(world.prelude.plan, feed, venue, (world.voter,)), watch)
        refuse_gaps(fund)
        return world.variant(tuple(fund))

    recovered = stand_again(household, build, BUILD, 1)
    tether.visit("recovered")
    return Stood(recovered, tuple(fund), household, venue, epoch)


def begun(
    world: World, tether: Tether, lanes: Lanes, taps: Sequence[Callable[[Envelope], None]]
) -> Life:
    """Gets the next life ready to run; raises what `stands` raises."""
    stood = stands(world, tether)
    recovered, household = stood.recovered, stood.household
    bus, modules = recovered.bus, recovered.modules
    stood_at = bus.instant.ns
    now = max(stood_at, world.wall())
    for module in modules:
        if isinstance(module, Edge):
            module.go_on(Heard(bus.inputs, stood_at))
    checkpoints = Checkpoints(
        household.snapshots,
        household.journal,
        BUILD,
        every_s=SNAPSHOT_S,
        every_events=SNAPSHOT_EVENTS,
    )
    checkpoints.begin(recovered.snapshot_seq)
    runtime = Runtime(
        modules=modules,
        bus=bus,
        timers=next(module for module in modules if isinstance(module, Timers)),
        journal=household.journal,
        clock=ReplayClock(now),
        keeping=Keeping(household.spool, None, checkpoints),
        lanes=lanes,
    )
    bus.write_to(TappedJournal(household.journal, *taps, runtime.keepers))
    plan = world.prelude.plan
    started = plan.first_event(BUILD, now, stood.epoch, world_went_on=True)
    first = [started, *alerts_of(household, recovered, now)]
    return Life(tether, runtime, bus, stood.fund, household, stood.venue, first)


def _household(world: World, tether: Tether) -> Household:
    disk, draws = world.disk, Draws(world.seed, "disk", str(world.epoch))
    journal = SqliteJournal(
        NOWHERE,
        open_file=lambda path: disk.journal(tether),
        start_writer=lambda gathered: TurnWriter(gathered, world.loop, world.faults, tether, draws),
    )
    spool = EmergencySpool(NOWHERE, open_file=lambda path, size: disk.spool_file(tether))
    notes = (spool.damage,) if spool.damage else ()
    return Household(Home(NOWHERE), journal, spool, disk.snapshot_folder(tether), notes)


def _venue(world: World, tether: Tether, line: Line) -> ExchangeVenue:
    config = VenueConfig(TESTNET, Mode.TESTNET, SYMBOLS, seed=world.seed, since=OPENS_NS)
    keys = Keys(VENUE, Realm.TESTNET, KEY, SECRET)
    dialect = BinanceDialect(Realm.TESTNET)
    return ExchangeVenue(dialect, config, keys, line, world.wire.connect(tether))
