"""How a demo plays: a market through the live runtime, watched, journaled, and ended in order."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from quantum_os.cli.backtesting import Finished, timers_of
from quantum_os.cli.console import err
from quantum_os.cli.deeds import Deeds
from quantum_os.cli.live_view import LiveView, Watched
from quantum_os.cli.progress_lines import ProgressLines
from quantum_os.cli.results import RunResult, result_of
from quantum_os.events.base import Event
from quantum_os.events.risk import SafetyCleared, SafetyTripped
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import ReplayClock, perf_ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.logs import LogTap
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.runtime import Ending, Runtime
from quantum_os.kernel.tapped_journal import TappedJournal
from quantum_os.lineup import Plan, Recording, line_up, refuse_gaps
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.risk.latches import standing
from quantum_os.storage.sqlite_journal import SqliteJournal

Tap = Callable[[Envelope], None]
"""What hears every event as it is journaled."""


class Demo(msgspec.Struct, frozen=True):
    """What to play, where to keep it, how fast, for how long, and whether somebody watches.

    Up to `watched_from` (ns of the market) it is played at once. `feed` and `venue` are given when
    both are elsewhere; then the speed is not ours to choose. `taps` hear every event as well.
    """

    plan: Plan
    market: Recording
    journal: Path
    speed: float
    watched_from: int
    duration_s: float | None
    shows: bool
    build: str
    market_name: str = "tape"
    taps: tuple[Tap, ...] = ()
    feed: Module | None = None
    venue: Module | None = None


class Played(msgspec.Struct, frozen=True):
    """How a demo ended, what it came to, and what it did last."""

    ending: Ending
    result: RunResult
    deeds: Deeds


async def play_demo(demo: Demo) -> Played:
    """Plays until the tape ends, the time is up, or a signal comes."""
    plan = demo.plan
    feed = demo.feed or TapeFeed(demo.market, speed=demo.speed, paced_from=demo.watched_from)
    modules = line_up(plan, feed, demo.venue)
    refuse_gaps(modules)
    journal = SqliteJournal(demo.journal)
    before = journal.last_seq
    lines = ProgressLines(_watched(demo))
    deeds = Deeds(plan.price_venue, (lambda deed: None) if demo.shows else lines.tell)
    taps: list[Tap] = [LogTap(demo.watched_from), deeds, *demo.taps]
    try:
        bus = Bus(modules, TappedJournal(journal, *taps), first_seq=before + 1)
        clock = ReplayClock(demo.market.start)
        runtime = Runtime(
            modules=modules, bus=bus, timers=timers_of(modules), journal=journal, clock=clock
        )
        started = perf_ns()
        first = first_inputs(demo, journal)
        with _stopping(runtime, demo.duration_s):
            watching = (
                LiveView(runtime, plan, deeds, _watched(demo)).run()
                if demo.shows
                else lines.run(runtime, deeds)
            )
            ending = await _accompanied(runtime, first, watching)
        wall_s = (perf_ns() - started) / 1e9
        finished = Finished(bus, tuple(modules), runtime.lanes.taken, wall_s, seq_before=before)
        return Played(ending, result_of(plan, demo.market, finished, demo.build), deeds)
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


def _watched(demo: Demo) -> Watched:
    return Watched(
        name=demo.market_name,
        is_synthetic=demo.market.is_synthetic,
        start=demo.market.start,
        watched_from=demo.watched_from,
        speed=demo.speed,
    )


async def _accompanied(
    runtime: Runtime, first: list[Event], watching: Coroutine[object, object, None]
) -> Ending:
    """Runs the process with somebody beside it who tells people how it goes."""
    task = asyncio.create_task(watching)
    try:
        return await runtime.run(first)
    finally:
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(outcome, Exception):
            err.print(f"the screen failed, the run did not: {outcome!r}", style="yellow")


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
