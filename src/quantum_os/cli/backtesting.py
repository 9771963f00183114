"""How a backtest runs: the tape through the line-up as fast as it goes, recorded as it goes."""

import gc
from collections.abc import Callable, Mapping, Sequence

import msgspec

from quantum_os.ai.coming import Coming
from quantum_os.ai.models.loaded import Loaded
from quantum_os.ai.voter import Voter
from quantum_os.cli.reading_ahead import read_ahead
from quantum_os.kernel.bus import KERNEL, Bus
from quantum_os.kernel.clock import perf_ns
from quantum_os.kernel.drive import Driver
from quantum_os.kernel.journal import Journal
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.timers import Timers
from quantum_os.lineup import Plan, Recording, line_up, models_of, refuse_gaps
from quantum_os.market.feeds.tape import TapeFeed

PROGRESS_EVERY = 512
"""Inputs between two reports of progress."""


class MoneyPathFault(RuntimeError):
    """A module that money depends on broke its promise; the run is worth nothing from there on."""


class Finished(msgspec.Struct, frozen=True):
    """A run that came to its end: the bus with its counts, the modules with their states.

    `seq_before` is the number of the last event of an earlier life in the same journal,
    `bars_in_blocks` how many bars had their features, regimes and answers computed ahead.
    """

    bus: Bus
    modules: tuple[Module, ...]
    inputs: int
    wall_s: float
    seq_before: int = 0
    bars_in_blocks: Mapping[str, int] = {}


def run_backtest(
    plan: Plan,
    market: Recording,
    journal: Journal,
    build: str,
    progress: Callable[[int], None] = lambda time: None,
    voters: tuple[Voter, ...] | None = None,
    models: Loaded | None = None,
) -> Finished:
    """Plays a market through the line-up; raises MoneyPathFault when a critical module faults.

    `progress` hears the tape time reached, in ns, now and then; `voters` and `models` stand in for
    the plan's. The market is read some bars ahead, and what follows from it computed in blocks.
    """
    feed = TapeFeed(market)
    models = models or models_of(plan)
    coming = Coming()
    modules = line_up(plan, feed, voters=voters, models=models, coming=coming)
    refuse_gaps(modules)
    bus = Bus(modules, journal)
    driver = Driver(bus, timers_of(modules))
    driver.offer(market.start, plan.first_event(build, market.start), KERNEL)
    inputs = 1
    for told in models.told if models is not None else ():
        driver.offer(market.start, told, KERNEL)
        inputs += 1
    started = perf_ns()
    gc_was_on = gc.isenabled()
    gc.disable()  # events hold no cycles; collecting over millions of them costs a tenth of the run
    try:
        for time, event in read_ahead(feed.inputs(), plan, coming):
            driver.offer(time, event, feed.name)
            inputs += 1
            if not inputs % PROGRESS_EVERY:
                progress(time)
                _refuse_money_fault(bus)
    finally:
        if gc_was_on:
            gc.enable()
    _refuse_money_fault(bus)
    wall_s = (perf_ns() - started) / 1e9
    return Finished(bus, modules, inputs, wall_s, bars_in_blocks=dict(coming.bars_taken))


def timers_of(modules: Sequence[Module]) -> Timers:
    """Finds the kernel's timers in a line-up."""
    return next(module for module in modules if isinstance(module, Timers))


def _refuse_money_fault(bus: Bus) -> None:
    for name, fault in bus.faulted.items():
        if fault.critical:
            where = f"event {fault.event_seq} ({fault.stream})"
            raise MoneyPathFault(f"{name} faulted on {where}: {fault.error}\n{fault.traceback}")
