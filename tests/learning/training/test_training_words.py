"""The first line of a report claims no more than its figures bear, and the gate says why not."""

import msgspec
import numpy as np
import pytest

from quantum_os.formulas.log_loss_gain import LogLossGain
from quantum_os.formulas.quality_gate import quality_gate
from quantum_os.kernel.chance import generator
from quantum_os.learning.training.comparisons import Comparisons
from quantum_os.learning.training.groups import Groups
from quantum_os.learning.training.report import MADE_UP, NO_EDGE, ModelReport, verdict

MODEL = ModelReport(
    name="ensemble",
    rows=1_000,
    coverage=0.99,
    log_loss=0.68,
    base_log_loss=0.69,
    gain=0.01,
    gain_ci=(0.005, 0.015),
    ece=0.01,
    brier=0.24,
    base_brier=0.25,
    auc_long=0.55,
    auc_short=0.56,
    trades=300,
    expectancy_r=0.1,
    expectancy_ci=(0.02, 0.18),
    expectancy_long_r=0.1,
    expectancy_short_r=0.1,
    long_share=0.5,
    sharpe=2.0,
    dsr=0.97,
    pbo=0.1,
    trials=4,
    gate_passes=True,
    gate_reasons=(),
    curve=(),
    comparisons=Comparisons(0.0, 0.1, None, {}),
    groups=Groups({}, {}, {}, {}),
    equity=None,
    importances={},
    decision_hash="0",
)


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({}, "An edge is shown on this data: 300 trades of +0.100 R each"),
        ({"dsr": 0.94}, "A gain that luck may explain"),
        ({"dsr": None}, "A gain that luck may explain"),
        ({"expectancy_ci": (0.0, 0.2)}, NO_EDGE),
        ({"expectancy_ci": (-0.1, 0.2)}, NO_EDGE),
        ({"expectancy_ci": None}, NO_EDGE),
        ({"trades": 0, "expectancy_r": None, "expectancy_ci": None}, NO_EDGE),
    ],
)
def test_the_first_line(changes: dict[str, object], begins: str) -> None:
    said = verdict(msgspec.structs.replace(MODEL, **changes))
    assert said.startswith(begins)


def test_a_made_up_market_shows_nothing() -> None:
    assert verdict(MODEL, synthetic=True) == MADE_UP


GAIN = LogLossGain(log_loss=0.68, base=0.69, gain=0.01, interval=(0.005, 0.015))


def answers(rows: int = 400, spread: float = 0.05) -> np.ndarray:
    return 0.5 + generator(1, "gate").normal(0.0, spread, (rows, 2))


def test_a_good_model_passes() -> None:
    assert quality_gate(answers(), GAIN).passes


@pytest.mark.parametrize(
    ("said", "gain", "reason"),
    [
        (answers(150), GAIN, "150 resolved answers"),
        (answers(), msgspec.structs.replace(GAIN, interval=(-0.001, 0.01)), "-0.00100 nats"),
        (answers(), msgspec.structs.replace(GAIN, interval=None), "unknown"),
        (answers(spread=0.005), GAIN, "deviate by"),
        (answers(spread=0.0115), GAIN, "P10 and P90"),
        (answers() + np.array([0.2, 0.0]), GAIN, "for one side"),
    ],
)
def test_a_bad_one_does_not_and_says_why(said: np.ndarray, gain: LogLossGain, reason: str) -> None:
    judged = quality_gate(said, gain)
    assert not judged.passes
    assert any(reason in each for each in judged.reasons), judged.reasons
