"""The setup is voted for on both sides, what is unknown is not, and the contract is kept."""

import numpy as np
from pullback import Pullback

from quantum_os.ai.voter import FeatureFrame
from quantum_os.ai.voter_contract import kept_contract
from quantum_os.events.units import PositionSide


def frame(persistence: float, ret_4_atr: float) -> FeatureFrame:
    values = {"persistence": np.array([persistence]), "ret_4_atr": np.array([ret_4_atr])}
    return FeatureFrame(("BTC/USDT:USDT",), values)


def test_a_dip_in_a_rise_is_bought() -> None:
    assert Pullback().predict(frame(0.5, -1.5)).side == (PositionSide.LONG,)


def test_a_rally_in_a_fall_is_sold() -> None:
    assert Pullback().predict(frame(-0.5, 1.5)).side == (PositionSide.SHORT,)


def test_no_trend_no_dip_and_no_data_are_no_vote() -> None:
    for persistence, move in ((0.0, -1.5), (0.5, 0.0), (float("nan"), -1.5)):
        assert Pullback().predict(frame(persistence, move)).side == (None,)


def test_it_keeps_the_contract_of_voters() -> None:
    kept_contract(Pullback)
