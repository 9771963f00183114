"""How every symbol ended at every bar of a recording, and where two recordings first part."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.ai import CandidateRefused, DecisionSummary, Disposition
from quantum_os.events.base import Event, stream_of
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.storage.recorded import Recorded

_HEARD: tuple[type[Event], ...] = (DecisionSummary, CandidateRefused, RiskRefusal, RiskPermit)
STREAMS = tuple(stream_of(kind) for kind in _HEARD)

ABSENT = "ABSENT"
PERMITTED = "PERMITTED"


class End(msgspec.Struct, frozen=True):
    """What became of a symbol at a bar: held, refused at a stage, or permitted; by which gate."""

    stage: str
    gate: str
    value: float | None = None
    limit: float | None = None

    def is_as(self, other: "End") -> bool:
        """Whether both ended at the same gate; the value that it saw may differ."""
        return (self.stage, self.gate) == (other.stage, other.gate)


class FirstDifference(msgspec.Struct, frozen=True):
    """The first bar and symbol at which two runs decided otherwise, and how each did.

    `agreed` counts the decisions before it that were the same.
    """

    bar_close: int
    symbol: str
    left: End
    right: End
    agreed: int


class Walked(msgspec.Struct, frozen=True):
    """How two recordings compare: what they have in common, and the first difference, if any."""

    decisions: int
    bars_left_only: int
    bars_right_only: int
    first: FirstDifference | None


Bar = tuple[int, dict[str, End]]


def ends_of(recorded: Recorded) -> Iterator[Bar]:
    """Gives each bar close with the end of every symbol, in order of time."""
    bar_close, ends = 0, dict[str, End]()
    for envelope in recorded.events(*STREAMS):
        event = envelope.event()
        if isinstance(event, DecisionSummary):
            if ends:
                yield bar_close, ends
            bar_close, ends = event.bar_close, _of_summary(event)
        elif isinstance(event, CandidateRefused):
            ends[event.symbol] = End(event.stage, event.code, event.value, event.limit)
        elif isinstance(event, RiskRefusal):
            ends[event.symbol] = End("risk", event.code, event.value, event.limit)
        elif isinstance(event, RiskPermit):
            ends[event.intent.symbol] = End("risk", PERMITTED)
    if ends:
        yield bar_close, ends


def walk(left: Iterator[Bar], right: Iterator[Bar]) -> Walked:
    """Walks two recordings bar by bar; bars that only one of them has are counted and passed by."""
    decisions = left_only = right_only = 0
    first: FirstDifference | None = None
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            left_only, one = left_only + 1, next(left, None)
        elif one is None or other[0] < one[0]:
            right_only, other = right_only + 1, next(right, None)
        else:
            first = first or _difference(one, other, decisions)
            decisions += len(one[1].keys() | other[1].keys())
            one, other = next(left, None), next(right, None)
    return Walked(decisions, left_only, right_only, first)


def _of_summary(event: DecisionSummary) -> dict[str, End]:
    columns = zip(
        event.symbols, event.disposition, event.reason, event.value, event.limit, strict=True
    )
    return {
        symbol: End("mind", f"{disposition} {reason}".strip(), value, limit)
        if disposition is Disposition.HOLD
        else End("mind", disposition, value, limit)
        for symbol, disposition, reason, value, limit in columns
    }


def _difference(one: Bar, other: Bar, agreed: int) -> FirstDifference | None:
    """The first symbol of a bar, by name, that ended otherwise."""
    for place, symbol in enumerate(sorted(one[1].keys() | other[1].keys())):
        left, right = (ends.get(symbol, End("mind", ABSENT)) for ends in (one[1], other[1]))
        if not left.is_as(right):
            return FirstDifference(one[0], symbol, left, right, agreed + place)
    return None
