"""Who moves a module through its life, and what happens when one of its tasks ends."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from quantum_os.events.system import ModuleState, ModuleStateChanged
from quantum_os.kernel.lifecycle import moved
from quantum_os.kernel.reactor import Module

STOP_BUDGET_S = 5.0
"""Seconds that one edge may take to stop before it is cut off and reported."""


class Supervisor:
    """Holds the state of every module; each move is an event that the runtime offers to the bus."""

    def __init__(self, modules: Sequence[Module], now: Callable[[], int]) -> None:
        self._now = now
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
        """Runs an edge's work as a task of its own; `ended` hears of its end, however it comes."""
        task = asyncio.create_task(work, name=name)
        self.tasks[name] = task
        task.add_done_callback(lambda done: ended(name, _outcome(done)))

    async def stop_task(
        self, name: str, stop: Callable[[], Coroutine[object, object, None]]
    ) -> None:
        """Ends an edge within its budget; one that overstays is cut off and reported by name."""
        task = self.tasks.get(name)
        if task is not None and not task.done():
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=STOP_BUDGET_S)
            if not done:
                self.reports.append(f"{name} did not end its task within {STOP_BUDGET_S:g} s")
        try:
            await asyncio.wait_for(stop(), STOP_BUDGET_S)
        except TimeoutError:
            self.reports.append(f"{name} did not stop within {STOP_BUDGET_S:g} s")


def _outcome(task: asyncio.Task[None]) -> BaseException | None:
    return asyncio.CancelledError() if task.cancelled() else task.exception()
