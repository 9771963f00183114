"""Trade or hold, for every symbol at every bar close, with the gate that decided it."""

from collections.abc import Iterator, Sequence

import msgspec

from quantum_os.ai.decision_gates import Known, judge_bar, side_of
from quantum_os.ai.gate_columns import Judged, Verdicts, everywhere
from quantum_os.events.ai import (
    ENSEMBLE,
    AiDecisionMade,
    AiSignalGenerated,
    DecisionSummary,
    Disposition,
    Gate,
)
from quantum_os.events.governance import PolicyUpdated, UniverseUpdated
from quantum_os.events.market import MarketData, row_of
from quantum_os.events.system import ProcessStarted, SafetyFault
from quantum_os.events.units import Frac, Mode, Ns
from quantum_os.kernel.ids import derive
from quantum_os.kernel.reactor import Reactor

MIND = "ai.engine"
"""The module whose signals become decisions; `ai/engine.py`."""


class DecisionState(msgspec.Struct):
    """The policy and universe in force, the bar's market, and whether the mind can still speak.

    `decided` is the close of the last bar that has its dispositions.
    """

    namespace: str = ""
    mode: Mode | None = None
    tradable: tuple[str, ...] = ()
    market: MarketData | None = None
    policy: PolicyUpdated | None = None
    decided: int = 0
    mind_is_down: bool = False


class Decision(Reactor[DecisionState]):
    """Turns signals into dispositions: every symbol gets exactly one, HOLD with its reason."""

    name = "ai.decision"

    def __init__(self) -> None:
        super().__init__(DecisionState())

    def on_start(self, event: ProcessStarted) -> None:
        self.state.namespace, self.state.mode = event.namespace, event.mode
        self.state.mind_is_down = False  # a new life begins with every module

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.policy = event

    def on_universe(self, event: UniverseUpdated) -> None:
        self.state.tradable = event.symbols

    def on_market_data(self, event: MarketData) -> DecisionSummary | None:
        self.state.market = event
        return self._all_held(event) if self.state.mind_is_down else None

    def on_fault(self, event: SafetyFault) -> DecisionSummary | None:
        """Takes the mind's place, beginning with the bar that it broke down at."""
        if event.module != MIND:
            return None
        self.state.mind_is_down = True
        market = self.state.market
        if market is None or market.bar_close <= self.state.decided:
            return None
        return self._all_held(market)

    def on_signal(self, event: AiSignalGenerated) -> Iterator[DecisionSummary | AiDecisionMade]:
        state = self.state
        state.decided = event.bar_close
        known = Known(state.policy, state.market, state.tradable, state.mode, self.now)
        verdicts = judge_bar(event, known)
        ids = [
            derive(state.namespace, "decision", symbol, event.bar_close, strategy)
            if is_candidate
            else None
            for is_candidate, symbol, strategy in zip(
                verdicts.is_candidate, event.symbols, event.strategy, strict=True
            )
        ]
        yield _summary(event.bar_close, event.symbols, verdicts, ids)
        # The best first: where room is left for one, its worth decides and not the alphabet.
        ranked = sorted(enumerate(ids), key=lambda each: -(event.e_net[each[0]] or 0.0))
        for row, decision_id in ranked:
            if decision_id is not None:
                yield _candidate(event, row, verdicts.of(row), decision_id, known)

    def _all_held(self, market: MarketData) -> DecisionSummary:
        self.state.decided = market.bar_close
        rows = len(market.symbols)
        verdicts = everywhere(Gate.MIND_DOWN, rows)
        return _summary(market.bar_close, market.symbols, verdicts, [None] * rows)


def _summary(
    bar_close: Ns, symbols: tuple[str, ...], verdicts: Verdicts, ids: Sequence[str | None]
) -> DecisionSummary:
    return DecisionSummary(
        bar_close=bar_close,
        symbols=symbols,
        disposition=tuple(
            [Disposition.CANDIDATE if each else Disposition.HOLD for each in verdicts.is_candidate]
        ),
        reason=verdicts.reason,
        value=verdicts.value,
        limit=verdicts.limit,
        nearest=verdicts.nearest,
        decision_id=tuple(ids),
        report_only=verdicts.report_only,
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
    gain, loss = event.gain_r[row], event.loss_r[row]
    if confidence is None or price is None or atr is None or gain is None or loss is None:
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
        gain_r=gain,
        loss_r=loss,
        strategy=strategy,
        regime=event.regime[row],
        ref_price=price,
        atr_frac=Frac(atr),
        gates=verdict.checks,
        reason=verdict.reason,
        policy_version=policy.version,
        model_versions=_versions(event),
    )


def _versions(event: AiSignalGenerated) -> tuple[str, ...]:
    """Names who was heard; learned models together by the whole hash of their card, first."""
    voters = [f"{vote.voter}:{vote.version}" for vote in event.voters]
    return (*([f"{ENSEMBLE}:{event.ensemble}"] if event.ensemble else []), *voters)
