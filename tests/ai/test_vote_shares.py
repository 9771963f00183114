"""A vote carries what outcomes and trust leave of its weight; a shadow speaks unheard."""

from msgspec.structs import replace

from quantum_os.ai.engine import Engine, EngineConfig
from quantum_os.ai.vote_shares import vote_shares
from quantum_os.events.ai import (
    AiSignalGenerated,
    FederationReweighed,
    MetaRegime,
    RegimeWeights,
)
from quantum_os.events.units import Ns, PositionSide, Regime
from quantum_os.lineup import VOTERS
from tests.ai.scene import SYMBOLS, T, features, market, policy, started
from tests.events.examples import example_of

NAMES = tuple(voter.name for voter in VOTERS)
TOLD = FederationReweighed(
    bar_close=Ns(T),
    voters=NAMES,
    factors=(1.0, 0.5, 0.0),
    regimes=(RegimeWeights(Regime.RANGE, (0.2, 0.5, 0.3), 80.0, "its own outcomes"),),
    frozen=False,
    reason="test",
)


def test_a_regime_that_outcomes_moved_counts_so_and_others_as_given() -> None:
    regimes = (Regime.RANGE, Regime.TREND_UP)
    assert vote_shares(NAMES[0], 1 / 3, regimes, TOLD) == (0.2, 1 / 3)
    assert vote_shares(NAMES[1], 1 / 3, regimes, TOLD) == (0.25, 1 / 6)
    assert vote_shares(NAMES[2], 1 / 3, regimes, TOLD) == (0.0, 0.0)


def test_without_a_word_all_count_as_they_came() -> None:
    assert vote_shares(NAMES[0], 0.25, (Regime.RANGE,), None) == (0.25,)
    assert vote_shares("stranger", 0.25, (Regime.RANGE,), TOLD) == (0.25,)


def signal(told: FederationReweighed | None) -> AiSignalGenerated:
    """Trend and breakout are for LONG in a range."""
    engine = Engine(EngineConfig(0.0015), VOTERS)
    engine.on_start(started())
    engine.on_policy(policy())
    regime = example_of(MetaRegime)
    assert isinstance(regime, MetaRegime)
    for symbol in SYMBOLS:
        engine.on_regime(replace(regime, symbol=symbol, label=Regime.RANGE))
    if told is not None:
        engine.on_weights(told)
    engine.on_market_data(market())
    values = {"ema_cross_atr": 1.0, "persistence": 0.6}
    said = engine.on_features(features(values))
    assert isinstance(said, AiSignalGenerated)
    return said


def test_the_engine_counts_votes_so() -> None:
    weights = {each.voter: each.weight[0] for each in signal(TOLD).voters}
    assert weights == dict(zip(NAMES, (0.2, 0.25, 0.0), strict=True))


def test_a_shadow_votes_and_decides_nothing() -> None:
    before = signal(None)
    (leader,) = {name for name in before.strategy if name is not None}
    alone = tuple(0.0 if name == leader else 1.0 for name in NAMES)
    after = signal(replace(TOLD, factors=alone))
    votes = next(each for each in after.voters if each.voter == leader)
    assert set(votes.side) == {PositionSide.LONG}
    assert set(after.strategy).isdisjoint({leader})
