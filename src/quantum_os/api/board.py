"""What the API remembers of the bus: the last word on every stream, and the latest of some."""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import msgspec

from quantum_os.kernel.clock import WallClock, monotonic_ns
from quantum_os.kernel.envelope import Envelope

KEPT: Mapping[str, int] = MappingProxyType(
    {
        "action.asked": 500,
        "alert.raised": 500,
        "alert.resolved": 500,
        "approval.decided": 200,
        "approval.requested": 200,
        "approval.voted": 500,
        "audit.entry": 1_000,
        "candidate.refused": 1_000,
        "decision.summary": 200,
        "execution.result": 1_000,
        "exit.intent": 500,
        "federation.reweighed": 500,
        "fill": 2_000,
        "funding.paid": 500,
        "incident.closed": 200,
        "incident.opened": 200,
        "invariant.violated": 200,
        "meta.regime": 1_000,
        "model.promoted": 200,
        "model.quarantined": 200,
        "model.retrain": 200,
        "model.state_changed": 500,
        "module.state_changed": 500,
        "order.requested": 1_000,
        "order.updated": 2_000,
        "policy.updated": 20,
        "process.started": 50,
        "risk.permit": 500,
        "risk.refusal": 1_000,
        "safety.cleared": 500,
        "safety.fault": 100,
        "safety.tripped": 500,
        "stop.requested": 500,
        "storage.state": 100,
        "trade.closed": 2_000,
        "trade.intent": 500,
    }
)
"""Streams of which more than the last event is kept, and how many."""


class LastWord(msgspec.Struct, frozen=True, gc=False):
    """The last event of a stream, and when this process heard it (monotonic ns)."""

    envelope: Envelope
    heard_ns: int


MARK_NS = 250_000_000
MARKS_MAX = 2_400
"""How often the number that has been reached is marked, and how many marks are kept: 10 minutes."""

Seen = Callable[[Envelope], bool]


class Board:
    """A tap of the journal that keeps envelopes as they are; nothing is decoded in the hot path."""

    def __init__(self) -> None:
        self.last: dict[str, LastWord] = {}
        self.heard_ns = 0
        self.began_ns = monotonic_ns()
        self._wall_offset = WallClock().now() - self.began_ns
        self._kept = {stream: deque[Envelope](maxlen=size) for stream, size in KEPT.items()}
        self._marks: deque[tuple[int, int]] = deque(maxlen=MARKS_MAX)
        self._marked_ns = 0
        self._awaited: list[tuple[Seen, asyncio.Future[Envelope]]] = []

    def __call__(self, envelope: Envelope) -> None:
        self.heard_ns = now = monotonic_ns()
        self.last[envelope.stream] = LastWord(envelope, now)
        if now - self._marked_ns >= MARK_NS:
            self._marked_ns = now
            self._marks.append((envelope.seq, now))
        kept = self._kept.get(envelope.stream)
        if kept is not None:
            kept.append(envelope)
        if self._awaited:
            self._answer(envelope)

    def remember(self, earlier: Iterable[Envelope]) -> None:
        """Puts what an earlier life said before what was heard since; in order of numbers."""
        found: dict[str, list[Envelope]] = {}
        for envelope in earlier:
            found.setdefault(envelope.stream, []).append(envelope)
        for stream, old in found.items():
            kept = self._kept[stream]
            first = kept[0].seq if kept else None
            room = (kept.maxlen or 0) - len(kept)
            older = [each for each in old if first is None or each.seq < first]
            kept.extendleft(reversed(older[-room:] if room else []))

    @property
    def kept_streams(self) -> tuple[str, ...]:
        return tuple(self._kept)

    def kept(self, *streams: str) -> list[Envelope]:
        """Gives what is kept of some streams, the latest first."""
        found = [each for stream in streams for each in self._kept[stream]]
        return sorted(found, key=lambda envelope: -envelope.seq)

    def heard_at(self, word: LastWord) -> int:
        """Gives the machine's time at which a word was heard, UTC ns; it never changes."""
        return word.heard_ns + self._wall_offset

    def heard_ns_of(self, seq: int) -> int:
        """Gives when an event was heard (monotonic ns), to a quarter of a second.

        Of what was heard before the marks begin it gives their beginning: it is that old at least.
        """
        marks = self._marks
        place = bisect_right(marks, seq, key=lambda mark: mark[0])
        if place:
            return marks[place - 1][1]
        return marks[0][1] if len(marks) == MARKS_MAX else self.began_ns

    def expect(self, seen: Seen) -> "asyncio.Future[Envelope]":
        """Gives a future that ends with the first event that `seen` accepts."""
        future: asyncio.Future[Envelope] = asyncio.get_running_loop().create_future()
        self._awaited.append((seen, future))
        return future

    def _answer(self, envelope: Envelope) -> None:
        self._awaited = [each for each in self._awaited if not each[1].done()]
        for seen, future in self._awaited:
            if seen(envelope):
                future.set_result(envelope)
