"""Decides how a candidate would be left before it is entered: its stop first, then its targets."""

from decimal import Decimal

import msgspec

from quantum_os.events.ai import AiDecisionMade, CandidateRefused, Gate
from quantum_os.events.exits import ExitbrainAdaptiveLevels, ExitStopProposed, V3Levels
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import Instrument, InstrumentUpdated, MarketData, row_of
from quantum_os.events.sizing import SizingDecided
from quantum_os.events.units import NS_PER_HOUR, Frac, Ns, Price
from quantum_os.exits.legs import harvest_legs, plan_e_net, reach_r
from quantum_os.exits.stop_distance import Conditions, Refused, stop_distance
from quantum_os.formulas.costs import CostModel, round_trip_cost
from quantum_os.formulas.exit_levels import (
    PlanPrices,
    harvest,
    levels,
    lsf,
    plan_prices,
    v3_levels,
)
from quantum_os.formulas.liquidation import liquidation_price
from quantum_os.formulas.rounding import decimal_of
from quantum_os.formulas.volatility import divergence_factor, volatility_factor
from quantum_os.kernel.reactor import Reactor

PROFILE = "adaptive"
NAME = "exits.planner"


class PlannerConfig(msgspec.Struct, frozen=True):
    """The costs that a stop must outweigh and an edge must beat."""

    costs: CostModel = CostModel()


class Pending(msgspec.Struct, frozen=True):
    """A candidate whose stop is proposed and whose size is not known yet."""

    decision: AiDecisionMade
    stop: ExitStopProposed


class PlannerState(msgspec.Struct):
    """The policy, the last cross-section, filters by symbol, and this bar's open candidates."""

    policy: PolicyUpdated | None = None
    market: MarketData | None = None
    instruments: dict[str, Instrument] = {}
    pending: dict[str, Pending] = {}


class Planner(Reactor[PlannerState]):
    """Plans the exit of each candidate; one that cannot be planned is refused with its reason."""

    name = NAME

    def __init__(self, config: PlannerConfig | None = None) -> None:
        super().__init__(PlannerState())
        self.config = config or PlannerConfig()
        self._round_trip = round_trip_cost(self.config.costs)

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.policy = event

    def on_instruments(self, event: InstrumentUpdated) -> None:
        for instrument in event.instruments:
            self.state.instruments[instrument.symbol] = instrument

    def on_market_data(self, event: MarketData) -> None:
        # A candidate lives for one bar close; what was not sized by now never will be.
        self.state.market = event
        self.state.pending.clear()

    def on_decision(self, event: AiDecisionMade) -> ExitStopProposed | CandidateRefused:
        """Proposes the stop distance, from which size, leverage and targets follow."""
        policy = self._policy_in_force()
        seen = _conditions(self.state.market, event)
        if policy is None or seen is None:
            gate = Gate.POLICY_STALE if policy is None else Gate.UNKNOWN_INPUT
            return _refusal(event, Refused(gate))
        sl = stop_distance(policy.policy.exits, event.regime, seen, self._round_trip)
        if isinstance(sl, Refused):
            return _refusal(event, sl)
        if seen.atr_frac is None or not event.ref_price > 0:
            return _refusal(event, Refused(Gate.UNKNOWN_INPUT))
        proposed = ExitStopProposed(
            decision_id=event.decision_id,
            bar_close=event.bar_close,
            symbol=event.symbol,
            side=event.side,
            sl=sl,
            round_trip_cost=Frac(self._round_trip),
            profile=PROFILE,
            atr_frac=Frac(seen.atr_frac),
            regime=event.regime,
            ref_price=event.ref_price,
        )
        self.state.pending[event.decision_id] = Pending(event, proposed)
        return proposed

    def on_sizing(self, event: SizingDecided) -> ExitbrainAdaptiveLevels | CandidateRefused:
        """Completes the plan at the real leverage, or says why it is not worth its costs."""
        pending = self.state.pending.pop(event.decision_id, None)
        instrument = self.state.instruments.get(event.symbol)
        policy = self._policy_in_force()
        if policy is None:
            return _refusal(event, Refused(Gate.POLICY_STALE))
        if pending is None or instrument is None or not (instrument.brackets and event.qty > 0):
            return _refusal(event, Refused(Gate.UNKNOWN_INPUT))
        prices = _prices(pending.stop, event, instrument)
        if isinstance(prices, Refused):
            return _refusal(event, prices)
        planned = self._levels(pending, event, prices, instrument, policy)
        document = policy.policy
        floor = document.decision.e_net_min_r
        reported = Gate.NO_EDGE_AFTER_COSTS in document.report_only
        # Where the gate only reports, the shortfall can be read off the plan's own e_net.
        if planned.e_net < floor and not reported:
            return _refusal(event, Refused(Gate.NO_EDGE_AFTER_COSTS, planned.e_net, floor))
        return planned

    def _policy_in_force(self) -> PolicyUpdated | None:
        policy = self.state.policy
        return policy if policy is not None and self.now <= policy.valid_until else None

    def _levels(
        self,
        pending: Pending,
        sized: SizingDecided,
        prices: PlanPrices,
        instrument: Instrument,
        policy: PolicyUpdated,
    ) -> ExitbrainAdaptiveLevels:
        stop, regime = pending.stop, pending.stop.regime
        exits = policy.policy.exits
        at = levels(stop.sl, sized.leverage)
        smallest = max(instrument.min_qty, instrument.min_notional / prices.entry)
        fractions = harvest(sized.leverage)
        legs = harvest_legs(sized.qty, instrument.step, fractions, smallest)
        weights = tuple(float(leg / sized.qty) for leg in legs)
        reached = prices.targets[: len(legs)]
        distances = [abs(float(target / prices.entry) - 1.0) for target in reached]
        targets: list[Price | None] = [Price(target) for target in reached]
        if regime.is_trend and len(legs) == len(fractions):
            targets[-1] = None
        hold_h = exits.max_hold_h[regime]
        v3 = v3_levels(regime, stop.atr_frac)
        decision = pending.decision
        return ExitbrainAdaptiveLevels(
            decision_id=sized.decision_id,
            bar_close=sized.bar_close,
            symbol=sized.symbol,
            side=sized.side,
            leverage=sized.leverage,
            qty=sized.qty,
            lsf=lsf(sized.leverage),
            sl=stop.sl,
            tp1=Frac(at.tp1),
            tp2=Frac(at.tp2),
            tp3=Frac(at.tp3),
            sl_price=Price(prices.stop),
            tp_prices=tuple(targets),
            tp_qtys=legs,
            harvest=weights,
            legs_merged=len(legs) < len(fractions),
            trailing_atr=exits.trailing_atr[regime],
            profile=stop.profile,
            regime=regime,
            max_hold_h=hold_h,
            expires=Ns(sized.bar_close + int(hold_h * NS_PER_HOUR)),
            e_net=plan_e_net(
                decision,
                policy.policy.decision.reference_leverage,
                reach_r(weights, distances, stop.sl),
            ),
            v3=V3Levels(
                stop=Frac(v3.stop),
                target=Frac(v3.target),
                trail=Frac(v3.trail),
                breakeven_r=v3.breakeven_r,
            ),
        )


