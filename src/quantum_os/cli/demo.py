"""How a demo plays: a market through the live runtime, watched, journaled, and ended in order."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext

import msgspec

from quantum_os.api.fund import Current, Facts, Fund
from quantum_os.cli.backtesting import Finished
from quantum_os.cli.console import err
from quantum_os.cli.copies import Copies
from quantum_os.cli.deeds import Deeds
from quantum_os.cli.demo_record import DemoRecord
from quantum_os.cli.garbage_watch import GarbageWatch
from quantum_os.cli.kill_file import KillWatch
from quantum_os.cli.life_signs import LifeSigns
from quantum_os.cli.live_view import LiveView, Watched
from quantum_os.cli.process import Edges, Life, Process, Tap, life, live_on
from quantum_os.cli.progress_lines import ProgressLines
from quantum_os.cli.reloading import Told
from quantum_os.cli.remote import Remote
from quantum_os.cli.results import RunResult, result_of
from quantum_os.cli.sd_notify import service_manager
from quantum_os.cli.serving import HOST, facts_of, served
from quantum_os.cli.token_watch import TokenWatch
from quantum_os.kernel.clock import perf_ns
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.journal import JournalFailed
from quantum_os.kernel.logs import LogTap
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.runtime import Ending, Runtime
from quantum_os.lineup import Plan, Recording
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.settings import Settings
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

    Up to `watched_from` (ns of the market) it is played at once. `remote` is given when market and
    venue are elsewhere; then the speed is not ours to choose. `hear` makes the feed of a market
    that is heard live and not played, `trade` the venue of an account that is real.
    """

    plan: Plan
    market: Recording
    home: Home
    speed: float
    watched_from: int
    duration_s: float | None
    shows: bool
    build: str
    market_name: str = "tape"
    remote: Remote | None = None
    copies: Copies = Copies()
    listening: socket.socket | None = None
    host: str = HOST
    settings: Settings = Settings()
    told: Told | None = None
    hear: Callable[[], Module] | None = None
    trade: Callable[[], Module] | None = None

    @property
    def watched(self) -> Watched:
        """What the screen says of the market."""
        return Watched(
            name=self.market_name,
            is_synthetic=self.market.is_synthetic,
            start=self.market.start,
            watched_from=self.watched_from,
            speed=self.speed,
        )

    @property
    def facts(self) -> Facts:
        """What the API tells of this process."""
        return facts_of(
            self.plan,
            self.home,
            self.build,
            self.speed,
            is_synthetic=self.market.is_synthetic,
            settings=self.settings,
        )

    def edges(self, epoch: int) -> Edges:
        """Gives a life its feed and, where the venue is a process of its own, the way to it."""
        if self.remote is not None:
            return Edges(*self.remote.edges(epoch))
        if self.hear is not None:
            return Edges(self.hear(), None if self.trade is None else self.trade())
        return Edges(TapeFeed(self.market, speed=self.speed, paced_from=self.watched_from))


@contextmanager
def attached(fund: Fund | None, lived: Life) -> Iterator[None]:
    """Lets the API see a life while it is lived."""
    if fund is None:
        yield
        return
    fund.attach(Current(lived.runtime, lived.journal, lived.modules))
    try:
        yield
    finally:
        fund.detach()


class Played(msgspec.Struct, frozen=True):
    """How a demo ended, what it came to, and what it did last."""

    ending: Ending
    result: RunResult
    deeds: Deeds


