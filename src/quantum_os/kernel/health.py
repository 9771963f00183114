"""How the process is doing: each module by its own state, and the worst of them for the whole."""

from collections.abc import Sequence

import msgspec

from quantum_os.events.system import ModuleState
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.reactor import Module


class ModuleHealth(msgspec.Struct, frozen=True):
    """One module: its state and since when, why, and when it last had something to hear."""

    module: str
    state: ModuleState
    since: int
    reason: str
    last_event_at: int | None
    critical: bool


class Health(msgspec.Struct, frozen=True):
    """The roll-up: `ok` only while every critical module runs and nothing has faulted."""

    ok: bool
    summary: str
    modules: tuple[ModuleHealth, ...]


def health_of(
    modules: Sequence[Module], states: dict[str, tuple[ModuleState, int]], bus: Bus
) -> Health:
    """Rolls the modules' states up; `states` gives (state, since ns) by module name."""
    rows = tuple(_row(module, states, bus) for module in modules)
    bad = [row.module for row in rows if row.state is not ModuleState.RUNNING]
    return Health(
        ok=not bad,
        summary="all modules run" if not bad else f"not running: {', '.join(bad)}",
        modules=rows,
    )


def _row(module: Module, states: dict[str, tuple[ModuleState, int]], bus: Bus) -> ModuleHealth:
    state, since = states.get(module.name, (ModuleState.NEW, 0))
    fault = bus.faulted.get(module.name)
    heard_at = [bus.routes[kind].last_ts for kind in module.consumes if bus.routes[kind].numbered]
    return ModuleHealth(
        module=module.name,
        state=ModuleState.FAULTED if fault else state,
        since=since,
        reason=fault.error if fault else "",
        last_event_at=max(heard_at, default=None),
        critical=module.critical,
    )
