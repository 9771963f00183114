"""What a reactor is: it hears an event and says the events that follow, and does nothing else."""

import inspect
import types
import typing
from collections.abc import Callable, Iterable
from typing import ClassVar, Generic, Literal, Protocol, TypeVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.kernel import states
from quantum_os.kernel.instant import Instant

S = TypeVar("S", bound=msgspec.Struct)

Said = Iterable[Event] | Event | None
"""What a handler may return: nothing, one event, or several in order."""

Handler = Callable[[typing.Any], Said]


class Snapshot(msgspec.Struct, frozen=True):
    """Everything a module knows at one sequence number, as a versioned blob."""

    version: int
    state: bytes


class Module(Protocol):
    """The contract of whatever stands in the line-up; fakes need no inheritance."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Literal["reactor", "edge"]: ...
    @property
    def critical(self) -> bool: ...
    @property
    def consumes(self) -> tuple[type[Event], ...]: ...
    @property
    def produces(self) -> frozenset[type[Event]]: ...
    def handlers(self) -> dict[type[Event], Handler]: ...
    def snapshot(self) -> Snapshot | None: ...
    def restore(self, snapshot: Snapshot) -> None: ...


class UnknownSnapshotVersion(ValueError):
    """A snapshot was written by another version of the module; replay from further back."""


class Reactor(Generic[S]):
    """A pure module: all it knows is in `self.state`, all it says follows from what it hears.

    A subclass names itself after its path, writes one `on_<noun>` method per event it hears, and
    says by annotation what it consumes (the parameter) and produces (the return type):

        def on_fill(self, event: Fill) -> Iterator[PositionUpdated | TradeClosed]: ...

    `critical` modules stand in the money path: a fault there stops new risk at once.
    """

    name: ClassVar[str]
    kind: ClassVar[Literal["reactor", "edge"]] = "reactor"
    critical: ClassVar[bool] = True
    version: ClassVar[int] = 1
    consumes: ClassVar[tuple[type[Event], ...]] = ()
    produces: ClassVar[frozenset[type[Event]]] = frozenset()
    _handler_names: ClassVar[dict[type[Event], str]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        heard, said = _read_signatures(cls)
        cls._handler_names = heard
        cls.consumes = tuple(heard)
        cls.produces = frozenset(said)

    def __init__(self, state: S) -> None:
        self.state = state
        self._instant = Instant()

    @property
    def now(self) -> int:
        """The time of the input being worked on, UTC ns."""
        return self._instant.ns

    def keep_time_by(self, instant: Instant) -> None:
        """Shares the bus's one instant; called when the module joins a bus."""
        self._instant = instant

    def handlers(self) -> dict[type[Event], Handler]:
        """Gives the bound handler of each event type heard."""
        return {kind: getattr(self, name) for kind, name in self._handler_names.items()}

    def snapshot(self) -> Snapshot:
        return Snapshot(version=self.version, state=states.encode(self.state))

    def restore(self, snapshot: Snapshot) -> None:
        if snapshot.version != self.version:
            raise UnknownSnapshotVersion(f"{self.name}: snapshot version {snapshot.version}")
        self.state = states.decode(snapshot.state, type(self.state))


def _read_signatures(cls: type) -> tuple[dict[type[Event], str], set[type[Event]]]:
    heard: dict[type[Event], str] = {}
    said: set[type[Event]] = set()
    for attribute, function in inspect.getmembers(cls, inspect.isfunction):
        if not attribute.startswith("on_"):
            continue
        handler = f"{cls.__name__}.{attribute}"
        hints = typing.get_type_hints(function)
        if "return" not in hints:
            raise TypeError(f"{handler} does not declare what it says")
        returned = hints.pop("return")
        if len(hints) != 1:
            raise TypeError(f"{handler} takes exactly one annotated event")
        kinds = _event_types(next(iter(hints.values())))
        if not kinds:
            raise TypeError(f"{handler} hears no event")
        for kind in kinds:
            if kind in heard:
                raise TypeError(f"{cls.__name__} hears {kind.__name__} twice")
            heard[kind] = attribute
        said |= set(_event_types(returned))
    return heard, said


def _event_types(annotation: object) -> list[type[Event]]:
    """Finds the event classes inside an annotation such as `Iterator[A | B] | None`."""
    if inspect.isclass(annotation) and issubclass(annotation, Event):
        return [annotation]
    arguments = typing.get_args(annotation)
    if isinstance(annotation, types.UnionType) or arguments:
        return [kind for argument in arguments for kind in _event_types(argument)]
    return []
