"""When a candidate becomes an intent, and that it does so once."""

import pytest

from quantum_os.events.ai import AiDecisionMade
from quantum_os.events.sizing import SizingDecided, TradeIntent
from quantum_os.events.units import NS_PER_HOUR, NS_PER_S, Ns
from quantum_os.kernel.ids import derive
from quantum_os.sizing.desk import Desk, DeskConfig
from tests.risk import scene
from tests.risk.scene import BTC, ETH, NOW, Stage, but
from tests.sizing.candidates import decision, levels, ready, sized


def size_of(candidate: AiDecisionMade) -> SizingDecided:
    return sized(ready(), candidate)


def at_work(**config: float) -> Stage:
    stage = Stage(Desk(DeskConfig(**config)))
    stage.hears(scene.started(), scene.roomy(), scene.market())
    return stage


def said_by(stage: Stage, candidate: AiDecisionMade) -> TradeIntent:
    size = size_of(candidate)
    (intent,) = stage.hears(candidate, size, levels(size))
    assert isinstance(intent, TradeIntent)
    return intent


def test_an_intent_carries_decision_size_and_plan() -> None:
    candidate = decision()
    size = size_of(candidate)
    intent = said_by(at_work(), candidate)
    plan = levels(size)
    assert intent.intent_id == derive("ns", "intent", candidate.decision_id)
    assert (intent.symbol, intent.side, intent.strategy) == (BTC, candidate.side, "trend")
    assert (intent.qty, intent.notional_usd, intent.margin_usd) == (
        size.qty,
        size.notional_usd,
        size.margin_usd,
    )
    assert (intent.risk_usd, intent.stop_distance) == (size.risk_usd, size.stop_distance)
    assert (intent.sl_price, intent.tp_prices, intent.tp_qtys) == (
        plan.sl_price,
        plan.tp_prices,
        plan.tp_qtys,
    )
    assert (intent.volatility_factor, intent.exchange_divergence) == (0.5, 0.04)
    assert (intent.funding_rate, intent.atr_value) == (0.0001, 0.0115)
    assert intent.model_versions == ("m1",)


def test_f24_the_intents_leverage_is_the_traces() -> None:
    intent = said_by(at_work(), decision())
    trace = {factor.name: factor.value for factor in intent.sizing_trace}
    assert intent.leverage == trace["L"]


def test_each_candidate_becomes_exactly_one_intent() -> None:
    stage = at_work()
    one, two = decision(), decision(ETH)
    first, second = size_of(one), size_of(two)
    said = stage.hears(one, first, two, second, levels(first), levels(second), levels(first))
    assert [intent.symbol for intent in said if isinstance(intent, TradeIntent)] == [BTC, ETH]


def test_the_same_candidate_gets_the_same_id_in_every_run() -> None:
    assert said_by(at_work(), decision()) == said_by(at_work(), decision())


def test_an_intent_lives_a_minute_and_on_a_tape_two_bars() -> None:
    live = said_by(at_work(), decision())
    assert (live.created, live.expires) == (NOW, NOW + 60 * NS_PER_S)
    tape = said_by(at_work(tape_step_s=3600.0), decision())
    assert tape.expires == NOW + 2 * NS_PER_HOUR


def test_without_a_policy_an_intent_is_born_at_its_end() -> None:
    stage = Stage(Desk())
    stage.hears(scene.started(), scene.market())
    intent = said_by(stage, decision())
    assert intent.expires == intent.created


def test_a_plan_for_nobody_is_a_broken_promise() -> None:
    size = size_of(decision())
    with pytest.raises(AssertionError, match="for nobody"):
        at_work().hears(levels(size))
    with pytest.raises(AssertionError, match="without a size"):
        at_work().hears(decision(), levels(size))
    with pytest.raises(AssertionError, match="disagree"):
        at_work().hears(decision(), size, but(levels(size), qty=size.qty * 2))


def test_the_desk_keeps_nothing_of_an_older_bar() -> None:
    stage = at_work()
    for n in range(100):
        bar = Ns(NOW + n * NS_PER_HOUR)
        stage.hears(scene.market(bar), *(decision(s, bar) for s in scene.SYMBOLS))
    assert len(stage.reactor.state.decisions) == len(scene.SYMBOLS)
    stage.hears(scene.market(Ns(NOW + 100 * NS_PER_HOUR)))
    assert stage.reactor.state.decisions == {}


def test_a_restart_between_size_and_plan_loses_nothing() -> None:
    stage = at_work()
    candidate = decision()
    size = size_of(candidate)
    stage.hears(candidate, size)
    again = stage.restarted(Desk())
    assert again.hears(levels(size)) == stage.hears(levels(size))
