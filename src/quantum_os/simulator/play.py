"""One seed from its first life to its last check: an hour of faults, then a minute of peace."""

import asyncio
from collections import Counter
from collections.abc import Collection
from contextlib import suppress

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.commands import ActionAsked, Command, OperatorCommand
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.kernel.clock import measure_by
from quantum_os.kernel.journal import JournalDamaged, JournalFailed
from quantum_os.kernel.recovery import AnotherBuild, Diverged
from quantum_os.kernel.runtime import Ending
from quantum_os.risk.latches import LATCHES, why_shut
from quantum_os.risk.safety import Safety
from quantum_os.simulator.draws import Draws
from quantum_os.simulator.faults import Kind
from quantum_os.simulator.healing import Unhealed, unhealed
from quantum_os.simulator.life import Life, begun
from quantum_os.simulator.market_truth import MarketTruth
from quantum_os.simulator.mortality import Crashed, Tether
from quantum_os.simulator.queues import WatchedLanes
from quantum_os.simulator.retelling import retold
from quantum_os.simulator.secrecy import spoken
from quantum_os.simulator.stage import BUILD, SYMBOLS
from quantum_os.simulator.truth import Truth, Violation
from quantum_os.simulator.world import Variant, World

CHAOS_S = 3_600
HEAL_S = 60
"""Seconds of simulated time: with faults, and until all must be well without them."""

QUIET_BEFORE_S = {
    Kind.LIMITED_429: 200,
    Kind.BANNED_418: 200,
    Kind.KILL: 1_000,
    Kind.FUNDING: 90,
}
"""Seconds before peace in which a kind does not come any more: what it asks for lasts so long."""

RESTART_S = (1.0, 4.0)
COVER_LOOK_NS = NS_PER_S // 4
OPERATOR_S = 45.0
OPERATOR_HASTE_S = 6.0
STALL_S = (0.3, 25.0)
STEP_S = (0.05, 5.0)
STEP_PLACES = (
    "append",
    "before_send",
    "after_send",
    "answered",
    "before_write",
    "after_write",
    "before_snapshot",
    "after_snapshot",
)
RECOVERY_PLACES = ("opened", "recovered", "append")
UNEXPECTED = (Diverged, JournalDamaged, AnotherBuild)


class Outcome(msgspec.Struct, frozen=True):
    """What a seed came to. `hash` stands for everything that happened in it.

    `before` are the events up to the first violation, `last` those at the end of what is not well.
    """

    seed: int
    sim_s: float
    events: int
    turns: int
    lives: int
    orders: int
    faults: dict[Kind, int]
    violations: tuple[Violation, ...]
    unhealed: tuple[Unhealed, ...]
    before: tuple[str, ...]
    last: tuple[str, ...]
    slowest_ms: float
    slowest_step: str
    hash: str

    @property
    def is_good(self) -> bool:
        return not self.violations and not self.unhealed


