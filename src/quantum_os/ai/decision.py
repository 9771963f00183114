"""Trade or hold, for every symbol at every bar close, with the gate that decided it."""

from collections.abc import Iterator

import msgspec

from quantum_os.ai.decision_gates import Judged, Known, judge_bar, side_of
from quantum_os.events.ai import (
    AiDecisionMade,
    AiSignalGenerated,
    DecisionSummary,
    Disposition,
)
from quantum_os.events.governance import PolicyUpdated, UniverseUpdated
from quantum_os.events.market import MarketData, row_of
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import Frac, Mode
from quantum_os.kernel.ids import derive
from quantum_os.kernel.reactor import Reactor


class DecisionState(msgspec.Struct):
    """The policy and universe in force and the bar's market."""

    namespace: str = ""
    mode: Mode | None = None
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
        state = self.state
        known = Known(state.policy, state.market, state.tradable, state.mode, self.now)
        verdicts = judge_bar(event, known)
        ids = [
            derive(state.namespace, "decision", symbol, event.bar_close, strategy)
            if verdict.is_candidate
            else None
            for verdict, symbol, strategy in zip(
                verdicts, event.symbols, event.strategy, strict=True
            )
        ]
        yield _summary(event, verdicts, ids)
        for row, decision_id in enumerate(ids):
            if decision_id is not None:
                yield _candidate(event, row, verdicts[row], decision_id, known)


def _summary(
    event: AiSignalGenerated, verdicts: list[Judged], ids: list[str | None]
) -> DecisionSummary:
    return DecisionSummary(
        bar_close=event.bar_close,
        symbols=event.symbols,
        disposition=tuple(
            [Disposition.CANDIDATE if each.is_candidate else Disposition.HOLD for each in verdicts]
        ),
        reason=tuple([each.reason for each in verdicts]),
        value=tuple([each.value for each in verdicts]),
        limit=tuple([each.limit for each in verdicts]),
        nearest=tuple([each.nearest for each in verdicts]),
        decision_id=tuple(ids),
        report_only=tuple(
            [
                tuple([check.name.value for check in each.checks if check.report_only])
                for each in verdicts
            ]
        ),
    )


def _candidate(
    event: AiSignalGenerated, row: int, verdict: Judged, decision_id: str, known: Known
) -> AiDecisionMade:
    symbol, policy, market = event.symbols[row], known.policy, known.market
    place = None if market is None else row_of(market.symbols, symbol)
    if policy is None or market is None or place is None:
        raise ValueError(f"a candidate without a policy or a market: {symbol}")
    side, q = side_of(event, row)
    strategy, e_net, cost_r = event.strategy[row], event.e_net[row], event.cost_r[row]
    confidence, price, atr = event.confidence[row], market.last[place], market.atr_frac[place]
    if side is None or strategy is None or q is None or e_net is None or cost_r is None:
        raise ValueError(f"a candidate without a view: {symbol}")
    if confidence is None or price is None or atr is None:
        raise ValueError(f"a candidate without a market: {symbol}")
    return AiDecisionMade(
        decision_id=decision_id,
        signal_id=event.signal_id,
        bar_close=event.bar_close,
        symbol=symbol,
        side=side,
        confidence=confidence,
        q=q,
        e_net=e_net,
        cost_r=cost_r,
        strategy=strategy,
        regime=event.regime[row],
        ref_price=price,
        atr_frac=Frac(atr),
        gates=verdict.checks,
        reason=verdict.reason,
        policy_version=policy.version,
        model_versions=tuple(f"{vote.voter}:{vote.version}" for vote in event.voters),
    )
