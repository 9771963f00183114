"""What is played while processes die: a made-up market that trades a lot, a venue that lives on.

The venue is hosted by the driver, which outlives every fund. While a fund is connected the market
waits for it; while none is, it goes on for a while, so that fills, stops and prices are missed.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from quantum_os.cli.planning import plan_run
from quantum_os.cli.remote_sim import card_of
from quantum_os.events.base import Event
from quantum_os.events.market import InstrumentUpdated
from quantum_os.events.units import Mode
from quantum_os.execution.venues.remote_sim.address import Address
from quantum_os.execution.venues.remote_sim.server import ServerConfig, VenueServer
from quantum_os.execution.venues.sim.venue import SimVenue
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.lineup import Plan, Recording
from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.settings import load_settings
from tests.waiting import until

SEED = 3
DAYS = 3
WARM_BARS = 325
"""Bars before the first entry: all funds share them, so they are played once."""

PLAYED_BARS = 455
ALONE_INPUTS_MAX = 24
"""Inputs (six bars) that the market plays while no fund is connected; then it waits for one."""

POLL_S = 0.005

SETTINGS = f"""
[run]
fast_decisions = true
warmup_bars = 20
seed = {SEED}

[policy.decision]
timeframe = "15m"

[policy.exits.max_hold_h]
""" + "\n".join(
    f"{regime} = 2.0"
    for regime in (
        *("CALM", "NORMAL", "RANGE", "TREND_UP", "TREND_DOWN", "VOLATILE", "EXTREME", "UNKNOWN"),
    )
)
"""Decisions every quarter of an hour and positions of two hours at most: every kind of order."""

Frame = tuple[int, int, Event | None]


class Stage(msgspec.Struct, frozen=True):
    """The market and the plan that every fund of a drive shares, and where its settings lie."""

    market: Recording
    plan: Plan
    settings: Path


def stage_of(folder: Path) -> Stage:
    """Writes the settings and makes the plan that the command line makes of them."""
    path = folder / "settings.toml"
    path.write_text(SETTINGS, encoding="utf-8")
    settings = load_settings(path, {"run": {"profile": "research"}}, {"PATH": ""})
    market = SyntheticMarket(seed=SEED, days=DAYS)
    return Stage(market, plan_run(settings, market, Mode.DEMO), path)


def settled(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Ends with the last moment at which timers fire: the books are compared there."""
    waiting: list[Frame] = []
    for frame in frames:
        waiting.append(frame)
        if frame[2] is None:
            yield from waiting
            waiting.clear()


def frames_of(stage: Stage, first_bar: int, last_bar: int) -> Iterator[Frame]:
    """The market between two bars."""
    step = timeframe_ns(stage.market.timeframe)
    start, end = (stage.market.start + bar * step for bar in (first_bar, last_bar))
    after = itertools.dropwhile(lambda frame: frame[0] < start, stage.market.frames())
    return itertools.takewhile(lambda frame: frame[0] < end, after)


class Venue:
    """A venue on a socket, with a watch over positions that have no stop.

    `rest_s` wall seconds pass between two inputs while a fund is connected.
    """

    def __init__(
        self, stage: Stage, socket: Path, first_bar: int, last_bar: int, *, rest_s: float = 0.0
    ) -> None:
        self._rest_s = rest_s
        plan = stage.plan
        first = [
            plan.first_event("venue", stage.market.start),
            InstrumentUpdated(plan.price_venue, plan.instruments, "packaged"),
        ]
        self.server = VenueServer(
            SimVenue(plan.settings.sim),
            first,
            settled(frames_of(stage, first_bar, last_bar)),
            card_of(stage.market),
            ServerConfig(Address(path=str(socket)), wait_for_client=True, lockstep=True),
            self._pace,
        )
        for time, _, event in frames_of(stage, 0, first_bar):
            self.server.host.plays(time, event)
        self.address = str(socket)
        self.naked_s_max = 0.0
        self.protected_after_s: list[float] = []
        self._born_at = 0
        self._naked_since: dict[str, int] = {}
        self._alone = 0

    async def serve(self, ready: asyncio.Event) -> None:
        """Serves until cancelled."""
        watching = asyncio.create_task(self._watch())
        try:
            await self.server.run(lambda address: ready.set())
        finally:
            watching.cancel()

    def is_born(self) -> None:
        """A fund was started just now: what is naked by then shall be protected soon."""
        self.look()
        self._born_at = monotonic_ns() if self._naked_since else 0

    @property
    def naked(self) -> list[str]:
        """The symbols whose positions are not covered."""
        self.look()
        return list(self._naked_since)

    @property
    def is_alone(self) -> bool:
        return self.server._session is None

    async def _pace(self, time: int) -> None:
        if not self.is_alone:
            self._alone = 0
            await asyncio.sleep(self._rest_s)
            return
        self._alone += 1
        if self._alone > ALONE_INPUTS_MAX:
            await until(lambda: not self.is_alone)

    async def _watch(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(POLL_S)

    def look(self) -> None:
        """Measures how long, in wall seconds, each position has been without its full cover."""
        state, now = self.server.host.venue.state, monotonic_ns()
        naked = {symbol for symbol in state.account.positions if not state.books[symbol].covered}
        for symbol in naked:
            since = self._naked_since.setdefault(symbol, now)
            self.naked_s_max = max(self.naked_s_max, (now - since) / 1e9)
        for symbol in [each for each in self._naked_since if each not in naked]:
            del self._naked_since[symbol]
        if self._born_at and not naked:
            self.protected_after_s.append((now - self._born_at) / 1e9)
            self._born_at = 0


@asynccontextmanager
async def serving(venue: Venue) -> AsyncIterator[None]:
    """Serves a venue for as long as the block lasts."""
    ready = asyncio.Event()
    task = asyncio.create_task(venue.serve(ready))
    await ready.wait()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
