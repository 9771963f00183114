"""Trade or hold, for every symbol at every bar close, with the gate that decided it."""

from collections.abc import Iterator

import msgspec

from quantum_os.ai.decision_gates import Judged, judge
from quantum_os.events.ai import (
    AiDecisionMade,
    AiSignalGenerated,
    DecisionSummary,
    Disposition,
)
from quantum_os.events.governance import PolicyUpdated, UniverseUpdated
from quantum_os.events.market import MarketData
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import Frac, Mode
from quantum_os.kernel.ids import derive
from quantum_os.kernel.reactor import Reactor


class DecisionState(msgspec.Struct):
    """The policy and universe in force and the bar's market."""

    namespace: str = ""
    mode: Mode = Mode.BACKTEST
    tradable: tuple[str, ...] = ()
    market: MarketData | None = None
    policy: PolicyUpdated | None = None


class Decision(Reactor[DecisionState]):
    """Turns signals into dispositions: every symbol gets exactly one, HOLD with its reason."""

    name = "ai.decision"

    def __init__(self) -> None:
        super().__init__(DecisionState())

    def on_start(self, event: ProcessStarted) -> None:
        self.state.namespace, self.state.mode = event.namespace, event.mode

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.policy = event

    def on_universe(self, event: UniverseUpdated) -> None:
        self.state.tradable = event.symbols

    def on_market_data(self, event: MarketData) -> None:
        self.state.market = event

    def on_signal(self, event: AiSignalGenerated) -> Iterator[DecisionSummary | AiDecisionMade]:
        policy, market = self.state.policy, self.state.market
        if policy is None or market is None:
            return
        trusts_synthetic = self.state.mode in (Mode.BACKTEST, Mode.DEMO)
        judged = [
            judge(event, row, market, policy, self.state.tradable, trusts_synthetic)
            for row in range(len(event.symbols))
        ]
        ids = [
            derive(self.state.namespace, "decision", symbol, event.bar_close, event.strategy[row])
            if judged[row].is_candidate
            else None
            for row, symbol in enumerate(event.symbols)
        ]
        yield _summary(event, judged, ids)
        for row, decision_id in enumerate(ids):
            if decision_id is not None:
                yield _candidate(event, row, judged[row], decision_id, market, policy)


def _summary(
    event: AiSignalGenerated, judged: list[Judged], ids: list[str | None]
) -> DecisionSummary:
    return DecisionSummary(
        bar_close=event.bar_close,
        symbols=event.symbols,
        disposition=tuple(
            Disposition.CANDIDATE if each.is_candidate else Disposition.HOLD for each in judged
        ),
        reason=tuple(each.reason for each in judged),
        value=tuple(each.value for each in judged),
        limit=tuple(each.limit for each in judged),
        nearest=tuple(each.nearest for each in judged),
        decision_id=tuple(ids),
        report_only=tuple(
            tuple(check.name for check in each.checks if check.report_only) for each in judged
        ),
    )


def _candidate(
    event: AiSignalGenerated,
    row: int,
    judged: Judged,
    decision_id: str,
    market: MarketData,
    policy: PolicyUpdated,
) -> AiDecisionMade:
    side, strategy = event.side[row], event.strategy[row]
    place = market.symbols.index(event.symbols[row])
    price, atr = market.last[place], market.atr_frac[place]
    q = event.q_long[row] if side is not None and side.sign > 0 else event.q_short[row]
    known = (side, strategy, q, event.e_net[row], event.cost_r[row], event.confidence[row])
    if side is None or strategy is None or q is None or price is None or atr is None:
        raise ValueError(f"a candidate with unknown inputs: {known}")
    return AiDecisionMade(
        decision_id=decision_id,
        signal_id=event.signal_id,
        bar_close=event.bar_close,
        symbol=event.symbols[row],
        side=side,
        confidence=event.confidence[row] or 0.0,
        q=q,
        e_net=event.e_net[row] or 0.0,
        cost_r=event.cost_r[row] or 0.0,
        strategy=strategy,
        regime=event.regime[row],
        ref_price=price,
        atr_frac=Frac(atr),
        gates=judged.checks,
        reason=judged.reason,
        policy_version=policy.version,
        model_versions=tuple(f"{vote.voter}:{vote.version}" for vote in event.voters),
    )
