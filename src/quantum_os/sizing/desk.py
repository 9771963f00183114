"""Decides when a candidate is complete, and says it once, as an intent with its whole exit plan."""

import msgspec

from quantum_os.events.ai import AiDecisionMade
from quantum_os.events.exits import ExitbrainAdaptiveLevels
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import MarketData
from quantum_os.events.sizing import SizingDecided, TradeIntent
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_S, Frac, Ns, Price
from quantum_os.formulas.rounding import decimal_of
from quantum_os.formulas.volatility import (
    displayed_volatility_factor,
    divergence_factor,
    volatility_factor,
)
from quantum_os.kernel.ids import derive
from quantum_os.kernel.reactor import Reactor
from quantum_os.sizing.knowledge import Row, row

TAPE_AGE_BARS = 2
"""On a tape an intent lives at least this many of its bars (DESIGN 5)."""


class DeskConfig(msgspec.Struct, frozen=True):
    """`tape_step_s`: seconds between two bars of the tape; 0 when the market is live."""

    tape_step_s: float = 0.0


class DeskState(msgspec.Struct):
    """The candidates of the newest bar close; `said` are those that became intents already."""

    namespace: str = ""
    policy: PolicyUpdated | None = None
    market: MarketData | None = None
    decisions: dict[str, AiDecisionMade] = msgspec.field(default_factory=dict)
    sizes: dict[str, SizingDecided] = msgspec.field(default_factory=dict)
    said: dict[str, str] = msgspec.field(default_factory=dict)


class Desk(Reactor[DeskState]):
    """Joins what was decided, sized and planned for a candidate into exactly one intent."""

    name = "sizing.desk"
    critical = True

    def __init__(self, config: DeskConfig | None = None) -> None:
        super().__init__(DeskState())
        self.config = config or DeskConfig()

    def on_process_started(self, event: ProcessStarted) -> None:
        self.state.namespace = event.namespace

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.policy = event

    def on_market(self, event: MarketData) -> None:
        self.state.market = event
        self.state.decisions.clear()
        self.state.sizes.clear()
        self.state.said.clear()

    def on_decision(self, event: AiDecisionMade) -> None:
        self.state.decisions[event.decision_id] = event

    def on_size(self, event: SizingDecided) -> None:
        self.state.sizes[event.decision_id] = event

    def on_levels(self, event: ExitbrainAdaptiveLevels) -> TradeIntent | None:
        state = self.state
        if event.decision_id in state.said:
            return None
        decision = state.decisions.pop(event.decision_id, None)
        size = state.sizes.pop(event.decision_id, None)
        known = row(state.market, event.symbol, event.bar_close)
        # A plan without its candidate would lose a disposition: a broken promise, not a HOLD.
        assert decision, f"an exit plan for nobody: {event.decision_id}"
        assert size, f"an exit plan without a size: {event.decision_id}"
        assert known, f"an exit plan without a market: {event.decision_id}"
        assert (event.qty, event.leverage) == (size.qty, size.leverage), "plan and size disagree"
        intent = self._intent(decision, size, event, known)
        state.said[event.decision_id] = intent.intent_id
        return intent

    def _intent(
        self,
        decision: AiDecisionMade,
        size: SizingDecided,
        plan: ExitbrainAdaptiveLevels,
        known: Row,
    ) -> TradeIntent:
        # Without a volatility the sizer has refused; the market cannot have lost it since.
        assert known.vol_ratio is not None, f"no volatility for {decision.symbol}"
        return TradeIntent(
            intent_id=derive(self.state.namespace, "intent", decision.decision_id),
            decision_id=decision.decision_id,
            bar_close=decision.bar_close,
            symbol=decision.symbol,
            side=decision.side,
            strategy=decision.strategy,
            confidence=decision.confidence,
            qty=size.qty,
            ref_price=Price(decimal_of(decision.ref_price)),
            ref_ts=decision.bar_close,
            sl_price=plan.sl_price,
            tp_prices=plan.tp_prices,
            tp_qtys=plan.tp_qtys,
            stop_distance=size.stop_distance,
            risk_usd=size.risk_usd,
            notional_usd=size.notional_usd,
            margin_usd=size.margin_usd,
            leverage=size.leverage,
            atr_value=Frac(decision.atr_frac),
            volatility_factor=displayed_volatility_factor(volatility_factor(known.vol_ratio)),
            exchange_divergence=divergence_factor(known.divergence_bps),
            funding_rate=None if known.funding_rate is None else Frac(known.funding_rate),
            regime=decision.regime,
            sizing_trace=size.factors,
            model_versions=decision.model_versions,
            policy_version=decision.policy_version,
            created=Ns(self.now),
            expires=Ns(self.now + round(self._life_s() * NS_PER_S)),
        )

    def _life_s(self) -> float:
        """Seconds an intent may wait. Without a policy none: it is said, and refused as stale."""
        if self.state.policy is None:
            return 0.0
        ttl_s = self.state.policy.policy.execution.intent_ttl_s
        return max(ttl_s, TAPE_AGE_BARS * self.config.tape_step_s)
