"""What the run came to: trades, equity by day, refusals by gate, and the worst of everything."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from quantum_os.events.ai import CandidateRefused, DecisionSummary, Disposition
from quantum_os.events.execution import FundingPaid, ReconcileState
from quantum_os.events.market import MarketKlines
from quantum_os.events.portfolio import AccountUpdated, TradeClosed
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.system import ProcessStarted
from quantum_os.formulas.daily_returns import day_of, returns_by_day
from quantum_os.kernel.reactor import Reactor

ZERO = Decimal(0)
DAYS_MAX = 20_000
"""Days of equity kept: more than half a century."""


class TrackRecordState(msgspec.Struct):
    """Counts and extremes since the start; memory grows by one number a day."""

    deposit: Decimal = ZERO
    bars: int = 0
    trades: int = 0
    wins: int = 0
    gross: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    net: Decimal = ZERO
    holds: dict[str, int] = {}
    refusals: dict[str, int] = {}
    report_only: dict[str, int] = {}
    leverage: dict[int, int] = {}
    exit_reasons: dict[str, int] = {}
    dispositions: int = 0
    candidates: int = 0
    drawdown_max: float = 0.0
    equity: Decimal = ZERO
    equity_gap_max: Decimal = ZERO
    reconciliations: int = 0
    mismatches: int = 0
    funding_paid: Decimal = ZERO
    days: dict[int, Decimal] = {}
    began: int | None = None


class TrackRecord(Reactor[TrackRecordState]):
    """Adds up what happened, from reconciled events only; it decides nothing and says nothing."""

    name = "portfolio.track_record"
    critical = False

    def __init__(self) -> None:
        super().__init__(TrackRecordState())

    def on_start(self, event: ProcessStarted) -> None:
        state = self.state
        state.deposit = state.deposit or event.deposit
        state.began = self.now if state.began is None else state.began

    def on_klines(self, event: MarketKlines) -> None:
        self.state.bars += len(event.symbols)

    def on_summary(self, event: DecisionSummary) -> None:
        state = self.state
        state.dispositions += len(event.symbols)
        for disposition, reason, reported in zip(
            event.disposition, event.reason, event.report_only, strict=True
        ):
            if disposition is Disposition.HOLD:
                _count(state.holds, (reason,))
            else:
                state.candidates += 1
                _count(state.report_only, reported)

    def on_candidate_refused(self, event: CandidateRefused) -> None:
        _count(self.state.refusals, (event.code,))

    def on_refusal(self, event: RiskRefusal) -> None:
        _count(self.state.refusals, (event.code,))

    def on_permit(self, event: RiskPermit) -> None:
        leverage = self.state.leverage
        leverage[event.leverage] = leverage.get(event.leverage, 0) + 1
        let_through = (check.name for check in event.checks if not check.ok and check.report_only)
        _count(self.state.report_only, let_through)

    def on_account(self, event: AccountUpdated) -> None:
        state = self.state
        state.equity = event.equity
        state.drawdown_max = max(state.drawdown_max, event.drawdown)
        if state.began is None or self.now > state.began:
            state.days[day_of(self.now)] = event.equity
        if len(state.days) > DAYS_MAX:
            del state.days[next(iter(state.days))]

    def on_funding(self, event: FundingPaid) -> None:
        self.state.funding_paid += event.amount

    def on_reconciled(self, event: ReconcileState) -> None:
        state = self.state
        state.reconciliations += 1
        state.mismatches += not event.ok
        state.equity_gap_max = max(state.equity_gap_max, event.equity_gap)

    def on_closed(self, event: TradeClosed) -> None:
        state = self.state
        state.trades += 1
        state.wins += event.net > 0
        state.gross += event.gross
        state.fees += event.fees
        state.funding += event.funding
        state.net += event.net
        _count(state.exit_reasons, (event.exit_reason,))

    def daily_returns(self) -> list[float]:
        """Gives the return of each day from the equity that ended the day before."""
        return list(returns_by_day(self.state.deposit, self.state.days).values())


def _count(counts: dict[str, int], names: Iterable[str]) -> None:
    for name in names:
        counts[name] = counts.get(name, 0) + 1
