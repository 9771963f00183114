"""Who moves a module through its life, and what happens when one of its tasks ends."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from quantum_os.events.system import ModuleState, ModuleStateChanged
from quantum_os.kernel.lifecycle import moved
from quantum_os.kernel.reactor import Module

STOP_BUDGET_S = 5.0
"""Seconds that one edge may take to stop before it is cut off and reported."""

REPORTS_MAX = 1_000
"""Lines about edges that overstayed; the oldest are forgotten first."""


class Supervisor:
    """Holds the state of every module; each move is an event that the runtime offers to the bus."""

    def __init__(
        self,
        modules: Sequence[Module],
        now: Callable[[], int],
        stop_budget_s: float = STOP_BUDGET_S,
    ) -> None:
        self._now = now
        self._stop_budget_s = stop_budget_s
        self.states = {module.name: (ModuleState.NEW, 0) for module in modules}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.reports: list[str] = []

    def move(self, name: str, to: ModuleState, reason: str = "") -> ModuleStateChanged | None:
        """Moves one module; None when it is there already; raises ForbiddenMove off the table."""
        previous, _ = self.states[name]
        if previous is to:
            return None
        self.states[name] = (moved(name, previous, to), self._now())
        return ModuleStateChanged(module=name, previous=previous, state=to, reason=reason)

    def start_task(
        self,
        name: str,
        work: Coroutine[object, object, None],
        ended: Callable[[str, BaseException | None], None],
    ) -> None:
        """Runs an edge's work as a task of its own; `ended` hears when it ends without being asked.

        The error is None for a task that returned, and CancelledError for one somebody cancelled.
        """

        def note(done: asyncio.Task[None]) -> None:
            outcome = _outcome(done)
            if self.tasks.get(name) is done:
                del self.tasks[name]
                ended(name, outcome)

        task = self.tasks[name] = asyncio.create_task(work, name=name)
        task.add_done_callback(note)

    async def stop_task(
        self, name: str, stop: Callable[[], Coroutine[object, object, None]]
    ) -> None:
        """Ends an edge within its budget; one that overstays or fails is reported by name."""
        working = self.tasks.pop(name, None)
        if working is not None:
            working.cancel()
            if not await self._ends_in_time(working):
                self._report(f"{name} did not end its task within {self._stop_budget_s:g} s")
        stopping = asyncio.ensure_future(stop())
        if not await self._ends_in_time(stopping):
            stopping.cancel()
            self._report(f"{name} did not stop within {self._stop_budget_s:g} s")
        elif not stopping.cancelled() and stopping.exception() is not None:
            self._report(f"{name} failed to stop: {stopping.exception()!r}")

    async def _ends_in_time(self, task: asyncio.Future[None]) -> bool:
        done, _ = await asyncio.wait({task}, timeout=self._stop_budget_s)
        return bool(done)

    def _report(self, text: str) -> None:
        self.reports.append(text)
        del self.reports[:-REPORTS_MAX]


def _outcome(task: asyncio.Task[None]) -> BaseException | None:
    return asyncio.CancelledError() if task.cancelled() else task.exception()