async def play_demo(demo: Demo, record: DemoRecord | None = None) -> Played:
    """Plays until the tape ends, the time is up, or a signal comes.

    Raises HomeTaken, LeaseTaken, what a recovery raises, and OSError where nothing can be recorded;
    then nothing was played.
    """
    lines = ProgressLines(demo.watched)
    deeds = Deeds(demo.plan.price_venue, (lambda deed: None) if demo.shows else lines.tell)
    fund = None if demo.listening is None else Fund(demo.facts)

    async def attend(lived: Life) -> tuple[Ending, RunResult]:
        watching = (
            LiveView(lived.runtime, demo.plan, deeds, demo.watched).run()
            if demo.shows
            else lines.run(lived.runtime, deeds)
        )
        recording = nullcontext() if record is None else record.following(lived.journal)
        with attached(fund, lived):
            async with recording:
                return await _lived(demo, lived, watching)

    wanted: tuple[Tap | None, ...] = (deeds, record, None if fund is None else fund.tap)
    taps = tuple(tap for tap in wanted if tap is not None)
    process = msgspec.structs.replace(
        process_of(demo, *taps), signs=LifeSigns(service_manager(os.environ))
    )
    async with (
        claimed(demo.home, demo.copies.database) as instance,
        served(fund, demo.listening, demo.host, demo.settings, demo.told),
    ):
        if record is not None:
            record.begin()
        ending, result = await live_on(process, instance, attend)
    return Played(ending, result, deeds)


async def come_back_only(demo: Demo) -> ComeBack:
    """Comes back to where the journal ends and saves a snapshot there; nothing begins."""
    async with (
        claimed(demo.home, demo.copies.database) as instance,
        life(process_of(demo), instance) as found,
    ):
        await found.checkpoints.finish(found.bus, found.modules)
        if found.checkpoints.failure:
            raise JournalFailed(f"no snapshot could be saved: {found.checkpoints.failure}")
        recovered = found.recovered
        at = iso(found.bus.instant.ns)
        return ComeBack(
            found.bus.seq, at, recovered.snapshot_seq, recovered.inputs, recovered.notes
        )


def process_of(demo: Demo, *taps: Tap) -> Process:
    """Gives the process that plays a demo; `taps` see each event as it is journaled."""
    return Process(
        plan=demo.plan,
        home=demo.home,
        build=demo.build,
        now=demo.market.start if demo.remote is None else demo.remote.time,
        make_edges=demo.edges,
        world_went_on=demo.remote is not None or demo.trade is not None,
        taps=(LogTap(demo.watched_from), *taps),
        copies=demo.copies,
    )


async def _lived(
    demo: Demo, lived: Life, watching: Coroutine[object, object, None]
) -> tuple[Ending, RunResult]:
    before = _seq_before(lived)
    started = perf_ns()
    with _stopping(lived.runtime, demo.duration_s):
        ending = await _accompanied(demo, lived, watching)
    finished = Finished(
        bus=lived.bus,
        modules=lived.modules,
        inputs=sum(sum(counts.values()) for counts in lived.bus.inputs.values()),
        wall_s=(perf_ns() - started) / 1e9,
        seq_before=before,
    )
    return ending, result_of(demo.plan, demo.market, finished, demo.build)


def _seq_before(lived: Life) -> int:
    """The number before the home's first event: a home counts from the time it was made."""
    first = next(lived.journal.read(1), None)
    return lived.bus.seq if first is None else first.seq - 1


async def _accompanied(
    demo: Demo, lived: Life, watching: Coroutine[object, object, None]
) -> Ending:
    """Runs the process with those beside it who tell people how it goes, and hear its end."""
    switch = KillWatch(lived.runtime, lived.journal, demo.home, demo.build)
    notes = TokenWatch(lived.runtime, lived.journal, demo.home)
    garbage = GarbageWatch(lambda: lived.runtime.lanes.backlog)
    beside = {
        "the screen": asyncio.create_task(watching),
        "the kill switch": asyncio.create_task(switch.run()),
        "the notes of tokens": asyncio.create_task(notes.run()),
        "the look for garbage": asyncio.create_task(garbage.run()),
    }
    try:
        return await lived.runtime.run(lived.first)
    finally:
        for task in beside.values():
            task.cancel()
        outcomes = await asyncio.gather(*beside.values(), return_exceptions=True)
        for what, outcome in zip(beside, outcomes, strict=True):
            if isinstance(outcome, Exception):
                err.print(f"{what} failed, the run did not: {outcome!r}", style="yellow")


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
