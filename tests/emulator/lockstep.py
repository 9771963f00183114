"""An emulator in a process of its own, and a whole fund that trades there step by step with it.

The market moves when it is told to. A step is over when each frame of it was heard, each event that
followed was worked off and each order was carried out; only then the next one begins. So a day is
as long as its work, and no order is later than it would be.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import msgspec

from quantum_os.cli.live_staging import live_stage
from quantum_os.cli.process import Edges, Life, Process, live_on
from quantum_os.cli.venue_staging import VenueStage, account_of
from quantum_os.events.base import Event
from quantum_os.events.execution import VenueSnapshot
from quantum_os.events.market import FeedWatermark
from quantum_os.events.units import NS_PER_MS, NS_PER_S, Mode
from quantum_os.exchange.followed_clock import FollowedClock
from quantum_os.execution.venues.ccxt.venue import ExchangeVenue
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.runtime import Ending
from quantum_os.market.feeds.live.feed import LiveFeed
from quantum_os.portfolio.books import LedgerState
from quantum_os.portfolio.ledger import Ledger
from quantum_os.settings import load_settings
from quantum_os.storage.home import Home
from quantum_os.storage.instance import claimed
from tests.waiting import until

KEY, SECRET = "KEY1", "SECRET1"
UNHEARD_S = 5.0
"""Wall seconds after which frames that were sent are given up: their connection has ended."""

E = TypeVar("E", bound=Event)


class Stretch(msgspec.Struct, frozen=True):
    """Which stretch of which market is traded, by whom.

    `tape` None is the synthetic market of `seed`. The market opens `history_days` after its tape
    begins; `hours` of it are traded, in steps of `step_s` market seconds.
    """

    history_days: float
    hours: float
    step_s: float = 20.0
    tape: Path | None = None
    seed: int = 7
    deposit: int = 50_000
    symbols: tuple[str, ...] = ()
    settings: dict[str, Any] = {}
    words: tuple[str, ...] = ()
    """more of what the emulator is told on its command line"""


Moves = Callable[[float], Awaitable[dict[str, Any]]]
"""Moves a market on by so many seconds; gives `clock_ms`, and `frames_sent` to whoever listens."""


class Trading:
    """A fund at work at an exchange whose market `moves`: what it said, how its world goes on."""

    def __init__(self, moves: Moves) -> None:
        self.said: list[Event] = []
        self.heard = self.unheard = self.steps = 0
        self._moves = moves
        self._clock: FollowedClock | None = None
        self._life: Life | None = None
        self._feed: LiveFeed | None = None
        self._venue: ExchangeVenue | None = None

    def of(self, kind: type[E]) -> list[E]:
        """What was said of a kind, oldest first."""
        return [event for event in self.said if isinstance(event, kind)]

    def tap(self, envelope: Envelope) -> None:
        self.said.append(envelope.event())

    def counts(self, url: str, message: object) -> None:
        """Hears that a frame has come."""
        self.heard += 1

    def begins(self, clock: FollowedClock, feed: LiveFeed, venue: ExchangeVenue) -> None:
        self._clock, self._feed, self._venue = clock, feed, venue

    def lives(self, life: Life) -> None:
        self._life = life

    @property
    def ledger(self) -> LedgerState:
        """The fund's own books."""
        assert self._life is not None
        return next(each.state for each in self._life.modules if isinstance(each, Ledger))

    async def step(self, seconds: float) -> None:
        """Moves the market on, and returns once all that came of it is done."""
        told = await self._moves(seconds)
        await self.all_heard(told["frames_sent"])
        self.comes_to(told["clock_ms"])
        await self.quiet()
        self.steps += 1

    def comes_to(self, clock_ms: int) -> None:
        """Sets the fund's clock to a time up to which all was heard."""
        assert self._clock is not None
        self._clock.moves_to(clock_ms * NS_PER_MS)

    async def warm(self) -> None:
        """Returns once history was told and the account was listed."""
        await until(lambda: self.of(FeedWatermark) and self.of(VenueSnapshot))
        await self.quiet()

    async def quiet(self) -> None:
        """Returns once nothing is under way between the venue and the fund."""
        assert self._life is not None
        assert self._feed is not None
        assert self._venue is not None
        bus, lanes = self._life.bus, self._life.runtime.lanes
        feed, venue = self._feed, self._venue
        while True:
            asked, heard = monotonic_ns(), self.heard
            await until(partial(_has_told, feed, asked))
            await lanes.settled()
            seq = bus.seq
            await until(lambda: not venue.backlog().waiting)
            await self.all_heard((await self._moves(0))["frames_sent"])
            await lanes.settled()
            if (bus.seq, self.heard, venue.backlog().waiting) == (seq, heard, 0):
                return

    async def all_heard(self, sent: int) -> None:
        """Returns once so many frames were heard; those of a connection that ended never are."""
        try:
            async with asyncio.timeout(UNHEARD_S):
                await until(lambda: self.heard + self.unheard >= sent)
        except TimeoutError:
            self.unheard = sent - self.heard


