"""The invariants of production held to a run, by the watch that the fund holds itself to."""

from collections.abc import Iterator

from quantum_os.events.units import NS_PER_MINUTE
from quantum_os.risk.invariants.watch import Watch
from tests.laws.scenario import Recorded


def audit_invariants(run: Recorded) -> Iterator[str]:
    watch = Watch()
    for envelope in run.envelopes:
        yield from map(str, watch.feed(envelope))
    yield from map(str, watch.pass_to(run.envelopes[-1].ts + NS_PER_MINUTE))
