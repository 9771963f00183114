"""Which gates were checked for a symbol at a bar close, stage by stage, and how each came out."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from quantum_os.events.ai import AiDecisionMade, CandidateRefused, Gate, GateCheck
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.learning.explain.gate_words import Stage, figures, words_of
from quantum_os.learning.explain.story import Told


class Came(StrEnum):
    """How a check came out; `reported` failed, and the profile lets it through."""

    OK = "ok"
    FAILED = "failed"
    REPORTED = "reported"


class Checked(msgspec.Struct, frozen=True):
    """One check: the record's own figures, and as a person reads them."""

    stage: Stage
    gate: Gate
    came: Came
    value: float | None
    limit: float | None
    note: str
    measures: str
    value_said: str
    limit_said: str


STAGES = {"exits.planner": Stage.PLAN, "sizing.sizer": Stage.SIZE}
"""At which stage a candidate was refused, by the module that said so."""


def checked(stage: Stage, checks: Iterable[GateCheck]) -> tuple[Checked, ...]:
    """Puts the checks of one stage into words."""
    return tuple(_one(stage, check) for check in checks)


def checks_of(life: Iterable[Told]) -> Iterator[Checked]:
    """Gives every check that the events of a candidate tell, in the order they were made."""
    for _, event in life:
        match event:
            case AiDecisionMade():
                yield from checked(Stage.MIND, event.gates)
            case CandidateRefused():
                failed = GateCheck(event.code, ok=False, value=event.value, limit=event.limit)
                yield from checked(STAGES.get(event.stage, Stage.PLAN), (failed,))
            case RiskPermit() | RiskRefusal():
                yield from checked(Stage.RISK, event.checks)


def _one(stage: Stage, check: GateCheck) -> Checked:
    value, limit, note = check.value, check.limit, check.note
    said, allowed = figures(check.name, stage, value=value, limit=limit, note=note)
    came = Came.OK if check.ok else Came.REPORTED if check.report_only else Came.FAILED
    return Checked(
        stage=stage,
        gate=check.name,
        came=came,
        value=value,
        limit=limit,
        note=note,
        measures=words_of(check.name, stage, limit=limit, note=note).measures,
        value_said=said,
        limit_said=allowed,
    )
