"""A desk for one reactor: it says what follows from what it hears, whole or cut in two lives."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from quantum_os.events.base import Event
from quantum_os.kernel.instant import Instant
from quantum_os.kernel.reactor import Reactor
from tests.exits.scene import T0


class Desk:
    """One reactor and its time: says what follows from what it hears."""

    def __init__(self, reactor: Reactor[Any], now: int = T0) -> None:
        self.reactor = reactor
        self.instant = Instant(now)
        reactor.keep_time_by(self.instant)

    def hears(self, *events: Event, at: int | None = None) -> list[Event]:
        if at is not None:
            self.instant.ns = at
        said: list[Event] = []
        for event in events:
            handler = self.reactor.handlers().get(type(event))
            answer = handler(event) if handler is not None else None
            if isinstance(answer, Event):
                said.append(answer)
            elif answer is not None:
                said.extend(answer)
        for event in said:
            assert type(event) in self.reactor.produces
        return said


Script = Sequence[tuple[int, Event]]


def played(reactor: Reactor[Any], script: Script) -> list[Event]:
    desk = Desk(reactor)
    return [event for at, heard in script for event in desk.hears(heard, at=at)]


def played_cut(make: Callable[[], Reactor[Any]], script: Script, cut: int) -> list[Event]:
    """The same script over two lives, the second restored from the first one's snapshot."""
    first, second = make(), make()
    said = played(first, script[:cut])
    second.restore(first.snapshot())
    return said + played(second, script[cut:])


def only(events: Iterable[Event], kind: type[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]
