"""In which order everything happens: one queue, one number line, handlers in line-up order."""

import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.catalog import EVENTS
from quantum_os.events.system import ModuleState, ModuleStateChanged, SafetyFault
from quantum_os.kernel.clock import perf_ns
from quantum_os.kernel.dead_letters import DeadLetter, DeadLetters
from quantum_os.kernel.digest import DECISION_STREAMS, RunDigest, digest_of, hashed_payload, tag_of
from quantum_os.kernel.envelope import Envelope, encode_event
from quantum_os.kernel.instant import Instant
from quantum_os.kernel.journal import Journal
from quantum_os.kernel.latency import Latency
from quantum_os.kernel.reactor import Handler, Module

KERNEL = "kernel"
CASCADE_MAX = 1_000_000
"""Events that one input may lead to; more is two modules answering each other for ever."""

SAID_MAX = 100_000
"""Events that one handler may say of one event; more is a loop that does not end."""

_SAMPLE_MASK = 63
"""Handlers are timed on every 64th event."""


class UndeclaredEvent(TypeError):
    """A module said something that its signatures do not declare."""


class EndlessCascade(RuntimeError):
    """One input led to more events than `CASCADE_MAX`, or one handler said more than `SAID_MAX`."""


class BrokenBus(RuntimeError):
    """A cascade was cut in its middle, so the modules no longer agree; only a restart helps."""


class Hearer(msgspec.Struct):
    """One handler on a route, with what its module may say."""

    module: str
    critical: bool
    may_say: frozenset[type[Event]]
    handle: Handler


class Route(msgspec.Struct):
    """Where one type of event goes, and how many have gone there."""

    stream: str
    tag: int
    decides: bool
    marked: bool
    hearers: list[Hearer] = []
    numbered: int = 0
    delivered: int = 0
    last_ts: int = 0


class Bus:
    """Numbers each event, journals it, and hands it to its hearers until the cascade is empty.

    The bus never waits and never drops: numbered = delivered + dead-lettered, per stream. A module
    that raises, or says what it did not declare, is faulted and hears nothing more. When the bus
    itself cannot go on (the journal refuses, the cascade does not end) it is `broken` for good.
    """

    def __init__(
        self,
        modules: Sequence[Module],
        journal: Journal,
        first_seq: int = 1,
        *,
        cascade_max: int = CASCADE_MAX,
    ) -> None:
        self.instant = Instant()
        self.digest = RunDigest()
        self.dead_letters = DeadLetters()
        self.latency = Latency()
        self.faulted: dict[str, SafetyFault] = {}
        self.broken = ""
        self.seq = first_seq - 1
        self.routes = _routes(modules)
        self._cascade_max = cascade_max
        self._append = journal.append
        self._queue: deque[tuple[Event, int, str]] = deque()
        for module in modules:
            join: Callable[[Instant], None] | None = getattr(module, "keep_time_by", None)
            if join is not None:
                join(self.instant)

    def process(self, ts: int, event: Event, source: str) -> int:
        """Works one input off, with everything that follows from it; gives its sequence number.

        Args: `ts` in UTC ns; `source` names the edge that offered it. Raises BrokenBus after an
        earlier cascade was cut, EndlessCascade, and whatever the journal raises.
        """
        if self.broken:
            raise BrokenBus(self.broken)
        self.instant.ns = ts
        trace = self.seq + 1
        last = self.seq + self._cascade_max
        queue = self._queue
        queue.append((event, 0, source))
        try:
            while queue:
                event, cause, source = queue.popleft()
                if self.seq >= last:
                    raise EndlessCascade(f"input {trace} led to more than {last - trace + 1}")
                route = self.routes[event.__class__]
                payload = encode_event(event)
                hashed = hashed_payload(event, payload) if route.marked else payload
                digest = digest_of(route.tag, hashed)
                seq = self.seq + 1
                envelope = Envelope(seq, ts, cause, trace, source, route.stream, payload, digest)
                self._append(envelope)
                self.seq = seq
                self.digest.events.add(digest)
                if route.decides:
                    self.digest.decisions.add(digest)
                route.numbered += 1
                route.last_ts = ts
                if route.hearers:
                    self._deliver(route, event, envelope)
                else:
                    route.delivered += 1
        except BaseException as error:
            queue.clear()
            self.broken = f"{type(error).__name__}: {error}"
            raise
        return trace

    def _deliver(self, route: Route, event: Event, envelope: Envelope) -> None:
        seq = self.instant.seq = envelope.seq  # an edge asks the journal's barrier for it
        timed = not seq & _SAMPLE_MASK
        failed = False
        for hearer in route.hearers:
            started = perf_ns() if timed else 0
            try:
                said = hearer.handle(event)
                if said is not None:
                    self._enqueue(hearer, said, seq)
            except Exception as error:  # noqa: BLE001  the one place where a module's fault ends
                failed = True
                self._fault(hearer, envelope, error)
            if timed:
                self.latency.note(hearer.module, route.stream, perf_ns() - started)
        if not failed:
            route.delivered += 1

    def _enqueue(self, hearer: Hearer, said: Event | Iterable[Event], seq: int) -> None:
        """Queues all that a handler said, or nothing of it when one event was not declared."""
        may_say = hearer.may_say
        if said.__class__ in may_say:
            self._queue.append((said, seq, hearer.module))
            return
        events = [said] if isinstance(said, Event) else list(islice(said, SAID_MAX + 1))
        if len(events) > SAID_MAX:
            raise EndlessCascade(f"{hearer.module} said more than {SAID_MAX} events at once")
        for event in events:
            if event.__class__ not in may_say:
                raise UndeclaredEvent(f"{hearer.module} said {event.__class__.__name__}")
        for event in events:
            self._queue.append((event, seq, hearer.module))

    def _fault(self, hearer: Hearer, envelope: Envelope, error: Exception) -> None:
        """Takes a module off the bus for good; its broken promise is said, kept and counted."""
        text = f"{type(error).__name__}: {error}"
        trail = "".join(traceback.format_exception(error))
        self.dead_letters.keep(DeadLetter(envelope, hearer.module, text, trail))
        fault = SafetyFault(
            module=hearer.module,
            critical=hearer.critical,
            event_seq=envelope.seq,
            stream=envelope.stream,
            error=text,
            traceback=trail,
        )
        self.faulted[hearer.module] = fault
        for route in self.routes.values():
            route.hearers = [each for each in route.hearers if each.module != hearer.module]
        moved = ModuleStateChanged(
            module=hearer.module,
            previous=ModuleState.RUNNING,
            state=ModuleState.FAULTED,
            reason=text,
        )
        self._queue.append((fault, envelope.seq, KERNEL))
        self._queue.append((moved, envelope.seq, KERNEL))


def _routes(modules: Sequence[Module]) -> dict[type[Event], Route]:
    routes = {
        kind: Route(stream, tag_of(stream), stream in DECISION_STREAMS, bool(kind.UNHASHED))
        for stream, kind in EVENTS.items()
    }
    for module in modules:
        unlisted = [kind for kind in (*module.consumes, *module.produces) if kind not in routes]
        if unlisted:
            raise TypeError(f"{module.name}: the catalog does not list {unlisted[0].__name__}")
        for kind, handle in module.handlers().items():
            routes[kind].hearers.append(
                Hearer(module.name, module.critical, module.produces, handle)
            )
    return routes
