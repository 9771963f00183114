"""Little modules that only hear and say, and what they need to be heard."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.market import FeedWatermark, MarketTick
from quantum_os.events.system import AlertRaised, AlertResolved, Severity, TimerFired
from quantum_os.events.units import Ns
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.instant import Instant
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.reactor import Handler, Module, Reactor, Snapshot

Answer = Callable[[Any], Iterable[Event] | Event | None]


def nothing(event: Event) -> None:
    return None


class Fake:
    """A module that answers each event by a given function, and keeps what it heard and when."""

    kind: Literal["reactor", "edge"] = "reactor"

    def __init__(
        self,
        name: str,
        answers: Mapping[type[Event], Answer],
        says: Sequence[type[Event]] = (),
        *,
        critical: bool = True,
        tape: list[tuple[str, Event]] | None = None,
    ) -> None:
        self.name = name
        self.critical = critical
        self.consumes = tuple(answers)
        self.produces = frozenset(says)
        self.heard: list[Event] = []
        self.times: list[int] = []
        self._answers = answers
        self._tape = tape
        self._instant = Instant()

    def keep_time_by(self, instant: Instant) -> None:
        self._instant = instant

    def handlers(self) -> dict[type[Event], Handler]:
        return dict.fromkeys(self.consumes, self._hear)

    def snapshot(self) -> Snapshot | None:
        return None

    def restore(self, snapshot: Snapshot) -> None:
        raise TypeError(f"{self.name} keeps nothing")

    def _hear(self, event: Event) -> Iterable[Event] | Event | None:
        self.heard.append(event)
        self.times.append(self._instant.ns)
        if self._tape is not None:
            self._tape.append((self.name, event))
        return self._answers[type(event)](event)


class CountState(msgspec.Struct):
    """How many marks came, and the sum of their times."""

    marks: int = 0
    total: int = 0


class Counter(Reactor[CountState]):
    """Answers every second watermark with an alert that carries its count."""

    name = "kernel.counter"

    def __init__(self) -> None:
        super().__init__(CountState())

    def on_mark(self, event: FeedWatermark) -> Iterator[AlertRaised]:
        self.state.marks += 1
        self.state.total += event.time
        if not self.state.marks % 2:
            yield alert(str(self.state.marks))


class Listener(Reactor[CountState]):
    """Hears alerts and answers each with its end."""

    name = "kernel.listener"
    critical = False

    def __init__(self) -> None:
        super().__init__(CountState())

    def on_alert(self, event: AlertRaised) -> AlertResolved:
        self.state.marks += 1
        return resolved(event.key)


def mark(time: int = 0, venue: str = "v") -> FeedWatermark:
    return FeedWatermark(venue, Ns(time))


def tick(price: float = 1.0, symbol: str = "S", **more: Any) -> MarketTick:
    return MarketTick("v", symbol, price, Ns(0), **more)


def alert(key: str = "k") -> AlertRaised:
    return AlertRaised(key, "rule", Severity.INFO, "summary", Ns(0))


def resolved(key: str = "k") -> AlertResolved:
    return AlertResolved(key, Ns(0), Ns(0))


def fired(due: int, key: str = "k") -> TimerFired:
    return TimerFired(key, Ns(due))


def bus_of(*modules: Module) -> tuple[Bus, MemoryJournal]:
    journal = MemoryJournal()
    return Bus(modules, journal), journal


def journaled(journal: MemoryJournal) -> list[Envelope]:
    return list(journal.read())


def streams(journal: MemoryJournal) -> list[str]:
    return [envelope.stream for envelope in journal.read()]
