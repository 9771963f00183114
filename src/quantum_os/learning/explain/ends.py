"""How a symbol ended at a bar close: exactly one disposition, with the gate, value and limit."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

import msgspec

from quantum_os.events.ai import CandidateRefused, DecisionSummary, Disposition, Gate, GateCheck
from quantum_os.events.execution import ExecutionResult, ResultStatus
from quantum_os.events.risk import RiskRefusal
from quantum_os.learning.explain.checks import STAGES
from quantum_os.learning.explain.gate_words import Stage
from quantum_os.learning.explain.story import Told
from quantum_os.risk.verdict import Verdict


class Ended(StrEnum):
    """Every way to end (law 8); `in_flight` has not ended where the record does."""

    HOLD = "hold"
    REFUSED = "refused"
    FILLED = "filled"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    IN_FLIGHT = "in_flight"


_BY_STATUS = {
    ResultStatus.FILLED: Ended.FILLED,
    ResultStatus.PARTIAL: Ended.FILLED,
    ResultStatus.REJECTED: Ended.REFUSED,
    ResultStatus.SKIPPED_DRAIN: Ended.REFUSED,
    ResultStatus.SKIPPED_STALE: Ended.EXPIRED,
    ResultStatus.SUPERSEDED: Ended.SUPERSEDED,
}


class End(msgspec.Struct, frozen=True):
    """One disposition; `gate` is None where no gate ended it, `seq` the event that says so.

    `reason` is what execution said, or the gate's name. `nearest` is the gate that would flip it.
    """

    ended: Ended
    stage: Stage
    seq: int
    reason: str
    gate: Gate | None = None
    value: float | None = None
    limit: float | None = None
    nearest: str = ""


class EndedTwice(ValueError):
    """A candidate that ended more than once: the record breaks law 8."""


def held(summary: DecisionSummary, row: int, seq: int) -> End | None:
    """Gives the end of a symbol that the mind held; None for a candidate."""
    if summary.disposition[row] is Disposition.CANDIDATE:
        return None
    return End(
        ended=Ended.HOLD,
        stage=Stage.MIND,
        seq=seq,
        reason=summary.reason[row],
        gate=Gate(summary.reason[row]),
        value=summary.value[row],
        limit=summary.limit[row],
        nearest=summary.nearest[row],
    )


def end_of(life: Sequence[Told]) -> End:
    """Gives the end of a candidate from its life; raises EndedTwice."""
    ends = [end for told in life if (end := _end(told)) is not None]
    if len(ends) > 1:
        raise EndedTwice(f"ended {len(ends)} times: at events {[end.seq for end in ends]}")
    if ends:
        return ends[0]
    last = life[-1].envelope.seq if life else 0
    return End(Ended.IN_FLIGHT, Stage.EXECUTION, last, "the record ends before it did")


def _end(told: Told) -> End | None:
    seq, event = told.envelope.seq, told.event
    match event:
        case CandidateRefused():
            stage, nearest = STAGES.get(event.stage, Stage.PLAN), event.code.value
        case RiskRefusal():
            # Told from the checks: an earlier release named a gate that would not have sufficed.
            stage, nearest = Stage.RISK, Verdict(event.checks, Decimal(0)).nearest
        case ExecutionResult():
            ended = _BY_STATUS[event.status]
            return End(ended, Stage.EXECUTION, seq, event.reason or event.status.value)
        case _:
            return None
    return End(
        ended=Ended.REFUSED,
        stage=stage,
        seq=seq,
        reason=event.code.value,
        gate=event.code,
        value=event.value,
        limit=event.limit,
        nearest=nearest,
    )


def check_of(end: End) -> GateCheck:
    """Gives the one check that a gate's end tells of."""
    assert end.gate is not None, "an end without a gate has no check"
    return GateCheck(end.gate, ok=False, value=end.value, limit=end.limit)
