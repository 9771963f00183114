"""A gate that is ready to permit, and the ways its answers are read."""

from typing import Any

from quantum_os.events.ai import Gate, GateCheck
from quantum_os.events.base import Event
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.sizing import TradeIntent
from quantum_os.risk.gate import GateConfig, RiskGate
from tests.risk import scene
from tests.risk.scene import Stage


class Desk(Stage):
    """A stage whose reactor is the gate."""

    reactor: RiskGate

    def asks(self, wish: TradeIntent) -> RiskPermit | RiskRefusal:
        said = self.hears(wish)
        assert len(said) == 1
        answer = said[0]
        assert isinstance(answer, RiskPermit | RiskRefusal)
        return answer

    def permits(self, wish: TradeIntent) -> RiskPermit:
        answer = self.asks(wish)
        assert isinstance(answer, RiskPermit), failed(answer)
        return answer

    def refuses(self, wish: TradeIntent) -> Gate:
        answer = self.asks(wish)
        assert isinstance(answer, RiskRefusal), "permitted"
        return answer.code


def ready(
    policy: PolicyUpdated | None = None,
    *more: Event,
    gate: RiskGate | None = None,
    **config: Any,
) -> Desk:
    """A gate that has heard of a healthy world, and then of `more`."""
    desk = Desk(gate or RiskGate(GateConfig(**config)))
    desk.hears(
        scene.started(),
        policy or scene.policy(),
        scene.instruments(),
        scene.universe(),
        scene.account(),
        scene.reconciled(),
        scene.market(),
        *more,
    )
    return desk


def failed(answer: RiskPermit | RiskRefusal) -> list[GateCheck]:
    return [check for check in answer.checks if not check.ok and not check.report_only]


def check(answer: RiskPermit | RiskRefusal, gate: Gate) -> GateCheck:
    found = [one for one in answer.checks if one.name is gate]
    assert len(found) == 1, f"{gate} was not evaluated once"
    return found[0]
