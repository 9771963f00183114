"""A voter that breaks takes the mind down and nothing else: entries end, exits go on."""

import pytest

from quantum_os.ai.decision import Decision
from quantum_os.ai.engine import Engine, EngineConfig
from quantum_os.ai.voter import FeatureFrame, Prediction
from quantum_os.events.ai import AiSignalGenerated, DecisionSummary, Gate
from quantum_os.events.base import Event
from quantum_os.events.execution import Leg, OrderRequested
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import SafetyTripped
from quantum_os.events.system import ProcessStarted, SafetyFault
from quantum_os.events.units import Mode
from quantum_os.lineup import VOTERS
from tests.ai.scene import T, market, started
from tests.laws.auditor import violations
from tests.laws.misspeaking import Misspeaking
from tests.laws.scenario import Recorded, Scenario, play

BREAKS_AT = 120
"""Bars until the voter breaks; by then the fund has entered."""


class Breaking:
    """Abstains until it has been asked so many times, then raises."""

    name = "breaking"
    version = "1"

    def __init__(self, bars: int = BREAKS_AT) -> None:
        self._left = bars

    def predict(self, frame: FeatureFrame) -> Prediction:
        self._left -= 1
        if self._left < 0:
            raise ZeroDivisionError("a strategy of somebody else")
        abstains = (None,) * len(frame.symbols)
        return Prediction(abstains, abstains)


def broken_run(*variants: Misspeaking) -> Recorded:
    engine = Engine(EngineConfig(0.0015), (*VOTERS, Breaking()))
    return play(Scenario(), variants=[engine, *variants])


@pytest.fixture(scope="module")
def run() -> Recorded:
    return broken_run()


def test_no_law_is_broken_but_that_the_mind_is_down(run: Recorded) -> None:
    assert [line.partition(" on event")[0] for line in violations(run)] == [
        "order: ai.engine faulted"
    ]
    assert not run.bus.faulted["ai.engine"].critical


def test_from_there_on_every_symbol_is_held_for_that_reason(run: Recorded) -> None:
    fault_at = next(each.seq for each, event in run.events if isinstance(event, SafetyFault))
    after = [
        event
        for each, event in run.events
        if each.seq > fault_at and isinstance(event, DecisionSummary)
    ]
    assert len(after) > 50
    assert {reason for event in after for reason in event.reason} == {Gate.MIND_DOWN}
    assert not any(isinstance(event, AiSignalGenerated) for _, event in run.events[fault_at:])


def test_positions_are_still_left_and_nothing_latches(run: Recorded) -> None:
    """The adviser is gone, the money is looked after; no entry waits for an operator either."""
    fault_at = next(each.seq for each, event in run.events if isinstance(event, SafetyFault))
    closes = [each.seq for each, event in run.events if isinstance(event, TradeClosed)]
    entries = [
        each.seq
        for each, event in run.events
        if isinstance(event, OrderRequested) and event.leg is Leg.ENTRY
    ]
    assert closes[-1] > fault_at > entries[-1]
    assert not any(isinstance(event, SafetyTripped) for _, event in run.events)


def test_canary_a_desk_deaf_to_the_fault_loses_dispositions() -> None:
    def deaf(event: Event) -> list[Event]:
        return [] if isinstance(event, SafetyFault) else [event]

    run = broken_run(Misspeaking(Decision(), hears=deaf))
    assert any("not one for one" in line for line in violations(run, "intents"))


def fault(module: str) -> SafetyFault:
    return SafetyFault(module, False, 1, "ai.features", "ZeroDivisionError", "...")


def test_the_bar_it_broke_at_is_held_once() -> None:
    decision = Decision()
    decision.on_market_data(market())
    said = decision.on_fault(fault("ai.engine"))
    assert said is not None
    assert (said.bar_close, said.reason) == (T, (Gate.MIND_DOWN,) * 2)
    assert decision.on_fault(fault("ai.engine")) is None


def test_another_modules_fault_is_not_the_minds() -> None:
    decision = Decision()
    decision.on_market_data(market())
    assert decision.on_fault(fault("portfolio.exposure")) is None
    assert decision.on_market_data(market()) is None


def test_a_new_life_begins_with_a_mind() -> None:
    decision = Decision()
    decision.on_fault(fault("ai.engine"))
    assert decision.on_market_data(market()) is not None
    start: ProcessStarted = started(Mode.DEMO)
    decision.on_start(start)
    assert decision.on_market_data(market()) is None
