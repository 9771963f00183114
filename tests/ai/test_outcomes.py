"""Every vote meets its end: the stop first, then TP1, then the horizon."""

import pytest

from quantum_os.ai.engine import Engine, EngineConfig
from quantum_os.ai.outcomes import Outcomes, OutcomesConfig
from quantum_os.events.ai import AiSignalGenerated, SignalResolved
from quantum_os.lineup import VOTERS
from tests.ai.scene import candle, features, market, policy, started

Values = dict[str, float | None]

UP: Values = {"ema_cross_atr": 1.0, "persistence": 0.6}


def signal(values: Values) -> AiSignalGenerated:
    engine = Engine(EngineConfig(0.0015), VOTERS)
    engine.on_start(started())
    engine.on_policy(policy())
    engine.on_market_data(market())
    said = engine.on_features(features(values))
    assert isinstance(said, AiSignalGenerated)
    return said


def opened(values: Values) -> Outcomes:
    outcomes = Outcomes(OutcomesConfig("binance", "1h"))
    outcomes.on_policy(policy())
    outcomes.on_market_data(market((100.0, 100.0)))
    outcomes.on_signal(signal(values))
    return outcomes


def ends(outcomes: Outcomes, high: float, low: float, hours: int = 1) -> list[SignalResolved]:
    return list(outcomes.on_candle(candle(high, low, (high + low) / 2, hours)) or ())


def test_a_target_wins_and_a_stop_loses() -> None:
    won = ends(opened(UP), high=102.0, low=99.9)
    assert {(end.won, end.reason) for end in won} == {(True, "target")}
    lost = ends(opened(UP), high=100.1, low=98.0)
    assert {(end.won, end.reason) for end in lost} == {(False, "stop")}
    assert lost[0].r == pytest.approx(-1.0)


def test_in_a_doubtful_bar_the_stop_came_first() -> None:
    assert {end.reason for end in ends(opened(UP), high=105.0, low=95.0)} == {"stop"}


def test_a_short_is_the_mirror() -> None:
    down: Values = {"ema_cross_atr": -1.0, "persistence": -0.6}
    won = ends(opened(down), high=100.1, low=98.0)
    assert all(end.won and end.r > 0 for end in won)


def test_the_horizon_ends_what_nothing_else_did() -> None:
    outcomes = opened(UP)
    assert ends(outcomes, 100.2, 99.9, hours=35) == []
    assert {end.reason for end in ends(outcomes, 100.2, 99.9, hours=36)} == {"horizon"}
    assert outcomes.state.open == {}


def test_one_vote_of_a_kind_is_open_at_a_time() -> None:
    outcomes = opened(UP)
    before = len(outcomes.state.open)
    outcomes.on_signal(signal(UP))
    assert len(outcomes.state.open) == before == 2
