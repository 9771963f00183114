"""Whether a line-up hangs together: everyone is heard, everyone hears someone, nobody usurps."""

from collections.abc import Collection, Sequence

from quantum_os.events.ai import ModelLoaded
from quantum_os.events.base import Event, stream_of
from quantum_os.events.commands import (
    ActionAsked,
    CloseCommand,
    ModelsCommand,
    OperatorCommand,
    PolicyCommand,
)
from quantum_os.events.execution import (
    CashTransferred,
    Fill,
    FundingPaid,
    HaltState,
    LeverageConfirmed,
    LeverageRequested,
    OrderCancelRequested,
    OrderQueryRequested,
    OrderRequested,
    OrderSubmitted,
    OrderUpdated,
    PositionCorrected,
    VenueSnapshot,
)
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.system import (
    ModuleStateChanged,
    ProcessStarted,
    SafetyFault,
    StorageState,
    TimerFired,
)
from quantum_os.kernel.reactor import Module

COMMANDS: frozenset[type[Event]] = frozenset(
    {OperatorCommand, CloseCommand, PolicyCommand, ModelsCommand, ActionAsked}
)
"""What people say through the faces of the process."""

SAID_BY_KERNEL: frozenset[type[Event]] = frozenset(
    {
        ProcessStarted,
        ModelLoaded,
        TimerFired,
        ModuleStateChanged,
        SafetyFault,
        StorageState,
        *COMMANDS,
    }
)
"""What needs no producer in the line-up: the kernel and the faces of the process say it."""

PRIVILEGES: dict[type[Event], str] = {
    RiskPermit: "risk.gate",
    RiskRefusal: "risk.gate",
    OrderRequested: "execution.orders",
    OrderCancelRequested: "execution.orders",
    OrderQueryRequested: "execution.orders",
    LeverageRequested: "execution.orders",
    LeverageConfirmed: "execution.venues.",
    OrderSubmitted: "execution.venues.",
    OrderUpdated: "execution.venues.",
    Fill: "execution.venues.",
    FundingPaid: "execution.venues.",
    CashTransferred: "execution.venues.",
    HaltState: "execution.venues.",
    PositionCorrected: "execution.reconcile",
    VenueSnapshot: "execution.venues.",
}
"""Who alone may say what moves money; a name that ends with a dot stands for its package."""

SINGLE_HANDLER: frozenset[type[Event]] = COMMANDS
"""Requests from people have exactly one handler."""


class WiringError(RuntimeError):
    """A line-up that may not start; one line per problem."""


def problems(
    modules: Sequence[Module],
    journal_only: Collection[type[Event]] = (),
    planned: Collection[type[Event]] = (),
    required: Collection[str] = (),
) -> list[str]:
    """Lists what is wrong with a line-up, in words; an empty list lets it start.

    `journal_only` are the events that no module hears on purpose: they are said for the record.
    `planned` are those whose producer is still to be built. `required` names the modules without
    which nothing starts (a name that ends with a dot: any module of that package).
    """
    heard = {kind: _names(modules, kind, hearing=True) for kind in _all(modules, hearing=True)}
    said = {kind: _names(modules, kind, hearing=False) for kind in _all(modules, hearing=False)}
    return [
        *(
            f"{name} is missing"
            for name in required
            if not any(_is_entitled(module.name, name) for module in modules)
        ),
        *_double_names(modules),
        *_unnamed_after_path(modules),
        *(
            f"{', '.join(names)} hears {stream_of(kind)}, which nobody says"
            for kind, names in heard.items()
            if kind not in said and kind not in SAID_BY_KERNEL and kind not in planned
        ),
        *(
            f"{', '.join(names)} says {stream_of(kind)}, which nobody hears"
            for kind, names in said.items()
            if kind not in heard and kind not in journal_only
        ),
        *(
            f"{name} may not say {stream_of(kind)}: only {PRIVILEGES[kind]} may"
            for kind, names in said.items()
            if kind in PRIVILEGES
            for name in names
            if not _is_entitled(name, PRIVILEGES[kind])
        ),
        *(
            f"{stream_of(kind)} has {len(heard.get(kind, []))} handlers, it must have one"
            for kind in SINGLE_HANDLER
            if len(heard.get(kind, [])) != 1
        ),
    ]


def check(
    modules: Sequence[Module],
    journal_only: Collection[type[Event]] = (),
    planned: Collection[type[Event]] = (),
    required: Collection[str] = (),
) -> None:
    """Refuses a line-up that does not hang together; raises WiringError naming every problem."""
    found = problems(modules, journal_only, planned, required)
    if found:
        raise WiringError("\n".join(found))


def _all(modules: Sequence[Module], *, hearing: bool) -> list[type[Event]]:
    kinds = [
        kind for module in modules for kind in (module.consumes if hearing else module.produces)
    ]
    return sorted(dict.fromkeys(kinds), key=stream_of)


def _names(modules: Sequence[Module], kind: type[Event], *, hearing: bool) -> list[str]:
    return [
        module.name
        for module in modules
        if kind in (module.consumes if hearing else module.produces)
    ]


def _double_names(modules: Sequence[Module]) -> list[str]:
    names = [module.name for module in modules]
    return [
        f"the name {name} stands twice" for name in dict.fromkeys(names) if names.count(name) > 1
    ]


def _unnamed_after_path(modules: Sequence[Module]) -> list[str]:
    """A module is found where its name says: package and file (or the package alone)."""
    wrong = []
    for module in modules:
        path = type(module).__module__
        named = f"quantum_os.{module.name}"
        if path.startswith("quantum_os.") and not f"{path}.".startswith(f"{named}."):
            wrong.append(f"{module.name} lives in {path}")
    return wrong


def _is_entitled(name: str, owner: str) -> bool:
    return name.startswith(owner) if owner.endswith(".") else name == owner
