"""How a demo plays: a market through the live runtime, watched, journaled, and ended in order."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from quantum_os.cli.backtesting import Finished
from quantum_os.cli.live_view import LiveView, RecentDeeds
from quantum_os.cli.process import Edges, Life, Process, life, live_on
from quantum_os.cli.remote import Remote
from quantum_os.cli.results import RunResult, result_of
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.clock import perf_ns
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.journal import JournalFailed
from quantum_os.kernel.logs import LogTap
from quantum_os.kernel.runtime import Ending, Runtime
from quantum_os.lineup import Plan, Recording
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.storage.home import Home
from quantum_os.storage.instance import claimed


class ComeBack(msgspec.Struct, frozen=True):
    """Where a recovery came out, and from what."""

    seq: int
    at: str
    snapshot_seq: int
    inputs: int
    notes: tuple[str, ...]


class Demo(msgspec.Struct, frozen=True):
    """What to play, where to keep it, how fast, for how long, and whether somebody watches.

    `remote` is given when market and venue are elsewhere; then the speed is not ours to choose.
    """

    plan: Plan
    market: Recording
    home: Home
    speed: float
    duration_s: float | None
    shows: bool
    build: str
    market_name: str = "tape"
    remote: Remote | None = None
    database: str | None = None

    @property
    def paced_from(self) -> int:
        """Where the warm-up ends, ns: before it nothing is paced and nothing is logged."""
        timeframe = timeframe_ns(self.plan.policy.decision.timeframe)
        return self.market.start + self.plan.settings.run.warmup_bars * timeframe

    def edges(self, epoch: int) -> Edges:
        """Gives a life its feed and, where the venue is a process of its own, the way to it."""
        if self.remote is not None:
            return Edges(*self.remote.edges(epoch))
        return Edges(TapeFeed(self.market, speed=self.speed, paced_from=self.paced_from))


async def play_demo(demo: Demo) -> tuple[Ending, RunResult]:
    """Plays until the tape ends, the time is up, or a signal comes; gives why, and the result.

    Raises HomeTaken, LeaseTaken, and what a recovery raises; then nothing was played.
    """
    recent = RecentDeeds()

    async def attend(lived: Life) -> tuple[Ending, RunResult]:
        return await _played(demo, lived, recent)

    async with claimed(demo.home, demo.database) as instance:
        return await live_on(process_of(demo, recent), instance, attend)


async def come_back_only(demo: Demo) -> ComeBack:
    """Comes back to where the journal ends and saves a snapshot there; nothing begins."""
    async with (
        claimed(demo.home, demo.database) as instance,
        life(process_of(demo, RecentDeeds()), instance) as found,
    ):
        await found.checkpoints.finish(found.bus, found.modules)
        if found.checkpoints.failure:
            raise JournalFailed(f"no snapshot could be saved: {found.checkpoints.failure}")
        recovered = found.recovered
        at = iso(found.bus.instant.ns)
        return ComeBack(
            found.bus.seq, at, recovered.snapshot_seq, recovered.inputs, recovered.notes
        )


def process_of(demo: Demo, recent: RecentDeeds) -> Process:
    """Gives the process that plays a demo."""
    return Process(
        plan=demo.plan,
        home=demo.home,
        build=demo.build,
        now=demo.market.start if demo.remote is None else demo.remote.time,
        make_edges=demo.edges,
        world_went_on=demo.remote is not None,
        taps=(LogTap(demo.paced_from), recent),
    )


async def _played(demo: Demo, lived: Life, recent: RecentDeeds) -> tuple[Ending, RunResult]:
    started = perf_ns()
    with _stopping(lived.runtime, demo.duration_s):
        ending = await _watched(lived, demo, recent)
    wall_s = (perf_ns() - started) / 1e9
    finished = Finished(lived.bus, lived.modules, lived.runtime.lanes.taken, wall_s)
    return ending, result_of(demo.plan, demo.market, finished, demo.build)


async def _watched(lived: Life, demo: Demo, recent: RecentDeeds) -> Ending:
    if not demo.shows:
        return await lived.runtime.run(lived.first)
    view = LiveView(lived.runtime, demo.plan, recent, demo.market_name)
    watching = asyncio.create_task(view.run())
    try:
        return await lived.runtime.run(lived.first)
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
