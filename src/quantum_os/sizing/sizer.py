"""Decides how much a candidate may be: risk first, then notional, then leverage, then margin."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.ai import AiDecisionMade, CandidateRefused, Gate, SignalResolved
from quantum_os.events.execution import ReconcileState
from quantum_os.events.exits import ExitStopProposed
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import Instrument, InstrumentUpdated, MarketData
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.sizing import Factor, SizingDecided
from quantum_os.events.units import Frac, Leverage, Margin, Notional, Ns, Qty, Risk, Usd
from quantum_os.formulas.risk_budget import notional_for_risk
from quantum_os.formulas.rounding import decimal_of
from quantum_os.kernel.reactor import Reactor
from quantum_os.sizing import closes, correlation, holdings, ilf, knowledge
from quantum_os.sizing.budget import Budget, risk_budget
from quantum_os.sizing.caps import Capped, margin_caps, market_caps, quantity, under
from quantum_os.sizing.closes import Close
from quantum_os.sizing.knowledge import Knowledge, Refusal, Row, Rules

TAPE_AGE_BARS = 2
"""On a tape no age limit is shorter than this many of its bars (DESIGN 5)."""


class SizerConfig(msgspec.Struct, frozen=True):
    """`tape_step_s`: seconds between two bars of the tape; 0 when the market is live."""

    tape_step_s: float = 0.0


class Sizer(Reactor[Knowledge]):
    """Gives each candidate with a stop its quantity and leverage, or the reason for none."""

    name = "sizing.sizer"
    critical = True

    def __init__(self, config: SizerConfig | None = None) -> None:
        super().__init__(Knowledge())
        self.config = config or SizerConfig()

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.policy = event

    def on_instruments(self, event: InstrumentUpdated) -> None:
        self.state.instruments |= {known.symbol: known for known in event.instruments}

    def on_account(self, event: AccountUpdated) -> None:
        self.state.account = event

    def on_position(self, event: PositionUpdated) -> None:
        holdings.book(self.state.holdings, event)

    def on_trade_closed(self, event: TradeClosed) -> None:
        close = None if event.r is None else Close(event.strategy, event.r)
        rules = self.state.policy
        pause_at = rules.policy.risk.streak_pause if rules else 1
        closes.record(self.state.closes, close, lost=event.net < 0, pause_at=pause_at)

    def on_reconciled(self, event: ReconcileState) -> None:
        if event.ok and self.state.policy is not None:
            closes.reconcile(self.state.closes, self.state.policy.policy.sizing)

    def on_resolved(self, event: SignalResolved) -> None:
        closes.resolve_shadow(self.state.closes, event.voter, event.r)

    def on_market(self, event: MarketData) -> None:
        self.state.market = event
        self.state.candidates.clear()
        correlation.push(self.state.window, event.bar_close, event.symbols, event.last)

    def on_decision(self, event: AiDecisionMade) -> None:
        self.state.candidates[event.decision_id] = event

    def on_stop(self, event: ExitStopProposed) -> Iterator[SizingDecided | CandidateRefused]:
        answer = self._size(event)
        if isinstance(answer, SizingDecided):
            yield answer
            return
        yield CandidateRefused(
            decision_id=event.decision_id,
            symbol=event.symbol,
            bar_close=event.bar_close,
            stage=self.name,
            code=answer.code,
            value=answer.value,
            limit=answer.limit,
        )

    def _size(self, stop: ExitStopProposed) -> SizingDecided | Refusal:
        known, now = self.state, Ns(self.now)
        decision = known.candidates.pop(stop.decision_id, None)
        rules = knowledge.rules(known, now)
        if isinstance(rules, Refusal):
            return rules
        age_max_s = max(rules.policy.risk.equity_age_s, TAPE_AGE_BARS * self.config.tape_step_s)
        equity = knowledge.equity(known, now, age_max_s)
        if isinstance(equity, Refusal):
            return equity
        row = knowledge.row(known.market, stop.symbol, stop.bar_close)
        instrument = known.instruments.get(stop.symbol)
        if decision is None or row is None or instrument is None or not instrument.brackets:
            return Refusal(Gate.UNKNOWN_INPUT)
        budget = risk_budget(decision, known, rules, equity)
        if isinstance(budget, Refusal):
            return budget
        return _sized(_Case(decision, stop, row, instrument, equity, rules), budget, known)


class _Case(msgspec.Struct, frozen=True):
    """One candidate with all that was known of it."""

    decision: AiDecisionMade
    stop: ExitStopProposed
    row: Row
    instrument: Instrument
    equity: Decimal
    rules: Rules


def _sized(case: _Case, budget: Budget, known: Knowledge) -> SizingDecided | Refusal:
    """sl -> notional -> bracket and mmr -> leverage -> margin, never back (trading.md 4)."""
    if not case.stop.sl > 0 or not case.stop.ref_price > 0 or not known.account:
        return Refusal(Gate.UNKNOWN_INPUT, case.stop.sl, 0.0)
    price = decimal_of(case.stop.ref_price)
    wanted = notional_for_risk(budget.usd, case.stop.sl, case.stop.round_trip_cost)
    market = _under_market(case, wanted, price, known)
    if isinstance(market, Refusal):
        return market
    inputs = ilf.inputs_of(case.decision, case.row, known, case.rules)
    if isinstance(inputs, Refusal):
        return inputs
    choice = ilf.choose(
        inputs,
        case.stop,
        notional=market.notional,
        instrument=case.instrument,
        drawdown=known.account.drawdown,
        rules=case.rules,
    )
    margins = margin_caps(
        known.holdings,
        case.rules,
        equity=case.equity,
        symbol=case.stop.symbol,
        side=case.stop.side,
        leverage=choice.leverage,
        available=known.account.available,
    )
    capped = under(market.notional, margins)
    if isinstance(capped, Refusal):
        return capped
    qty = quantity(capped.notional, price, case.instrument)
    low = _below_minimum(qty, price, case.instrument)
    if low is not None:
        return low
    trace = budget.factors + ilf.trace(inputs, choice)
    return _decided(case, qty * price, qty, choice.leverage, trace, market.hit + capped.hit)


def _under_market(
    case: _Case, wanted: Decimal, price: Decimal, known: Knowledge
) -> Capped | Refusal:
    if case.row.volume_usd is None:
        return Refusal(Gate.UNKNOWN_INPUT)
    bounds = market_caps(
        known.holdings,
        case.rules,
        equity=case.equity,
        price=price,
        instrument=case.instrument,
        volume_usd=case.row.volume_usd,
    )
    return under(wanted, bounds)


def _below_minimum(qty: Decimal, price: Decimal, instrument: Instrument) -> Refusal | None:
    """Refuses what the venue would refuse; a quantity is never rounded up to fit (F53)."""
    if qty <= 0 or qty < instrument.min_qty or qty * price < instrument.min_notional:
        return Refusal(Gate.MIN_NOTIONAL, float(qty * price), float(instrument.min_notional))
    return None


def _decided(
    case: _Case,
    notional: Decimal,
    qty: Decimal,
    leverage: int,
    trace: tuple[Factor, ...],
    hit: tuple[str, ...],
) -> SizingDecided:
    """The answer, told from the quantity that is left: its own risk, notional and margin."""
    stop = case.stop
    at_risk = notional * (decimal_of(stop.sl) + decimal_of(stop.round_trip_cost))
    return SizingDecided(
        decision_id=stop.decision_id,
        bar_close=stop.bar_close,
        symbol=stop.symbol,
        side=stop.side,
        equity=Usd(case.equity),
        risk_usd=Risk(at_risk),
        stop_distance=Frac(stop.sl),
        notional_usd=Notional(notional),
        margin_usd=Margin(notional / leverage),
        qty=Qty(qty),
        leverage=Leverage(leverage),
        factors=(*trace, Factor("sl", stop.sl), Factor("round_trip", stop.round_trip_cost)),
        caps_hit=hit,
    )
