"""Plays a whole fund over a made-up market and keeps every event, to hold laws to it."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import takewhile
from typing import Any

import msgspec

from quantum_os.ai.coming import Coming
from quantum_os.ai.models.models_card import ModelsCard
from quantum_os.events.base import Event
from quantum_os.events.units import NS_PER_HOUR, Mode
from quantum_os.execution.venues.sim.fault_script import Fault
from quantum_os.kernel.bus import KERNEL, Bus
from quantum_os.kernel.digest import RunDigest
from quantum_os.kernel.drive import Driver
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.timers import Timers
from quantum_os.lineup import Plan, line_up, models_of
from quantum_os.market.feeds.synthetic import START_NS, SyntheticMarket
from quantum_os.market.feeds.synthetic import Scenario as Plot
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.market.instrument_book import packaged_instruments
from quantum_os.settings import load_settings, policy_of

BUILD = "test"
VENUE = "binance"

TICKING_H = 8
"""Hours of a market that are told trade by trade where that is asked for."""

Frame = tuple[int, int, Event | None]
Bent = Callable[[Iterator[Frame]], Iterator[Frame]]
"""How a market is bent: bars taken out, a crash put in, an operator who speaks up."""


class Scenario(msgspec.Struct, frozen=True):
    """What is played: the weather, the venue's chance and mischief, the policy, the length.

    Decisions are made every 15 minutes, which no fund should do, so that two days hold many trades.
    With `ticks` the market is told trade by trade in its last hours, or from before its crash on.
    """

    weather: int = 1
    seed: int = 1
    days: int = 2
    plot: Plot = Plot.CALM
    ticks: bool = False
    profile: str = "research"
    faults: tuple[Fault, ...] = ()
    sim: dict[str, Any] = {}
    policy: dict[str, Any] = {}


class Recorded(msgspec.Struct, frozen=True, dict=True):
    """A run that came to its end: all it said, the modules as they stand, the bus's own counts."""

    plan: Plan
    envelopes: tuple[Envelope, ...]
    modules: tuple[Module, ...]
    bus: Bus

    @cached_property
    def events(self) -> tuple[tuple[Envelope, Event], ...]:
        """Every envelope with its event, decoded once."""
        return tuple((envelope, envelope.event()) for envelope in self.envelopes)

    @property
    def digest(self) -> RunDigest:
        return self.bus.digest


def market_of(scenario: Scenario) -> SyntheticMarket:
    market = SyntheticMarket(seed=scenario.weather, days=scenario.days, scenario=scenario.plot)
    if not scenario.ticks:
        return market
    last_hours = market.end - TICKING_H * NS_PER_HOUR
    return msgspec.structs.replace(market, ticks_from=market.watched_from or last_hours)


def plan_of(scenario: Scenario) -> Plan:
    """Gives the plan that the command line would make of the same settings."""
    decision = {"timeframe": "15m", **scenario.policy.get("decision", {})}
    settings = load_settings(
        None,
        {
            "run": {"profile": scenario.profile, "seed": scenario.seed, "fast_decisions": True},
            "sim": {"seed": scenario.seed, **scenario.sim},
            "policy": {**scenario.policy, "decision": decision},
        },
        {"PATH": ""},
    )
    if scenario.faults:
        sim = msgspec.structs.replace(settings.sim, faults=scenario.faults)
        settings = msgspec.structs.replace(settings, sim=sim)
    market = market_of(scenario)
    return Plan(
        settings=settings,
        policy=policy_of(settings, Mode.BACKTEST),
        instruments=packaged_instruments(),
        venues=market.venues,
        price_venue=VENUE,
        symbols=market.symbols(VENUE),
        unfunded=(),
        step_ns=market.step_ns,
        data_hash=market.data_hash,
        mode=Mode.BACKTEST,
    )


def play(
    scenario: Scenario,
    *,
    variants: Sequence[Module] = (),
    bent: Bent = lambda frames: frames,
    models: ModelsCard | None = None,
    coming: Coming | None = None,
) -> Recorded:
    """Plays a scenario to its end; a variant stands in for the module it is named after."""
    plan = msgspec.structs.replace(plan_of(scenario), models=models)
    found = models_of(plan)
    feed = TapeFeed(market_of(scenario))
    modules = with_variants(line_up(plan, feed, models=found, coming=coming), variants)
    journal = MemoryJournal()
    bus = Bus(modules, journal)
    driver = Driver(bus, next(each for each in modules if isinstance(each, Timers)))
    driver.offer(START_NS, plan.first_event(BUILD, START_NS), KERNEL)
    for told in found.told if found is not None else ():
        driver.offer(START_NS, told, KERNEL)
    for time, _, event in bent(market_of(scenario).frames()):
        driver.offer(time, event, "market.feeds.tape")
    return Recorded(plan, tuple(journal.read()), modules, bus)


def until(frames: Iterator[Frame], time: int) -> Iterator[Frame]:
    """Ends a market at a time (ns)."""
    return takewhile(lambda frame: frame[0] <= time, frames)


def with_variants(modules: Sequence[Module], variants: Sequence[Module]) -> tuple[Module, ...]:
    stand_ins = {module.name: module for module in variants}
    assert stand_ins.keys() <= {module.name for module in modules}
    return tuple(stand_ins.get(module.name, module) for module in modules)


def inputs_of(run: Recorded) -> list[tuple[int, Event, str]]:
    """Gives the inputs as they were recorded, timers included."""
    return [(each.ts, event, each.source) for each, event in run.events if each.is_input]


def with_input(frames: Iterator[Frame], hour: float, event: Event) -> Iterator[Frame]:
    """Offers one more input at an hour of the market, after all else of that time."""
    due = START_NS + int(hour * NS_PER_HOUR)
    waiting: Event | None = event
    for frame in frames:
        if waiting is not None and frame[0] > due:
            yield due, 5, waiting
            waiting = None
        yield frame