def _conditions(market: MarketData | None, decision: AiDecisionMade) -> Conditions | None:
    """The candidate's row of the cross-section of its own bar; None when that is not at hand."""
    if market is None or market.bar_close != decision.bar_close:
        return None
    row = row_of(market.symbols, decision.symbol)
    if row is None:
        return None
    ratio = market.vol_ratio[row]
    return Conditions(
        atr_frac=market.atr_frac[row],
        d=divergence_factor(market.divergence_bps[row]),
        v=None if ratio is None or ratio != ratio else volatility_factor(ratio),
    )


def _prices(
    stop: ExitStopProposed, sized: SizingDecided, instrument: Instrument
) -> PlanPrices | Refused:
    """The plan on the venue's price grid, liquidation included; Refused where the order breaks."""
    entry = decimal_of(stop.ref_price)
    at = levels(stop.sl, sized.leverage)
    try:
        plan = plan_prices(entry, stop.side, stop.sl, at, instrument.tick)
    except ValueError:
        # The tick is too coarse for this price: the levels fall onto each other.
        return Refused(Gate.NOT_TRADABLE, float(instrument.tick) / stop.ref_price, stop.sl)
    liquidation = _liquidation(sized, entry, instrument)
    if liquidation is None:
        return plan
    try:
        return msgspec.structs.replace(plan, liquidation=liquidation)
    except ValueError:
        away = abs(float(liquidation / entry) - 1.0)
        return Refused(Gate.LIQUIDATION_DISTANCE, away, stop.sl)


def _liquidation(sized: SizingDecided, entry: Decimal, instrument: Instrument) -> Decimal | None:
    margin = sized.qty * entry / sized.leverage
    return liquidation_price(sized.side, sized.qty, entry, margin, instrument.brackets)


def _refusal(event: AiDecisionMade | SizingDecided, refused: Refused) -> CandidateRefused:
    return CandidateRefused(
        decision_id=event.decision_id,
        symbol=event.symbol,
        bar_close=event.bar_close,
        stage=NAME,
        code=refused.code,
        value=refused.value,
        limit=refused.limit,
    )
