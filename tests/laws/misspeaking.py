"""Modules that break a promise on purpose: what they hear or say is twisted on the way."""

from collections.abc import Callable, Iterator
from typing import Literal

from quantum_os.events.base import Event
from quantum_os.kernel.instant import Instant
from quantum_os.kernel.reactor import Handler, Module, Snapshot

Twist = Callable[[Event], list[Event]]


def straight(event: Event) -> list[Event]:
    return [event]


class Misspeaking:
    """Stands in the line-up for a module, under its name; the twists change its words."""

    def __init__(self, module: Module, *, hears: Twist = straight, says: Twist = straight) -> None:
        self._module = module
        self._hears = hears
        self._says = says

    @property
    def name(self) -> str:
        return self._module.name

    @property
    def kind(self) -> Literal["reactor", "edge"]:
        return self._module.kind

    @property
    def critical(self) -> bool:
        return self._module.critical

    @property
    def consumes(self) -> tuple[type[Event], ...]:
        return self._module.consumes

    @property
    def produces(self) -> frozenset[type[Event]]:
        return self._module.produces

    def keep_time_by(self, instant: Instant) -> None:
        join: Callable[[Instant], None] = getattr(self._module, "keep_time_by")  # noqa: B009
        join(instant)

    def handlers(self) -> dict[type[Event], Handler]:
        return {kind: self._twisted(handle) for kind, handle in self._module.handlers().items()}

    def snapshot(self) -> Snapshot | None:
        return self._module.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        self._module.restore(snapshot)

    def _twisted(self, handle: Handler) -> Handler:
        def handler(event: Event) -> Iterator[Event]:
            for heard in self._hears(event):
                said = handle(heard)
                for each in [said] if isinstance(said, Event) else [*(said or ())]:
                    yield from self._says(each)

        return handler
