"""What would have turned an outcome is said so that it can be believed."""

import pytest

from quantum_os.events.ai import Gate, GateCheck
from quantum_os.learning.explain.checks import Checked, checked
from quantum_os.learning.explain.ends import End, Ended
from quantum_os.learning.explain.flipping import nearest_passed, nearest_said
from quantum_os.learning.explain.gate_words import Stage


def checks(stage: Stage, *told: GateCheck) -> tuple[Checked, ...]:
    return checked(stage, told)


def failed(gate: Gate, value: float | None = None, limit: float | None = None) -> GateCheck:
    return GateCheck(gate, ok=False, value=value, limit=limit)


def passed(gate: Gate, value: float, limit: float) -> GateCheck:
    return GateCheck(gate, ok=True, value=value, limit=limit)


def end(stage: Stage, gate: Gate, nearest: str) -> End:
    how = Ended.HOLD if stage is Stage.MIND else Ended.REFUSED
    return End(how, stage, 1, gate.value, gate, nearest=nearest)


FILLED = End(Ended.FILLED, Stage.EXECUTION, 1, "filled")


@pytest.mark.parametrize(
    ("stage", "told", "nearest", "said"),
    [
        (
            Stage.MIND,
            (failed(Gate.EDGE, 0.02, 0.05),),
            "EDGE",
            "EDGE alone stood against it: at >= +0.050 R instead of +0.020 R it would have been a "
            "candidate.",
        ),
        (
            Stage.MIND,
            (failed(Gate.FLAGGED, 1, 0),),
            "FLAGGED",
            "FLAGGED alone stood against it: otherwise it would have been a candidate.",
        ),
        (
            Stage.MIND,
            (failed(Gate.FLAGGED, 1, 0), failed(Gate.EDGE, 0.02, 0.05)),
            "",
            "No single gate would have turned it: FLAGGED and EDGE stood against it.",
        ),
        (
            Stage.MIND,
            (failed(Gate.NO_VOTE),),
            "NO_VOTE",
            "NO_VOTE stood first; the gates behind it were not reached.",
        ),
        (
            Stage.SIZE,
            (failed(Gate.SIZE_VANISHED, 0.09, 0.1),),
            "SIZE_VANISHED",
            "SIZE_VANISHED stood first; the gates behind it were not reached.",
        ),
        (
            Stage.RISK,
            (failed(Gate.MAX_POSITIONS, 6, 5),),
            "MAX_POSITIONS",
            "MAX_POSITIONS alone stood against it: at <= 5 instead of 6 it would have been "
            "permitted.",
        ),
    ],
)
def test_a_refusal_tells_what_it_takes(
    stage: Stage, told: tuple[GateCheck, ...], nearest: str, said: str
) -> None:
    assert (
        nearest_said(end(stage, told[0].name, nearest), checks(stage, *told), frozenset()) == said
    )


def test_of_a_trade_the_gate_that_came_nearest_to_stopping_it() -> None:
    told = checks(
        Stage.RISK,
        passed(Gate.EQUITY_UNKNOWN, 599, 600),
        passed(Gate.CLUSTER_MARGIN, 0.1999, 0.2),
        passed(Gate.TRADE_COUNT, 30, 30),
        passed(Gate.MAX_POSITIONS, 4, 5),
        passed(Gate.SPREAD, 2, 15),
    )
    near = nearest_passed(told, frozenset({Gate.TRADE_COUNT}))
    assert near is not None
    assert near.gate is Gate.MAX_POSITIONS
    said = nearest_said(FILLED, told, frozenset({Gate.TRADE_COUNT}))
    assert said == "Nearest to stopping it was MAX_POSITIONS, at 4 where <= 5 is allowed."
    assert nearest_passed(told, frozenset()) == told[2]


def test_where_nothing_is_measured_nothing_is_near() -> None:
    told = checks(Stage.RISK, passed(Gate.LATCHED, 0, 0))
    assert nearest_said(FILLED, told, frozenset()) == "No gate that may refuse came near."
    expired = End(Ended.EXPIRED, Stage.EXECUTION, 1, "too late")
    assert nearest_said(expired, (), frozenset()) == ""
