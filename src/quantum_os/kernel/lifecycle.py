"""Which moves a module's life allows: one table."""

from quantum_os.events.system import ModuleState

NEW = ModuleState.NEW
STARTING = ModuleState.STARTING
RUNNING = ModuleState.RUNNING
DEGRADED = ModuleState.DEGRADED
STOPPING = ModuleState.STOPPING
STOPPED = ModuleState.STOPPED
FAULTED = ModuleState.FAULTED

MOVES: dict[ModuleState, frozenset[ModuleState]] = {
    NEW: frozenset({STARTING, FAULTED}),
    STARTING: frozenset({RUNNING, DEGRADED, STOPPING, FAULTED}),
    RUNNING: frozenset({DEGRADED, STOPPING, FAULTED}),
    DEGRADED: frozenset({RUNNING, STOPPING, FAULTED}),
    STOPPING: frozenset({STOPPED, FAULTED}),
    STOPPED: frozenset({STARTING, FAULTED}),
    FAULTED: frozenset({STARTING, STOPPING}),
}


class ForbiddenMove(RuntimeError):
    """A module was asked to make a move that its life does not allow."""


def moved(name: str, now: ModuleState, to: ModuleState) -> ModuleState:
    """Gives the new state; raises ForbiddenMove when the table has no such move."""
    if to not in MOVES[now]:
        raise ForbiddenMove(f"{name}: {now} -> {to}")
    return to
