"""In which order everything happens: one queue, one number line, handlers in line-up order."""

import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.catalog import EVENTS
from quantum_os.events.system import (
    ModuleState,
    ModuleStateChanged,
    ProcessStarted,
    SafetyFault,
)
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

    While `muted`, edges hear nothing: the past is played once more, and no deed follows from it. A
    fault lasts as long as the life it happened in: `process.started` lets every module hear again.
    """

    def __init__(
        self,
        modules: Sequence[Module],
        journal: Journal,
        first_seq: int = 1,
        *,
        cascade_max: int = CASCADE_MAX,
        muted: bool = False,
    ) -> None:
        self.instant = Instant()
        self.digest = RunDigest()
        self.dead_letters = DeadLetters()
        self.latency = Latency()
        self.faulted: dict[str, SafetyFault] = {}
        self.broken = ""
        self.seq = first_seq - 1
        self.inputs: dict[str, dict[str, int]] = {}
        self.routes = _routes(modules)
        self._modules = tuple(modules)
        self._muted = muted
        self._ghosts: dict[tuple[str, int], str] = {}
        self._join()
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
        self._begin(ts, event, source)
        trace = self.seq + 1
        self._queue.append((event, 0, source))
        self._work_off(ts, trace)
        return trace

    def replay(self, row: Envelope, event: Event) -> None:
        """Works a journaled input off once more: it keeps its number, and only what follows from
        it is journaled.
        """
        route = self._begin(row.ts, event, row.source)
        self.seq = row.seq
        self.digest.events.add(row.digest)
        route.numbered += 1
        route.last_ts = row.ts
        if route.hearers:
            self._deliver(route, event, row)
        else:
            route.delivered += 1
        if self._queue:
            self._work_off(row.ts, row.seq)

    def _begin(self, ts: int, event: Event, source: str) -> Route:
        """Moves the time to an input, counts it, and gives its route."""
        if self.broken:
            raise BrokenBus(self.broken)
        self.instant.ns = ts
        route = self.routes[event.__class__]
        try:
            self.inputs[source][route.stream] += 1
        except KeyError:
            self.inputs.setdefault(source, {})[route.stream] = 1
        if self.faulted and event.__class__ is ProcessStarted:
            self.faulted = {}
            self._join()
        return route

    def _work_off(self, ts: int, trace: int) -> None:
        """Numbers, journals and delivers until the queue is empty."""
        queue = self._queue
        last = trace + self._cascade_max - 1
        try:
            while queue:
                event, cause, source = queue.popleft()
                if self.seq >= last:
                    raise EndlessCascade(f"input {trace} led to more than {self._cascade_max}")
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

    def unmute(self) -> None:
        """Lets the edges hear from now on."""
        self._muted, self._ghosts = False, {}
        self._join()

    def write_to(self, journal: Journal) -> None:
        """Appends to this journal from now on."""
        self._append = journal.append

    def put_down(self, fault: SafetyFault) -> None:
        """Takes a module off the bus: it heard its last event in an earlier life, or just now."""
        self.faulted[fault.module] = fault
        for route in self.routes.values():
            route.hearers = [each for each in route.hearers if each.module != fault.module]

    def haunt(self, faults: Iterable[SafetyFault]) -> None:
        """Lets muted edges break once more where they are known to have broken."""
        self._ghosts = {(fault.module, fault.event_seq): fault.error for fault in faults}
        self._join()

    def _join(self) -> None:
        """Lets all hear that may, in line-up order: not the faulted, nor edges that are muted."""
        haunted = {name for name, _ in self._ghosts}
        for route in self.routes.values():
            route.hearers = []
        for module in self._modules:
            if module.name in self.faulted:
                continue
            is_ghost = self._muted and module.kind == "edge"
            if is_ghost and module.name not in haunted:
                continue
            for kind, handle in module.handlers().items():
                handle = self._ghost_of(module.name) if is_ghost else handle
                hearer = Hearer(module.name, module.critical, module.produces, handle)
                self.routes[kind].hearers.append(hearer)

    def _ghost_of(self, name: str) -> Handler:
        """Gives the handler of a muted edge: it does nothing but break where the edge broke."""

        def handle(event: Event) -> None:
            error = self._ghosts.get((name, self.instant.seq))
            if error is not None:
                kind, _, text = error.partition(": ")
                raise type(kind, (Exception,), {})(text)

        return handle

    def _deliver(self, route: Route, event: Event, envelope: Envelope) -> None:
        seq = self.instant.seq = envelope.seq  # an edge asks the journal's barrier for it
        timed = not seq & _SAMPLE_MASK
        started = failed = 0
        for hearer in route.hearers:
            if timed:
                started = perf_ns()
            try:
                said = hearer.handle(event)
                if said is not None:
                    self._enqueue(hearer, said, seq)
            except Exception as error:  # noqa: BLE001  the one place where a module's fault ends
                failed += 1
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
        self.put_down(fault)
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
    return routes
