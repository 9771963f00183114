"""Law 1 held to a run: one number line, one time, one order, and nothing lost on the way."""

from collections import Counter
from collections.abc import Iterator

from quantum_os.kernel.envelope import Envelope
from tests.laws.scenario import Recorded


def audit_order(run: Recorded) -> Iterator[str]:
    yield from _number_line(run.envelopes)
    yield from _cascades(run)
    yield from _counts(run)


def _number_line(envelopes: tuple[Envelope, ...]) -> Iterator[str]:
    """Numbers rise by one, time never runs back, and all of a cascade shares its input's time."""
    started: dict[int, int] = {}
    clock = 0
    for place, envelope in enumerate(envelopes, start=1):
        if envelope.seq != place:
            yield f"event {place} has number {envelope.seq}"
        if envelope.ts < clock:
            yield f"event {place}: time runs back"
        clock = envelope.ts
        if envelope.is_input:
            started[envelope.seq] = envelope.ts
        if started.get(envelope.trace) != envelope.ts:
            yield f"event {place} is not of its input's time"


def _cascades(run: Recorded) -> Iterator[str]:
    """What follows from one event stands at the tail, in line-up order, said by who heard it."""
    rank = {module.name: at for at, module in enumerate(run.modules)} | {"kernel": len(run.modules)}
    hears = {module.name: {*module.consumes} for module in run.modules}
    kinds = [type(event) for _, event in run.events]
    before = None
    for envelope in run.envelopes:
        if envelope.is_input:
            before = None
            continue
        if not envelope.trace <= envelope.cause < envelope.seq:
            yield f"event {envelope.seq} has cause {envelope.cause} of trace {envelope.trace}"
        elif kinds[envelope.cause - 1] not in hears.get(
            envelope.source, {kinds[envelope.cause - 1]}
        ):
            yield f"{envelope.source} answered event {envelope.cause}, which it does not hear"
        place = (envelope.cause, rank[envelope.source])
        if before is not None and place < before:
            yield f"event {envelope.seq} of {envelope.source} stands before its turn"
        before = place


def _counts(run: Recorded) -> Iterator[str]:
    """offered = numbered = delivered + dead-lettered, per stream."""
    journaled = Counter(envelope.stream for envelope in run.envelopes)
    dead = Counter(run.bus.dead_letters.counts)
    for route in run.bus.routes.values():
        if route.numbered != journaled[route.stream]:
            yield f"{route.stream}: {route.numbered} numbered, {journaled[route.stream]} journaled"
        lost = route.numbered - route.delivered - dead[route.stream]
        if lost:
            yield f"{route.stream}: {lost} neither delivered nor dead"
    for name, fault in run.bus.faulted.items():
        yield f"{name} faulted on event {fault.event_seq}: {fault.error}"
