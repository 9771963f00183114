"""Decides whether an intent becomes a permit; the only way by which an entry reaches execution."""

import msgspec

from quantum_os.events.ai import GateCheck, SignalResolved
from quantum_os.events.execution import (
    ExecutionResult,
    Fill,
    Leg,
    OrderRequested,
    OrderUpdated,
    ReconcileState,
)
from quantum_os.events.governance import PolicyUpdated, UniverseUpdated
from quantum_os.events.market import FeedState, InstrumentUpdated, MarketData
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.risk import RiskPermit, RiskRefusal, SafetyCleared, SafetyTripped
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.system import ProcessStarted, SafetyFault
from quantum_os.events.units import Ns, Qty
from quantum_os.kernel.reactor import Reactor
from quantum_os.risk import book as books
from quantum_os.risk import protections, selftest
from quantum_os.risk.book import Book
from quantum_os.risk.latches import Cause
from quantum_os.risk.limits import Limits
from quantum_os.risk.verdict import Verdict, evaluate


class GateConfig(msgspec.Struct, frozen=True):
    """`tape_step_s`: seconds between two bars of the tape; 0 when the market is live."""

    tape_step_s: float = 0.0


class GateState(msgspec.Struct):
    """The book, and the policy it is judged by."""

    book: Book = msgspec.field(default_factory=Book)
    policy: PolicyUpdated | None = None


class RiskGate(Reactor[GateState]):
    """Answers every intent with a permit, which reserves its room at once, or with a refusal."""

    name = "risk.gate"
    critical = True

    def __init__(self, config: GateConfig | None = None) -> None:
        super().__init__(GateState())
        self.config = config or GateConfig()

    def evaluate(self, intent: TradeIntent, book: Book, limits: Limits | None) -> Verdict:
        """Judges one intent; the self-test at start judges this very method (F83)."""
        return evaluate(intent, book, limits)

    def on_intent(self, event: TradeIntent) -> RiskPermit | RiskRefusal:
        verdict = self.evaluate(event, self.state.book, self._limits())
        failed = verdict.refusal
        if failed is not None:
            return _refusal(event, verdict, failed)
        permit = RiskPermit(event, Qty(verdict.qty), event.leverage, verdict.checks)
        books.reserve(self.state.book, permit, Ns(self.now))
        return permit

    def on_process_started(self, event: ProcessStarted) -> None:
        self.state.book.venue = event.venue
        self.state.book.mode = event.mode
        # Another life hears anew: its feed says what is silent.
        self.state.book.silent = {}
        if event.world_went_on:
            # Whatever was reconciled before a restart has to be reconciled again.
            self.state.book.reconciled = False

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.policy = event
        book = self.state.book
        if book.self_test is None:
            book.self_test = selftest.passes(self.evaluate, event, Ns(self.now))

    def on_account(self, event: AccountUpdated) -> None:
        self.state.book.account = event

    def on_position(self, event: PositionUpdated) -> None:
        books.book_position(self.state.book, event)

    def on_order_requested(self, event: OrderRequested) -> None:
        entry = event.leg is Leg.ENTRY
        now = Ns(self.now)
        books.request(self.state.book, event.client_id, event.intent_id, entry=entry, now=now)

    def on_order(self, event: OrderUpdated) -> None:
        books.book_order(self.state.book, event)

    def on_fill(self, event: Fill) -> None:
        books.book_fill(self.state.book, event.client_id, event.qty, Ns(self.now))

    def on_result(self, event: ExecutionResult) -> None:
        books.end(self.state.book, event.intent_id, event.qty)

    def on_trade_closed(self, event: TradeClosed) -> None:
        risk = self.state.policy.policy.risk if self.state.policy else None
        protections.book_close(self.state.book.past, event, risk)

    def on_resolved(self, event: SignalResolved) -> None:
        protections.resolve_shadow(self.state.book.past, event)

    def on_market(self, event: MarketData) -> None:
        books.hear_market(self.state.book, event)

    def on_feed(self, event: FeedState) -> None:
        books.hear_feed(self.state.book, event)

    def on_instruments(self, event: InstrumentUpdated) -> None:
        self.state.book.instruments |= {known.symbol: known for known in event.instruments}

    def on_universe(self, event: UniverseUpdated) -> None:
        self.state.book.tradable = event.symbols
        self.state.book.close_only = event.close_only

    def on_reconciled(self, event: ReconcileState) -> None:
        self.state.book.reconciled = event.ok

    def on_tripped(self, event: SafetyTripped) -> None:
        self.state.book.latches[event.cause] = event.way_out

    def on_cleared(self, event: SafetyCleared) -> None:
        self.state.book.latches.pop(event.cause, None)

    def on_fault(self, event: SafetyFault) -> None:
        # Heard here too: entries stop even if the emergency stop is what broke.
        if event.critical:
            self.state.book.latches[Cause.SAFETY_FAULT] = event.module

    def _limits(self) -> Limits | None:
        policy = self.state.policy
        if policy is None:
            return None
        return Limits(
            policy=policy.policy,
            effective=policy.limits,
            valid_until=policy.valid_until,
            now=Ns(self.now),
            tape_step_s=self.config.tape_step_s,
        )


def _refusal(intent: TradeIntent, verdict: Verdict, failed: GateCheck) -> RiskRefusal:
    return RiskRefusal(
        intent_id=intent.intent_id,
        decision_id=intent.decision_id,
        symbol=intent.symbol,
        code=failed.name,
        value=failed.value,
        limit=failed.limit,
        nearest=verdict.nearest,
        checks=verdict.checks,
    )
