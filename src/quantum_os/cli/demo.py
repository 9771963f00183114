"""How a demo plays: a market through the live runtime, watched, journaled, and ended in order."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from quantum_os.cli.backtesting import Finished, timers_of
from quantum_os.cli.live_view import LiveView, RecentDeeds
from quantum_os.cli.results import RunResult, result_of
from quantum_os.events.base import Event
from quantum_os.events.risk import SafetyCleared, SafetyTripped
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import ReplayClock, perf_ns
from quantum_os.kernel.logs import LogTap
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.runtime import Ending, Runtime
from quantum_os.kernel.tapped_journal import TappedJournal
from quantum_os.lineup import Plan, Recording, line_up, refuse_gaps
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.risk.latches import standing
from quantum_os.storage.sqlite_journal import SqliteJournal


class Demo(msgspec.Struct, frozen=True):
    """What to play, where to keep it, how fast, for how long, and whether somebody watches.

    `feed` and `venue` are given when both are elsewhere; then the speed is not ours to choose.
    """

    plan: Plan
    market: Recording
    journal: Path
    speed: float
    duration_s: float | None
    shows: bool
    build: str
    market_name: str = "tape"
    feed: Module | None = None
    venue: Module | None = None


async def play_demo(demo: Demo) -> tuple[Ending, RunResult]:
    """Plays until the tape ends, the time is up, or a signal comes; gives why, and the result."""
    plan = demo.plan
    warmup = plan.settings.run.warmup_bars * timeframe_ns(plan.policy.decision.timeframe)
    paced_from = demo.market.start + warmup
    feed = demo.feed or TapeFeed(demo.market, speed=demo.speed, paced_from=paced_from)
    modules = line_up(plan, feed, demo.venue)
    refuse_gaps(modules)
    journal = SqliteJournal(demo.journal)
    recent = RecentDeeds()
    try:
        bus = Bus(
            modules,
            TappedJournal(journal, LogTap(paced_from), recent),
            first_seq=journal.last_seq + 1,
        )
        clock = ReplayClock(demo.market.start)
        runtime = Runtime(
            modules=modules, bus=bus, timers=timers_of(modules), journal=journal, clock=clock
        )
        started = perf_ns()
        first = first_inputs(demo, journal)
        with _stopping(runtime, demo.duration_s):
            ending = await _watched(runtime, first, demo, recent)
        finished = Finished(bus, tuple(modules), runtime.lanes.taken, (perf_ns() - started) / 1e9)
        return ending, result_of(plan, demo.market, finished, demo.build)
    finally:
        journal.close()


def first_inputs(demo: Demo, journal: SqliteJournal) -> list[Event]:
    """Gives the inputs of recovery: the start, and every latch that an earlier life left closed."""
    lives = sum(1 for _ in journal.read_streams("process.started"))
    start = demo.plan.first_event(demo.build, demo.market.start, epoch=lives)
    return [start, *closed_latches(journal)]


def closed_latches(journal: SqliteJournal) -> list[SafetyTripped]:
    """Gives the latches that were tripped and never cleared, in the order they tripped."""
    events = [each.event() for each in journal.read_streams("safety.tripped", "safety.cleared")]
    told = [event for event in events if isinstance(event, SafetyTripped | SafetyCleared)]
    return list(standing(told).values())


async def _watched(runtime: Runtime, first: list[Event], demo: Demo, recent: RecentDeeds) -> Ending:
    if not demo.shows:
        return await runtime.run(first)
    view = LiveView(runtime, demo.plan, recent, demo.market_name)
    watching = asyncio.create_task(view.run())
    try:
        return await runtime.run(first)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


@contextmanager
def _stopping(runtime: Runtime, duration_s: float | None) -> Iterator[None]:
    """Stops the process in order on SIGINT, SIGTERM or when the time is up."""
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(wanted, runtime.stop, signal.Signals(wanted).name)
    timer = loop.call_later(duration_s, runtime.stop, "time is up") if duration_s else None
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()
        for wanted in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(wanted)
