"""Decides what each recorded event adds to the evidence."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from quantum_os.events.ai import CandidateRefused, DecisionSummary, Disposition, MetaRegime
from quantum_os.events.base import Event, stream_of
from quantum_os.events.execution import (
    ExecutionResult,
    Fill,
    FundingPaid,
    Leg,
    Liquidity,
    OrderRequested,
    ResultStatus,
)
from quantum_os.events.exits import ExitbrainAdaptiveLevels
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import MarketData, MarketKlines, MarketOpens, row_of
from quantum_os.events.portfolio import (
    AccountUpdated,
    PortfolioExposureUpdated,
    PositionUpdated,
    TradeClosed,
)
from quantum_os.events.risk import RiskPermit, RiskRefusal, SafetyTripped
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import Price, Side
from quantum_os.formulas.daily_returns import day_of
from quantum_os.formulas.rounding import decimal_of
from quantum_os.formulas.timeframes import TIMEFRAMES
from quantum_os.kernel.envelope import Envelope
from quantum_os.learning.report.evidence import Bars, Evidence, Lean, Life, Mark, SeenFill

HELD, PLANNED, RISK, SENT = "hold", "plan and size", "risk", "execution"
"""The stages at which a symbol and bar can end without an entry, in the order of an order."""

_ENTERED = (ResultStatus.FILLED, ResultStatus.PARTIAL)


class Working(msgspec.Struct):
    """What is needed while reading and no longer after: orders, open positions, last prices."""

    price_venue: str = ""
    orders: dict[str, OrderRequested] = {}
    permits: dict[str, RiskPermit] = {}
    plans: dict[str, ExitbrainAdaptiveLevels] = {}
    fills: dict[str, list[SeenFill]] = {}
    seen_trades: set[str] = set()
    stops: dict[str, list[tuple[int, float | None]]] = {}
    liquidations: dict[str, float | None] = {}
    opens: MarketOpens | None = None
    opens_seq: int = 0
    klines: MarketKlines | None = None
    klines_seq: int = 0
    section: MarketData | None = None


def gather(envelopes: Iterable[Envelope]) -> Evidence:
    """Reads a recording once, in order, and gives what it proves."""
    gatherer = _Gatherer()
    for envelope in envelopes:
        gatherer.hear(envelope)
    return gatherer.ended()


class _Gatherer:
    """Hears the streams of `STREAMS` in order of their numbers."""

    def __init__(self) -> None:
        self.evidence = Evidence()
        self._work = Working()
        self._now = self._seq = self._root = 0
        self._hears = {stream_of(kind): getattr(self, name) for kind, name in _HANDLERS.items()}

    def hear(self, envelope: Envelope) -> None:
        handler: Callable[[Any], None] | None = self._hears.get(envelope.stream)
        if handler is None:
            return
        self._seq, self._root = envelope.seq, envelope.trace
        self._now = envelope.ts
        evidence = self.evidence
        evidence.first = evidence.first or envelope.ts
        evidence.last = envelope.ts
        handler(envelope.event())

    def ended(self) -> Evidence:
        evidence = self.evidence
        evidence.open_fills = {symbol: fills for symbol, fills in self._work.fills.items() if fills}
        return evidence

    def on_start(self, event: ProcessStarted) -> None:
        self.evidence.starts.append(event)
        self._work.price_venue = event.venue.removeprefix("sim:")

    def on_policy(self, event: PolicyUpdated) -> None:
        self.evidence.policies.append(event)

    def on_klines(self, event: MarketKlines) -> None:
        evidence, work = self.evidence, self._work
        evidence.synthetic = evidence.synthetic or event.synthetic
        if event.venue != work.price_venue or not self._is_finest(event.timeframe):
            return
        work.klines, work.klines_seq = event, self._seq
        for at, symbol in enumerate(event.symbols):
            bars = evidence.bars.get(symbol)
            if bars is None:
                bars = evidence.bars[symbol] = Bars()
            bars.open_time.append(event.open_time)
            bars.open.append(event.open[at])
            bars.high.append(event.high[at])
            bars.low.append(event.low[at])
            bars.close.append(event.close[at])

    def _is_finest(self, timeframe: str) -> bool:
        """Whether these bars are to be kept; finer ones than before begin the columns anew."""
        evidence = self.evidence
        if evidence.timeframe and TIMEFRAMES[timeframe] > TIMEFRAMES[evidence.timeframe]:
            return False
        if timeframe != evidence.timeframe:
            evidence.timeframe, evidence.bars = timeframe, {}
        return True

    def on_opens(self, event: MarketOpens) -> None:
        if event.venue == self._work.price_venue:
            self._work.opens, self._work.opens_seq = event, self._seq

    def on_market_data(self, event: MarketData) -> None:
        self._work.section = event
        for at, symbol in enumerate(event.symbols):
            value = event.atr_frac[at]
            if value is not None:
                self.evidence.volatility.setdefault(symbol, []).append(value)

    def on_regime(self, event: MetaRegime) -> None:
        self.evidence.regimes.setdefault(event.symbol, []).append((self._now, event.label))

    def on_summary(self, event: DecisionSummary) -> None:
        evidence, day = self.evidence, day_of(self._now)
        evidence.dispositions += len(event.symbols)
        columns = zip(event.disposition, event.reason, event.report_only, strict=True)
        for disposition, reason, reported in columns:
            if disposition is Disposition.HOLD:
                evidence.ends[day, HELD, reason] += 1
            else:
                evidence.candidates += 1
                evidence.let_by.update(reported)

    def on_candidate_refused(self, event: CandidateRefused) -> None:
        self.evidence.ends[day_of(self._now), PLANNED, event.code] += 1

    def on_plan(self, event: ExitbrainAdaptiveLevels) -> None:
        self._work.plans[event.decision_id] = event

    def on_refusal(self, event: RiskRefusal) -> None:
        self.evidence.ends[day_of(self._now), RISK, event.code] += 1
        self._work.plans.pop(event.decision_id, None)

    def on_permit(self, event: RiskPermit) -> None:
        self._work.permits[event.intent.intent_id] = event
        self._keep_reach()
        let_by = (check.name for check in event.checks if not check.ok and check.report_only)
        self.evidence.let_by.update(let_by)

    def _keep_reach(self) -> None:
        """Remembers the cross-section that an entry was decided on."""
        section = self._work.section
        if section is not None and section.bar_close not in self.evidence.reach:
            columns = zip(section.symbols, section.atr_frac, strict=True)
            known: dict[str, float] = {
                symbol: value for symbol, value in columns if value is not None
            }
            self.evidence.reach[section.bar_close] = known

    def on_result(self, event: ExecutionResult) -> None:
        if event.status in _ENTERED:
            self.evidence.filled += 1
        else:
            self.evidence.ends[day_of(self._now), SENT, event.status] += 1

    def on_order(self, event: OrderRequested) -> None:
        self._work.orders[event.client_id] = event

    def on_fill(self, event: Fill) -> None:
        work = self._work
        if event.trade_id in work.seen_trades:
            return
        work.seen_trades.add(event.trade_id)
        order = work.orders.get(event.client_id)
        work.fills.setdefault(event.symbol, []).append(self._held_against(event, order))

    def _held_against(self, fill: Fill, order: OrderRequested | None) -> SeenFill:
        if order is None or fill.liquidity is Liquidity.LIQUIDATION:
            return SeenFill(fill, order, None)
        market = self._market_price(fill.symbol)
        if order.trigger is not None:
            gapped = market is not None and self._at_open and _is_beyond(market, order)
            return SeenFill(fill, order, order.trigger, gapped)
        if order.price is not None:
            return SeenFill(fill, order, order.price)
        return SeenFill(fill, order, market or self._wanted(order))

    @property
    def _at_open(self) -> bool:
        return self._root == self._work.opens_seq

    def _market_price(self, symbol: str) -> Price | None:
        """The price that the market showed first in the cascade which the fill belongs to."""
        work = self._work
        if work.opens is not None and self._at_open:
            row = row_of(work.opens.symbols, symbol)
            return None if row is None else Price(decimal_of(work.opens.price[row]))
        if work.klines is not None and self._root == work.klines_seq:
            row = row_of(work.klines.symbols, symbol)
            return None if row is None else Price(decimal_of(work.klines.open[row]))
        return None

    def _wanted(self, order: OrderRequested) -> Price | None:
        permit = self._work.permits.get(order.intent_id or "") if order.leg is Leg.ENTRY else None
        return None if permit is None else permit.intent.ref_price

    def on_position(self, event: PositionUpdated) -> None:
        moves = self._work.stops.setdefault(event.position_id, [])
        stop = None if event.stop_price is None else float(event.stop_price)
        if event.qty and (not moves or moves[-1][1] != stop):
            moves.append((self._now, stop))
        if event.liq_price is not None:
            self._work.liquidations.setdefault(event.position_id, float(event.liq_price))

    def on_account(self, event: AccountUpdated) -> None:
        self.evidence.marks.append(
            Mark(self._now, event.equity, event.wallet, event.drawdown, event.margin_util)
        )

    def on_exposure(self, event: PortfolioExposureUpdated) -> None:
        self.evidence.leans.append(
            Lean(
                time=self._now,
                gross=float(event.gross),
                net=float(event.net),
                leverage=event.gross_leverage,
                positions=len(event.by_symbol),
            )
        )

    def on_funding(self, event: FundingPaid) -> None:
        self.evidence.funding.append(event)

    def on_tripped(self, event: SafetyTripped) -> None:
        self.evidence.latches.append((self._now, event))

    def on_closed(self, event: TradeClosed) -> None:
        work = self._work
        permit = work.permits.pop(event.intent_id or "", None)
        life = Life(
            trade=event,
            fills=tuple(work.fills.pop(event.symbol, ())),
            permit=permit,
            plan=work.plans.pop(event.decision_id or "", None),
            stops=tuple(work.stops.pop(event.position_id, ())),
            liquidation=work.liquidations.pop(event.position_id, None),
        )
        self.evidence.lives.append(life)


def _is_beyond(market: Price, order: OrderRequested) -> bool:
    """Whether a price lies past a stop's trigger, on its losing side."""
    if order.trigger is None:
        return False
    return market < order.trigger if order.side is Side.SELL else market > order.trigger


_HANDLERS: dict[type[Event], str] = {
    ProcessStarted: "on_start",
    PolicyUpdated: "on_policy",
    MarketKlines: "on_klines",
    MarketOpens: "on_opens",
    MarketData: "on_market_data",
    MetaRegime: "on_regime",
    DecisionSummary: "on_summary",
    CandidateRefused: "on_candidate_refused",
    ExitbrainAdaptiveLevels: "on_plan",
    RiskRefusal: "on_refusal",
    RiskPermit: "on_permit",
    ExecutionResult: "on_result",
    OrderRequested: "on_order",
    Fill: "on_fill",
    PositionUpdated: "on_position",
    AccountUpdated: "on_account",
    PortfolioExposureUpdated: "on_exposure",
    FundingPaid: "on_funding",
    SafetyTripped: "on_tripped",
    TradeClosed: "on_closed",
}

STREAMS = tuple(stream_of(kind) for kind in _HANDLERS)
"""What must be read of a recording."""
