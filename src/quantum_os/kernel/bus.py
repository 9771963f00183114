"""In which order everything happens: one queue, one number line, handlers in line-up order."""

import traceback
from collections import deque
from collections.abc import Callable, Sequence

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
from quantum_os.kernel.reactor import Handler, Module, Said

KERNEL = "kernel"
CASCADE_MAX = 1_000_000
"""Events that one input may lead to; more is two modules answering each other for ever."""

_SAMPLE_MASK = 63
"""Handlers are timed on every 64th event."""


class UndeclaredEvent(TypeError):
    """A module said something that its signatures do not declare."""


class EndlessCascade(RuntimeError):
    """One input led to more events than `CASCADE_MAX`."""


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
    that raises, or says what it did not declare, is faulted and hears nothing more.
    """

    def __init__(self, modules: Sequence[Module], journal: Journal, first_seq: int = 1) -> None:
        self.instant = Instant()
        self.digest = RunDigest()
        self.dead_letters = DeadLetters()
        self.latency = Latency()
        self.faulted: dict[str, SafetyFault] = {}
        self.seq = first_seq - 1
        self._journal = journal
        self._queue: deque[tuple[Event, int, str]] = deque()
        self.routes = _routes(modules)
        for module in modules:
            join: Callable[[Instant], None] | None = getattr(module, "keep_time_by", None)
            if join is not None:
                join(self.instant)

    def process(self, ts: int, event: Event, source: str) -> int:
        """Works one input off, with everything that follows from it; gives its sequence number.

        Args: `ts` in UTC ns; `source` names the edge that offered it.
        """
        self.instant.ns = ts
        trace = self.seq + 1
        queue = self._queue
        queue.append((event, 0, source))
        while queue:
            event, cause, source = queue.popleft()
            seq = self.seq = self.seq + 1
            if seq - trace > CASCADE_MAX:
                queue.clear()
                raise EndlessCascade(f"input {trace} led to more than {CASCADE_MAX} events")
            route = self.routes[event.__class__]
            envelope = self._number(Envelope, route, event, seq, ts, cause, trace, source)
            self._deliver(route, event, seq, envelope)
        return trace

    def _number(
        self,
        form: type[Envelope],
        route: Route,
        event: Event,
        seq: int,
        ts: int,
        cause: int,
        trace: int,
        source: str,
    ) -> Envelope:
        payload = encode_event(event)
        hashed = hashed_payload(event, payload) if route.marked else payload
        digest = digest_of(route.tag, hashed)
        self.digest.events.add(digest)
        if route.decides:
            self.digest.decisions.add(digest)
        route.numbered += 1
        route.last_ts = ts
        envelope = form(seq, ts, cause, trace, source, route.stream, payload, digest)
        self._journal.append(envelope)
        return envelope

    def _deliver(self, route: Route, event: Event, seq: int, envelope: Envelope) -> None:
        timed = not seq & _SAMPLE_MASK
        failed = False
        for hearer in route.hearers:
            started = perf_ns() if timed else 0
            try:
                said = hearer.handle(event)
                if said is not None:
                    self._enqueue(hearer, said, seq)
            except Exception as error:
                failed = True
                self._fault(hearer, envelope, error)
            if timed:
                self.latency.note(hearer.module, route.stream, perf_ns() - started)
        if not failed:
            route.delivered += 1

    def _enqueue(self, hearer: Hearer, said: Said, seq: int) -> None:
        may_say = hearer.may_say
        if said is None:
            return
        events: list[Event] = [said] if isinstance(said, Event) else list(said)
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
        for kind, handle in module.handlers().items():
            routes[kind].hearers.append(
                Hearer(module.name, module.critical, module.produces, handle)
            )
    return routes
