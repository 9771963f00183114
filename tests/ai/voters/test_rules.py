"""The rule strategies: each has its setup, mirrors it, and abstains on what it does not know."""

import numpy as np
import pytest

from quantum_os.ai.voter import FeatureFrame, Voter, frame_of
from quantum_os.ai.voters.breakout import Breakout
from quantum_os.ai.voters.mean_reversion import MeanReversion
from quantum_os.ai.voters.trend import Trend
from quantum_os.events.units import PositionSide
from quantum_os.lineup import VOTERS
from tests.ai.scene import features

Values = dict[str, float | None]

SETUPS: list[tuple[Voter, Values, PositionSide]] = [
    (Trend(), {"ema_cross_atr": 1.0, "persistence": 0.6}, PositionSide.LONG),
    (Trend(), {"ema_cross_atr": -1.0, "persistence": -0.6}, PositionSide.SHORT),
    (MeanReversion(), {"zscore_20": -2.5, "rsi_14": -0.6}, PositionSide.LONG),
    (MeanReversion(), {"zscore_20": 2.5, "rsi_14": 0.6}, PositionSide.SHORT),
    (Breakout(), {"breakout_55_atr": 0.5, "volume_ratio": 2.0}, PositionSide.LONG),
    (Breakout(), {"breakout_55_atr": -0.5, "volume_ratio": 2.0}, PositionSide.SHORT),
]


@pytest.mark.parametrize(("voter", "values", "side"), SETUPS)
def test_a_setup_is_voted_for(voter: Voter, values: Values, side: PositionSide) -> None:
    said = voter.predict(frame_of(features(values)))
    assert said.side == (side, side)
    assert said.p == (None, None)


@pytest.mark.parametrize("voter", VOTERS, ids=lambda voter: voter.name)
def test_nothing_in_particular_is_no_vote(voter: Voter) -> None:
    assert voter.predict(frame_of(features())).side == (None, None)


@pytest.mark.parametrize(("voter", "values", "side"), SETUPS)
def test_what_is_unknown_is_never_filled_in(
    voter: Voter, values: Values, side: PositionSide
) -> None:
    for name in values:
        event = features({**values, name: None})
        assert voter.predict(frame_of(event)).side == (None, None)


def test_a_frame_holds_none_as_not_a_number() -> None:
    frame = frame_of(features({"rsi_14": None}))
    assert isinstance(frame, FeatureFrame)
    assert np.isnan(frame["rsi_14"]).all()
