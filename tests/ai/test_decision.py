"""Every symbol ends in one disposition; a candidate passed every gate that refuses."""

from msgspec.structs import replace

from quantum_os.ai.decision import Decision
from quantum_os.events.ai import AiDecisionMade, DecisionSummary, Disposition, Gate
from quantum_os.events.governance import UniverseUpdated
from quantum_os.events.units import Flag, Mode
from tests.ai.scene import SYMBOLS, market, policy, started
from tests.ai.test_outcomes import UP, Values, signal


def decided(
    values: Values | None = None,
    *,
    profile: str = "research",
    mode: Mode = Mode.BACKTEST,
    flags: tuple[Flag, ...] = (),
    atr_frac: float | None = 0.01,
    tradable: tuple[str, ...] = SYMBOLS,
) -> tuple[DecisionSummary, list[AiDecisionMade]]:
    decision = Decision()
    decision.on_start(started(mode))
    decision.on_policy(policy(profile))
    decision.on_universe(UniverseUpdated(tradable, tradable, (), (), "test"))
    decision.on_market_data(market(flags=flags, atr_frac=atr_frac))
    said = list(decision.on_signal(signal(values or {})))
    summary = said[0]
    assert isinstance(summary, DecisionSummary)
    return summary, [event for event in said[1:] if isinstance(event, AiDecisionMade)]


def test_without_an_edge_it_holds_and_says_by_how_much() -> None:
    """An unproven voter is worth .5: after costs that is no edge."""
    summary, made = decided(UP, profile="default")
    assert summary.disposition == (Disposition.HOLD,) * 2
    assert summary.reason == (Gate.EDGE,) * 2
    value, limit = summary.value[0], summary.limit[0]
    assert value is not None
    assert limit is not None
    assert value < limit == 0.05
    assert made == []


def test_a_reporting_profile_lets_it_through_and_lists_what_it_let() -> None:
    summary, made = decided(UP)
    assert summary.disposition == (Disposition.CANDIDATE,) * 2
    assert Gate.EDGE in summary.report_only[0]
    assert [event.symbol for event in made] == list(SYMBOLS)
    assert [event.decision_id for event in made] == list(summary.decision_id)
    assert len({event.decision_id for event in made}) == 2


def test_the_best_candidate_is_offered_first_and_equal_ones_in_order() -> None:
    """Whoever comes first takes what room is left (F81): worth decides, not the alphabet."""
    decision = Decision()
    decision.on_start(started())
    decision.on_policy(policy("research"))
    decision.on_universe(UniverseUpdated(SYMBOLS, SYMBOLS, (), (), "test"))
    decision.on_market_data(market())
    usual = signal(UP)
    second_is_better = replace(usual, e_net=(0.1, 0.2))
    made = [
        each for each in decision.on_signal(second_is_better) if isinstance(each, AiDecisionMade)
    ]
    assert [each.symbol for each in made] == list(reversed(SYMBOLS))
    assert [each.symbol for each in decided(UP)[1]] == list(SYMBOLS)


def test_f22_nobody_voted_so_nobody_trades() -> None:
    summary, made = decided()
    assert summary.reason == (Gate.NO_VOTE,) * 2
    assert made == []


def test_what_cannot_be_trusted_is_not_traded() -> None:
    assert decided(UP, flags=(Flag.OUTLIER,))[0].reason == (Gate.FLAGGED,) * 2
    assert decided(UP, atr_frac=None)[0].reason == (Gate.WARMUP,) * 2
    assert decided(UP, tradable=SYMBOLS[:1])[0].reason[1] == Gate.NOT_TRADABLE


def test_synthetic_prices_serve_simulations_only() -> None:
    synthetic = (Flag.SYNTHETIC,)
    assert decided(UP, flags=synthetic)[0].disposition == (Disposition.CANDIDATE,) * 2
    live = decided(UP, flags=synthetic, mode=Mode.PAPER)[0]
    assert live.reason == (Gate.FLAGGED,) * 2
