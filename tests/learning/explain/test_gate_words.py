"""Every gate has words, a refusal is a sentence, and the sign is the one that the gate obeys."""

import operator
import string
from collections.abc import Callable

import pytest

from quantum_os.events.ai import Gate
from quantum_os.learning.explain.amounts import Unit
from quantum_os.learning.explain.checks import Came
from quantum_os.learning.explain.gate_words import (
    WORDS,
    Stage,
    figures,
    refusal_said,
    words_of,
)
from quantum_os.learning.explain.why import why
from quantum_os.storage.recorded import Recorded
from tests.laws.scenario import Recorded as Run
from tests.learning.explain.test_why import pairs

SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def test_every_gate_has_words() -> None:
    assert set(WORDS) == set(Gate)


@pytest.mark.parametrize("gate", Gate)
@pytest.mark.parametrize("stage", Stage)
def test_a_refusal_is_a_sentence_with_and_without_figures(gate: Gate, stage: Stage) -> None:
    words = words_of(gate, stage, limit=2.0)
    assert words.measures
    assert words.sign in SIGNS
    for value, limit in ((1.0, 2.0), (None, None), (None, 2.0), (-3.5, 0.0)):
        for note in ("", "why not"):
            said = refusal_said(gate, stage, value=value, limit=limit, note=note)
            assert said[0] not in string.ascii_uppercase + string.whitespace
            assert "{" not in said
            assert "None" not in said
            assert said.endswith("(why not)") is bool(note)
            assert not said.endswith((".", ":", ": "))
        assert all(figures(gate, stage, value=value, limit=limit))


def test_a_stage_may_measure_something_else() -> None:
    assert words_of(Gate.DATA_STALE, Stage.MIND, limit=1.0).unit is Unit.MS
    assert words_of(Gate.DATA_STALE, Stage.RISK, limit=1.0).unit is Unit.SECONDS
    assert words_of(Gate.CLUSTER_MARGIN, Stage.RISK, limit=0.2).unit is Unit.FRACTION
    assert words_of(Gate.CLUSTER_MARGIN, Stage.SIZE, limit=0.0).unit is Unit.USD
    assert words_of(Gate.SIZE_VANISHED, Stage.SIZE, limit=0.1).unit is Unit.PROBABILITY
    assert words_of(Gate.SIZE_VANISHED, Stage.SIZE, limit=0.0).unit is Unit.USD
    assert words_of(Gate.CHURN, Stage.RISK, limit=4.0, note="3 losses in a row").unit is Unit.HOURS


def test_the_sign_of_every_check_of_a_run_is_how_it_came_out(recorded: Recorded, run: Run) -> None:
    """A table that says 5 <= 5 FAILED, or 6 <= 5 ok, would lie about the gate."""
    seen: set[Gate] = set()
    for symbol, close in pairs(run)[::7]:
        for check in why(recorded, symbol, close).checks:
            if check.value is None or check.limit is None:
                continue
            words = words_of(check.gate, check.stage, limit=check.limit, note=check.note)
            holds = SIGNS[words.sign](check.value, check.limit)
            assert holds is (check.came is Came.OK), check
            seen.add(check.gate)
    assert len(seen) > 20