def _has_told(feed: LiveFeed, asked: int) -> bool:
    """Whether all that could be told was told since then (ns)."""
    waited_s = feed.backlog().waited_s
    return waited_s is not None and monotonic_ns() - waited_s * NS_PER_S > asked


@asynccontextmanager
async def emulator(stretch: Stretch, folder: Path) -> AsyncIterator[dict[str, Any]]:
    """The emulator as somebody types it; gives what it printed when it was ready."""
    market = ["--synthetic", str(stretch.seed)]
    if stretch.tape is not None:
        market = ["--tape", str(stretch.tape)]
    words = ["--tls-dir", str(folder), *market, "--history", str(stretch.history_days)]
    words += ["--account", f"{KEY}:{SECRET}:{stretch.deposit}", "--pace", "0", "--no-limits"]
    words += stretch.words
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "quantum_os", "emulator", *words, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield msgspec.json.decode(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


class AtEmulator(Trading):
    """The same at `quantum-os emulator`; `ready` is what that printed when it was."""

    def __init__(self, http: aiohttp.ClientSession, ready: dict[str, Any]) -> None:
        super().__init__(self._advance)
        self.ready = ready
        self._http = http

    async def state(self) -> dict[str, Any]:
        """What the emulator's admin port shows of the venue."""
        async with self._http.get(f"{self.ready['admin']}/__state") as answer:
            state: dict[str, Any] = await answer.json()
            return state

    async def _advance(self, seconds: float) -> dict[str, Any]:
        async with self._http.post(
            f"{self.ready['admin']}/__clock", json={"advance_s": seconds}
        ) as answer:
            assert answer.status == 200, await answer.text()
            told: dict[str, Any] = await answer.json()
            return told


@asynccontextmanager
async def trading(stretch: Stretch, folder: Path) -> AsyncIterator[AtEmulator]:
    """The whole fund, staged as the command stages it, at an emulator of its own."""
    async with AsyncExitStack() as stack:
        ready = await stack.enter_async_context(emulator(stretch, folder))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        scene = AtEmulator(http, ready)
        document = _document(stretch, folder, ready)
        await stack.enter_async_context(living(document, folder / "home", scene))
        yield scene


@asynccontextmanager
async def living(document: dict[str, Any], home: Path, scene: Trading) -> AsyncIterator[None]:
    """One life of the whole fund with these settings; what ended it early is raised at the end."""
    process = await asyncio.to_thread(_staged, document, home, scene)
    stops: list[Callable[[str], None]] = []

    async def attend(lived: Life) -> tuple[Ending, None]:
        scene.lives(lived)
        stops.append(lived.runtime.stop)
        return await lived.runtime.run(lived.first), None

    async with claimed(process.home, None) as instance:
        running = asyncio.create_task(live_on(process, instance, attend))
        try:
            await until(lambda: stops or running.done())
            yield
        finally:
            if stops:
                stops[-1]("the day is over")
            ending, _ = await running
        assert ending.fault is None, ending.fault


def _staged(document: dict[str, Any], home: Path, scene: Trading) -> Process:
    asked = load_settings(None, document, {"PATH": ""})
    account = account_of(asked, Mode.TESTNET)
    stage = live_stage(account.settings, Mode.TESTNET, account.wall())
    make_venue, lines = account.venue_of(stage.plan), account.lines()
    assert make_venue is not None
    assert isinstance(account.stage, VenueStage)

    def edges(epoch: int) -> Edges:
        venue = make_venue()
        assert isinstance(venue, ExchangeVenue)
        clock = venue.line.clock
        assert isinstance(clock, FollowedClock)
        feed = LiveFeed(stage.config, account.wall, lines)
        scene.begins(clock, feed, venue)
        for line in (venue.line, *lines.values()):
            line.frame_hooks.append(scene.counts)
        return Edges(feed, venue)

    return Process(
        plan=stage.plan,
        home=Home(home),
        build="test",
        now=account.wall(),
        make_edges=edges,
        world_went_on=True,
        taps=(scene.tap,),
    )


def _document(stretch: Stretch, folder: Path, ready: dict[str, Any]) -> dict[str, Any]:
    keys = folder / "keys.toml"
    keys.write_text(f'venue = "binance"\nrealm = "emulator"\nkey = "{KEY}"\nsecret = "{SECRET}"\n')
    keys.chmod(0o600)
    place = {"emulator": f"127.0.0.1:{ready['port']}", "emulator_ca": ready["ca"]}
    symbols = list(stretch.symbols or ready["symbols"])
    return {
        "run": {"symbols": symbols, **stretch.settings.get("run", {})},
        "feeds": {"venues": ["binance"], "timeframe": "5m", "follow_emulator": True, **place},
        "exchange": {"keys": str(keys)},
        "policy": stretch.settings.get("policy", {}),
        "storage": {"home": str(folder / "home")},
    }
