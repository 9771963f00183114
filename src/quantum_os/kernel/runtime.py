"""How the process lives: staged start, one loop that feeds the bus, staged stop."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec
import structlog

from quantum_os.events.base import Event
from quantum_os.events.system import ModuleState
from quantum_os.kernel.bus import KERNEL, Bus
from quantum_os.kernel.checkpoints import Checkpoints
from quantum_os.kernel.clock import ReplayClock, monotonic_ns
from quantum_os.kernel.drive import Driver
from quantum_os.kernel.edge import Edge, EdgeContext
from quantum_os.kernel.fencing import Deposed, Fence, NewLifeNeeded
from quantum_os.kernel.health import Health, KeeperBoard, health_of
from quantum_os.kernel.heartbeat import Heartbeat, NoHeartbeat
from quantum_os.kernel.journal import Journal
from quantum_os.kernel.kill_points import kill_point
from quantum_os.kernel.lanes import Lanes
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.spread import Spread
from quantum_os.kernel.supervisor import STOP_BUDGET_S, Supervisor
from quantum_os.kernel.timers import Timers
from quantum_os.kernel.write_ahead import Spool, holds

INPUTS_PER_TURN = 32
"""Inputs worked off before the other tasks get a turn."""

UNFLUSHED_MAX = 20_000
"""Events the journal may be behind before the loop waits for it."""

CATCH_UP_S = 0.1
"""Wall seconds that the loop waits for a journal that is behind: an exit waits no longer either."""

DEPOSED = "deposed"
"""The reason of an end that another instance has brought about."""

_log = structlog.get_logger("quantum_os.runtime")


class Ending(msgspec.Struct, frozen=True):
    """Why the process stopped; `fault` is None for a wanted end.

    `may_restart` where a module of the money path broke: a new life goes on past what broke it.
    """

    reason: str
    fault: str | None = None
    may_restart: bool = False


class Keeping(msgspec.Struct, frozen=True):
    """What a process that keeps what happens has beside its journal, and who watches over it."""

    spool: Spool | None = None
    fence: Fence | None = None
    checkpoints: Checkpoints | None = None
    heartbeat: Heartbeat | None = None


class Runtime:
    """One process: the line-up on its bus, the edges as supervised tasks, one loop.

    A background task that ends without being asked is a fault, unless its edge is the tape whose
    end is the run's end. A runtime that has stopped can be started again. `handled` are the times
    from the offering of an input until it, and all that followed from it, was worked off.
    """

    def __init__(
        self,
        *,
        modules: Sequence[Module],
        bus: Bus,
        timers: Timers,
        journal: Journal,
        clock: ReplayClock,
        stop_budget_s: float = STOP_BUDGET_S,
        keeping: Keeping | None = None,
        lanes: Lanes | None = None,
    ) -> None:
        self.bus = bus
        self.modules = modules
        self.lanes = lanes or Lanes()
        self.handled = Spread()
        self.keepers = KeeperBoard()
        self._journal = journal
        self._clock = clock
        self._keeping = keeping or Keeping()
        self._checkpoints = self._keeping.checkpoints
        self._heartbeat = self._keeping.heartbeat or NoHeartbeat()
        self._driver = Driver(bus, timers)
        self._edges = [module for module in modules if isinstance(module, Edge)]
        self._supervisor = Supervisor(modules, clock.now, stop_budget_s)
        self._ending: Ending | None = None

    def stop(self, reason: str) -> None:
        """Asks for a staged stop; the first reason stands."""
        self._end(Ending(reason))

    @property
    def reports(self) -> Sequence[str]:
        """Names the edges that did not stop within their budget, or failed to."""
        return self._supervisor.reports

    def health(self) -> Health:
        states = self._supervisor.states
        return health_of(self.modules, states, self.bus, self.keepers.last.values())

    async def run(
        self, first: Sequence[Event], started: Callable[[], None] = lambda: None
    ) -> Ending:
        """Starts every module, works inputs off until asked to stop, and stops in order.

        `first` begin this life: `process.started` and what recovery has to say. They come before
        the timers that fell due while nobody lived.
        """
        for event in first:
            self.bus.process(self._clock.now(), event, KERNEL)
        kill_point("recovery.after_start")
        self._start_modules()
        try:
            kept = self._keeping
            context = EdgeContext(self._clock, self.lanes, self._journal, kept.spool, kept.fence)
            for edge in self._edges:
                self._supervisor.start_task(edge.name, edge.run(context), self._task_ended)
            started()
            await self._loop()
        finally:
            ending, self._ending = self._ending or Ending("stopped"), None
            self._heartbeat.ends(ending.reason, may_return=ending.may_restart)
            await self._stop_modules()
            if self._checkpoints is not None:
                await self._checkpoints.finish(self.bus, self.modules)
        return ending

    async def _loop(self) -> None:
        while self._ending is None or (self._ending.fault is None and self._is_draining()):
            self._heartbeat.beat()
            kill_point("runtime.before_inputs")
            worked = self._work_off(INPUTS_PER_TURN)
            kill_point("runtime.after_inputs")
            if self._checkpoints is not None:
                self._checkpoints.consider(self.bus, self.modules)
            if self.bus.seq - self._journal.flushed_seq > UNFLUSHED_MAX:
                await holds(self._journal, self.bus.seq, CATCH_UP_S)
            if worked:
                await asyncio.sleep(0)
            else:
                await self._rest()

    def _is_draining(self) -> bool:
        """A tape that has ended has its last inputs worked off; a stop request does not wait."""
        return (
            self._ending is not None
            and self._ending.reason == "tape end"
            and self.lanes.backlog > 0
        )

    def _work_off(self, at_most: int) -> int:
        for done in range(at_most):
            offered = self.lanes.take()
            if offered is None:
                return done
            self._clock.move_to(offered.ts)
            self._driver.offer(offered.ts, offered.event, offered.source)
            self.handled.note(monotonic_ns() - offered.since)
            if self.bus.faulted and self._ends_by_fault():
                return done + 1
        return at_most

    def _ends_by_fault(self) -> bool:
        """A fault in the money path ends this life at once: the next one lets the module hear."""
        for name, fault in self.bus.faulted.items():
            if fault.critical:
                text = f"{name} broke on {fault.stream} {fault.event_seq}: {fault.error}"
                self._end(Ending("fault", fault=text, may_restart=True))
                return True
        return False

    async def _rest(self) -> None:
        """Returns when there is something to do, or when it is time for a beat of the heart."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._heartbeat.rest_s):
                await self.lanes.wait()

    def _start_modules(self) -> None:
        """Consumers before producers: the line-up from its end to its beginning."""
        for state in (ModuleState.STARTING, ModuleState.RUNNING):
            for module in reversed(self.modules):
                self._move(module.name, state)

    async def _stop_modules(self) -> None:
        """Producers before consumers, each within its budget."""
        before = len(self._supervisor.reports)
        for edge in self._edges:
            self._move(edge.name, ModuleState.STOPPING)
            await self._supervisor.stop_task(edge.name, edge.stop)
        for module in self.modules:
            self._move(module.name, ModuleState.STOPPING)
            self._move(module.name, ModuleState.STOPPED)
        for report in self._supervisor.reports[before:]:
            _log.warning(report)

    def _move(self, name: str, to: ModuleState) -> None:
        if name in self.bus.faulted and to is not ModuleState.FAULTED:
            return
        changed = self._supervisor.move(name, to)
        if changed is not None:
            self._offer(changed)

    def _offer(self, event: Event) -> None:
        if not self.bus.broken:
            self._driver.offer(self._clock.now(), event, KERNEL)

    def _task_ended(self, name: str, error: BaseException | None) -> None:
        edge = next(edge for edge in self._edges if edge.name == name)
        if error is None and edge.ends_run:
            self._end(Ending("tape end"))
            return
        text = f"the task of {name} ended: {error!r}" if error else f"the task of {name} returned"
        _log.error(text)
        if isinstance(error, Deposed):
            self._end(Ending(DEPOSED, fault=str(error)))
        else:
            renews = isinstance(error, NewLifeNeeded)
            self._end(Ending("fault", fault=text, may_restart=renews))

    def _end(self, ending: Ending) -> None:
        wanted = self._ending is None or self._ending.fault is None
        if self._ending is None or (wanted and ending.fault is not None):
            self._ending = ending
        self.lanes.wake()