class Play:
    """Directs one seed: begins lives, lets faults come, makes peace, and asks what is left."""

    def __init__(
        self,
        seed: int,
        without: Collection[Kind] = (),
        variant: Variant = lambda modules: modules,
        chaos_s: int = CHAOS_S,
    ) -> None:
        self.world = World(seed, without, variant)
        self.truth = Truth(self.world)
        self.market_truth = MarketTruth(self.world, self.truth)
        self._chaos_ns, self._end_ns = chaos_s * NS_PER_S, (chaos_s + HEAL_S) * NS_PER_S
        self._draws = Draws(seed, "director")
        self._life: Life | None = None
        self._died = asyncio.Event()
        self._looked_at = 0
        self._lives = 0
        self._unhealed: tuple[Unhealed, ...] = ()
        self._is_over = False
        self._acts = 0
        self._offers: list[asyncio.Future[None]] = []

    def played(self) -> Outcome:
        """Plays the seed to its end."""
        world, truth = self.world, self.truth
        world.loop.after_turn = self._after_turn
        world.loop.run_until_complete(self._direct())
        self._listen()
        self._retell()
        seen = Counter({kind: count for kind, count in world.faults.struck.items() if count})
        world.loop.close()
        return Outcome(
            seed=world.seed,
            sim_s=world.loop.time(),
            events=truth.events,
            turns=world.loop.turns,
            lives=self._lives,
            orders=len(world.exchange.account.orders) + len(world.exchange.account.algos),
            faults=dict(sorted(seen.items())),
            violations=tuple(truth.violations.values()),
            unhealed=self._unhealed,
            before=truth.before(),
            last=truth.last() if self._unhealed else (),
            slowest_ms=world.loop.slowest[0] / 1e6,
            slowest_step=world.loop.slowest[1],
            hash=world.fingerprint(),
        )

    async def _direct(self) -> None:
        world, loop = self.world, self.world.loop
        measure_by(loop.monotonic_ns)
        world.prices.begin()
        for at, kind in world.faults.due(self._chaos_ns):
            if at < self._chaos_ns - QUIET_BEFORE_S.get(kind, 0) * NS_PER_S:
                loop.call_at_ns(at, self._befalls, kind)
        loop.call_later(OPERATOR_S, self._operator)
        loop.call_at_ns(self._chaos_ns, self._heals)
        loop.call_at_ns(self._end_ns, self._ends)
        while not self._is_over:
            await self._live_once()

    def _listen(self) -> None:
        """What fails where nobody looks is a fault of the fund or of this play; a death is none."""
        for complaint in self.world.loop.complaints:
            error = complaint.get("exception")
            if not isinstance(error, Crashed):
                self.truth.breaks(0, "unheard failure", f"{complaint['message']}: {error!r}")

    def _retell(self) -> None:
        """Plays the journal again. It is no step of the fund, and not counted as a slow one."""
        for number, name, text in spoken(self.world.disk):
            self.truth.breaks(number, name, text)
        if not self.truth.violations:
            for number, name, text in retold(self.world):
                self.truth.breaks(number, name, text)

    async def _live_once(self) -> None:
        """One life, however it ends, and the time until somebody starts the next."""
        tether = Tether()
        self._died.clear()
        if self.world.faults.strikes(Kind.CRASH_IN_RECOVERY):
            draws = self.world.faults.draws(Kind.CRASH_IN_RECOVERY)
            tether.condemn(draws.one_of(RECOVERY_PLACES), 1 + draws.whole(3))
        try:
            self._life = life = self._begun(tether)
        except (Crashed, OSError):  # a home that cannot be opened is tried again, as systemd does
            await asyncio.sleep(self._draws.between(*RESTART_S))
            return
        except UNEXPECTED as error:
            self.truth.breaks(18, "replayable", f"{type(error).__name__}: {error}")
            self._is_over = True
            return
        self.truth.is_down = False
        running = asyncio.ensure_future(life.runtime.run(life.first))
        died = asyncio.ensure_future(self._died.wait())
        await asyncio.wait({running, died}, return_when=asyncio.FIRST_COMPLETED)
        died.cancel()
        self.truth.is_down = True
        self._life = None
        await _taken_apart(life, running)
        if not self._is_over:
            await asyncio.sleep(self._draws.between(*RESTART_S))

    def _begun(self, tether: Tether) -> Life:
        self._lives += 1
        self.truth.life_begins()
        self.market_truth.life_begins()

        def gate(envelope: object) -> None:
            tether.visit("append")

        lanes = WatchedLanes(self.world.lanes(), self.truth.breaks)
        return begun(self.world, tether, lanes, [gate, self.truth.tap, self.market_truth.tap])

    def _after_turn(self) -> None:
        life = self._life
        if life is not None and not life.tether.alive and not self._died.is_set():
            self._died.set()
        self.truth.look()
        if self.world.loop.ns - self._looked_at >= COVER_LOOK_NS:
            self._looked_at = self.world.loop.ns
            self.truth.look_at_cover()

    def _befalls(self, kind: Kind) -> None:
        """A fault that comes by itself; it counts if it has found something to strike."""
        if not self.world.faults.healed and self._strikes(kind):
            self.world.faults.comes(kind)

    def _strikes(self, kind: Kind) -> bool:
        world, life = self.world, self._life
        draws = world.faults.draws(kind)
        if kind in world.mischief.deeds:
            return world.mischief.deeds[kind](draws)
        match kind:
            case Kind.LIMITED_429:
                return world.shut(429, draws.between(5.0, 90.0))
            case Kind.BANNED_418:
                return world.shut(418, draws.between(20.0, 120.0))
            case Kind.STREAM_CUT:
                return world.wire.stream.cut()
            case Kind.STREAM_DEAF:
                return world.wire.stream.deafen()
            case Kind.LISTEN_KEY_ENDED:
                return world.wire.stream.end_key()
            case Kind.FLASH_MOVE:
                world.prices.jump(draws.one_of(SYMBOLS))
                return True
            case Kind.FUNDING:
                return world.prices.fund(draws.one_of(SYMBOLS))
            case Kind.FEED_STALL:
                return world.market_stream.stall()
            case Kind.FEED_CUT:
                return world.market_stream.cut()
            case Kind.FEED_DEAF:
                return world.market_stream.deafen()
            case Kind.CLOCK_STEP:
                world.skew_ns = round(draws.skewed(*STEP_S) * draws.one_of((-1, 1)) * NS_PER_S)
                return True
        return life is not None and self._befalls_life(kind, life, draws)

    def _befalls_life(self, kind: Kind, life: Life, draws: Draws) -> bool:
        match kind:
            case Kind.CRASH:
                life.tether.cut("anywhere")
                self._died.set()
            case Kind.CRASH_IN_STEP:
                life.tether.condemn(draws.one_of(STEP_PLACES), 1 + draws.whole(12))
            case Kind.STOPPED:
                life.runtime.stop("stopped")
            case Kind.FAILED_FSYNC:
                life.tether.fsync_fails = True
            case Kind.LOOP_STALL:
                self.world.loop.ns += round(draws.skewed(*STALL_S) * NS_PER_S)
            case Kind.PAUSE | Kind.FLATTEN | Kind.KILL:
                self._command(Command(kind.value))
            case _:
                return False
        return True

    def _operator(self) -> None:
        """Somebody looks every while, and opens what may be opened."""
        life, world = self._life, self.world
        if life is not None and life.tether.alive:
            safety = next(module for module in life.fund if isinstance(module, Safety))
            for cause, latch in list(safety.state.latches.items()):
                if cause in LATCHES and not why_shut(latch, Ns(safety.now)):
                    paused = cause == "operator_pause"
                    self._command(Command.RESUME if paused else Command.CLEAR, cause)
            for halt in list(safety.state.halts.values()):
                if halt.by_person:
                    self._command(Command.CLEAR, halt.name)
            if world.faults.healed and "ai.engine" in life.bus.faulted:
                life.runtime.stop("an operator restarts it")
        wait = OPERATOR_HASTE_S if world.faults.healed else OPERATOR_S
        world.loop.call_later(wait, self._operator)

    def _command(self, command: Command, argument: str = "") -> None:
        life = self._life
        if life is None:
            return
        self._acts += 1
        now = Ns(self.world.wall())
        told: dict[str, str] = {"actor": "ann", "role": "operator", "reason": "a drill"}
        asked = ActionAsked(
            request_id=f"act{self._acts}",
            token_id="",
            action=f"operator.{command}",
            subject=argument,
            old="",
            new="",
            asked_at=now,
            build=BUILD,
            **told,
        )
        act = OperatorCommand(command=command, argument=argument, **told)
        self._offers.append(asyncio.ensure_future(_offered(life, now, asked, act)))

    def _heals(self) -> None:
        """All faults end; what they have left behind stays."""
        world = self.world
        world.faults.healed = True
        world.skew_ns = NS_PER_S // 10
        world.exchange.door.open()
        world.wire.stream.heal()
        world.market_stream.heal()
        world.loop.call_later(2.0, self._operator)

    def _ends(self) -> None:
        life = self._life
        if life is None:
            self._unhealed = (Unhealed(36, "no process lives"),)
        else:
            untold = (Unhealed(0, text) for text in self.market_truth.untold())
            self._unhealed = (*unhealed(self.world, self.truth, life), *untold)
        self._is_over = True
        if life is None:
            self._died.set()
        else:
            life.runtime.stop("over")


async def _offered(life: Life, now: Ns, *events: Event) -> None:
    """Offers what a person does: first that it was asked for, then the act."""
    for event in events:
        await life.runtime.lanes.offer_control(now, event, "operator")


async def _taken_apart(life: Life, running: "asyncio.Task[Ending]") -> None:
    """Ends all tasks of a life. One that was stopped has closed its home, one that died has not."""
    if running.done():
        with suppress(Crashed, Exception, asyncio.CancelledError):
            running.result()
        with suppress(JournalFailed, Crashed, OSError):
            life.household.close()
    life.tether.cut("ended")
    this = asyncio.current_task()
    for _ in range(2):
        for task in sorted(asyncio.all_tasks(), key=hash):
            if task is not this:
                task.cancel()
        await asyncio.sleep(0.001)
