"""Trade or hold, for every symbol at every bar close, with the gate that decided it."""

from collections.abc import Iterator

import msgspec

from quantum_os.ai.decision_gates import Judged, judge, judged, side_of, terms_of
from quantum_os.events.ai import (
    AiDecisionMade,
    AiSignalGenerated,
    DecisionSummary,
    Disposition,
    Gate,
    GateCheck,
)
from quantum_os.events.governance import PolicyUpdated, UniverseUpdated
from quantum_os.events.market import MarketData
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import Frac, Mode
from quantum_os.kernel.ids import derive
from quantum_os.kernel.reactor import Reactor

TRUSTS_SYNTHETIC = frozenset({Mode.BACKTEST, Mode.DEMO})
"""Modes in which made-up prices may be traded on."""


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
        policy, market = self.state.policy, self.state.market
        if policy is None or self.now > policy.valid_until:
            yield _summary(event, _all_held(event, Gate.POLICY_STALE), _no_ids(event))
            return
        if market is None or market.bar_close != event.bar_close:
            yield _summary(event, _all_held(event, Gate.DATA_STALE), _no_ids(event))
            return
        terms = terms_of(market, policy, self.state.tradable, self.state.mode in TRUSTS_SYNTHETIC)
        verdicts = [judge(event, row, terms) for row in range(len(event.symbols))]
        ids = [
            derive(self.state.namespace, "decision", symbol, event.bar_close, strategy)
            if verdict.is_candidate
            else None
            for verdict, symbol, strategy in zip(
                verdicts, event.symbols, event.strategy, strict=True
            )
        ]
        yield _summary(event, verdicts, ids)
        # The best first: where room is left for one, its worth decides and not the alphabet.
        ranked = sorted(enumerate(ids), key=lambda each: -(event.e_net[each[0]] or 0.0))
        for row, decision_id in ranked:
            if decision_id is not None:
                place = terms.rows[event.symbols[row]]
                yield _candidate(event, row, verdicts[row], decision_id, market, place, policy)


def _all_held(event: AiSignalGenerated, gate: Gate) -> list[Judged]:
    return [judged((GateCheck(gate, ok=False),))] * len(event.symbols)


def _no_ids(event: AiSignalGenerated) -> list[str | None]:
    return [None] * len(event.symbols)


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
    event: AiSignalGenerated,
    row: int,
    verdict: Judged,
    decision_id: str,
    market: MarketData,
    place: int,
    policy: PolicyUpdated,
) -> AiDecisionMade:
    side, q = side_of(event, row)
    strategy, e_net, cost_r = event.strategy[row], event.e_net[row], event.cost_r[row]
    confidence, price, atr = event.confidence[row], market.last[place], market.atr_frac[place]
    if side is None or strategy is None or q is None or e_net is None or cost_r is None:
        raise ValueError(f"a candidate without a view: {event.symbols[row]}")
    if confidence is None or price is None or atr is None:
        raise ValueError(f"a candidate without a market: {event.symbols[row]}")
    return AiDecisionMade(
        decision_id=decision_id,
        signal_id=event.signal_id,
        bar_close=event.bar_close,
        symbol=event.symbols[row],
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
