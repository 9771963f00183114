"""A model votes for its more probable side with its own probability, and abstains where it must."""

from types import MappingProxyType

import numpy as np

from quantum_os.ai.checked_voter import checked
from quantum_os.ai.models.model_voter import ModelVoter
from quantum_os.ai.models.served import ServedModel
from quantum_os.ai.models.windows import Windows
from quantum_os.ai.voter import FeatureFrame, Prediction
from quantum_os.ai.voter_contract import NAME, VERSION
from quantum_os.events.units import PositionSide
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.models.lesson import inputs_at
from tests.learning.training.models.lessons import lesson_of


def told(model: ServedModel, data: Dataset, bars: int = 12) -> tuple[FeatureFrame, Prediction]:
    """The frame of a bar as it is served, with the bars before, and the vote on it."""
    symbols = len(data.symbols)
    frame = FeatureFrame((), MappingProxyType({}))
    windows = Windows(8, int(data.bar_close[symbols] - data.bar_close[0]), data.names)
    for bar in range(bars):
        rows = slice(bar * symbols, (bar + 1) * symbols)
        values = dict(zip(data.names, data.x[rows].T.copy(), strict=True))
        plain = FeatureFrame(data.symbols, MappingProxyType(values))
        frame = windows.advance(int(data.bar_close[bar * symbols]), plain)
    return frame, ModelVoter(model).predict(frame)


def test_it_says_what_the_model_says_of_the_block(model: ServedModel, market: Dataset) -> None:
    frame, said = told(model, market)
    rows = np.arange(11 * 4, 12 * 4)
    depth = model.manifest.depth
    block = model.predict_proba(inputs_at(market, lesson_of(market).places[rows, 8 - depth :]))
    assert said.p == tuple(block.max(axis=1).tolist())
    expected = [PositionSide.LONG if a > b else PositionSide.SHORT for a, b in block]
    assert list(said.side) == expected
    assert checked(said, len(frame.symbols)) == said


def test_it_keeps_the_contract_of_voters(model: ServedModel, market: Dataset) -> None:
    voter = ModelVoter(model)
    assert NAME.fullmatch(voter.name)
    assert VERSION.fullmatch(voter.version)
    frame, said = told(model, market)
    assert voter.predict(frame) == said


def test_it_abstains_on_the_unknown_and_says_why(model: ServedModel, market: Dataset) -> None:
    frame, _ = told(model, market)
    values = dict(frame.values)
    values["pull"] = np.array([np.nan, 0.1, 0.2, 0.3])
    spoilt = FeatureFrame(frame.symbols, MappingProxyType(values))
    voter = ModelVoter(model)
    said = voter.predict(spoilt)
    assert said.side[0] is None
    assert said.p[0] is None
    assert None not in said.side[1:]
    assert voter.why_silent(spoilt)[0] == "pull is unknown"
    assert voter.why_silent(spoilt)[1] is None
