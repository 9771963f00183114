"""How the process is doing: each module by its own state, and the worst of them for the whole."""

from collections.abc import Iterable, Sequence

import msgspec

from quantum_os.events.base import stream_of
from quantum_os.events.system import Keeper, ModuleState, StorageState
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.reactor import Module

_STORAGE = stream_of(StorageState)


class ModuleHealth(msgspec.Struct, frozen=True):
    """One module: its state and since when, why, and when it last had something to hear."""

    module: str
    state: ModuleState
    since: int
    reason: str
    last_event_at: int | None
    critical: bool


class Health(msgspec.Struct, frozen=True):
    """The roll-up: `ok` only while every module runs and every keeper of events is well.

    `keepers` are those that have spoken up; one that never had any trouble has not.
    """

    ok: bool
    summary: str
    modules: tuple[ModuleHealth, ...]
    keepers: tuple[StorageState, ...] = ()


class KeeperBoard:
    """Remembers the last word of each keeper of events, as a tap of the journal."""

    def __init__(self) -> None:
        self.last: dict[Keeper, StorageState] = {}

    def __call__(self, envelope: Envelope) -> None:
        if envelope.stream == _STORAGE:
            event = envelope.event()
            assert isinstance(event, StorageState)
            self.last[event.keeper] = event


def health_of(
    modules: Sequence[Module],
    states: dict[str, tuple[ModuleState, int]],
    bus: Bus,
    keepers: Iterable[StorageState] = (),
) -> Health:
    """Rolls the modules' states up; `states` gives (state, since ns) by module name."""
    rows = tuple(_row(module, states, bus) for module in modules)
    told = tuple(keepers)
    ailing = [row for row in rows if row.state is ModuleState.DEGRADED and row.reason]
    bad = [row.module for row in rows if row.state is not ModuleState.RUNNING and row not in ailing]
    down = [f"{each.keeper} ({each.reason})" for each in told if not each.ok]
    parts = (("not running", bad), ("down", down), ("broken", [row.reason for row in ailing]))
    troubles = [f"{what}: {', '.join(names)}" for what, names in parts if names]
    return Health(not troubles, "; ".join(troubles) or "all modules run", rows, told)


def _row(module: Module, states: dict[str, tuple[ModuleState, int]], bus: Bus) -> ModuleHealth:
    state, since = states.get(module.name, (ModuleState.NEW, 0))
    fault = bus.faulted.get(module.name)
    heard_at = [bus.routes[kind].last_ts for kind in module.consumes if bus.routes[kind].numbered]
    ailment = _ailment_of(module)
    if fault is not None:
        state, reason = ModuleState.FAULTED, fault.error
    elif ailment and state is ModuleState.RUNNING:
        state, reason = ModuleState.DEGRADED, ailment
    else:
        reason = ""
    return ModuleHealth(
        module=module.name,
        state=state,
        since=since,
        reason=reason,
        last_event_at=max(heard_at, default=None),
        critical=module.critical,
    )


def _ailment_of(module: Module) -> str:
    """What a module that runs says is not well with the fund; most have nothing to say."""
    ailment: str = getattr(module, "ailment", "")
    return ailment
