"""Decides when all new risk stops: the emergency stop, which never stops an exit."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.ai import SignalResolved
from quantum_os.events.commands import Command, OperatorCommand
from quantum_os.events.execution import (
    HaltState,
    Leg,
    OrderRequested,
    OrderState,
    OrderUpdated,
    ReconcileState,
)
from quantum_os.events.exits import ExitReason
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import FeedWatermark
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.risk import InvariantViolated, SafetyCleared, SafetyTripped
from quantum_os.events.system import (
    AlertRaised,
    ProcessStarted,
    SafetyFault,
    Severity,
    TimerFired,
)
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.kernel.reactor import Reactor
from quantum_os.risk.book import TERMINAL
from quantum_os.risk.latches import (
    INVARIANT_CAUSES,
    LATCHES,
    SHADOW_CLOSES,
    Cause,
    has_healed,
    trip,
    why_shut,
)

ROLES = ("viewer", "analyst", "trader", "operator")
"""Roles from the weakest to the strongest; any from trader on may stop, only operator may start."""
STOPPERS = ("trader", "operator")
MISMATCHES_IN_A_ROW = 2
"""One unequal reconciliation may be an order in flight; the second is the truth."""
EQUITY_GAP_HALT = 0.05
EQUITY_GAP_ALERT = 0.01
"""Gaps between venue and ledger as fractions of equity (governance.md 2, exchange truth)."""
TAPE_AGE_BARS = 2
EVENTS_KEPT = 256
WATCHERS = frozenset({"risk.invariants"})
"""Modules without which money is traded as before, and nothing new is risked unwatched."""


class SafetyConfig(msgspec.Struct, frozen=True):
    """`tape_step_s`: seconds between two bars of the tape; 0 when the market is live."""

    tape_step_s: float = 0.0


class SafetyState(msgspec.Struct):
    """The closed latches, what the next one would follow from, and what a venue holds back."""

    latches: dict[str, SafetyTripped] = msgspec.field(default_factory=dict)
    policy: PolicyUpdated | None = None
    price_venue: str = ""
    equity: float | None = None
    open: dict[str, bool] = msgspec.field(default_factory=dict)
    entries: dict[str, bool] = msgspec.field(default_factory=dict)
    errors: list[Ns] = msgspec.field(default_factory=list)
    stop_hits: list[Ns] = msgspec.field(default_factory=list)
    mismatches: int = 0
    feed_at: Ns | None = None
    seen_at: dict[str, Ns] = msgspec.field(default_factory=dict)
    shadow_r: list[float] = msgspec.field(default_factory=list)
    halts: dict[str, HaltState] = msgspec.field(default_factory=dict)


class Safety(Reactor[SafetyState]):
    """Closes a latch when its cause appears, and keeps it closed until its way out was taken."""

    name = "risk.safety"
    critical = True

    def __init__(self, config: SafetyConfig | None = None) -> None:
        super().__init__(SafetyState())
        self.config = config or SafetyConfig()

    def on_process_started(self, event: ProcessStarted) -> None:
        self.state.price_venue = event.venue.removeprefix("sim:")
        # A venue begins its life with open doors, and says which of them it closes.
        self.state.halts = {}
        if event.world_went_on and self.state.feed_at is not None:
            # Nobody was here to hear the feed: its silence counts from now on.
            self.state.feed_at = Ns(self.now)

    def on_tripped(self, event: SafetyTripped) -> None:
        """Closes again what an earlier life of the process left closed; our own word is no news."""
        self.state.latches.setdefault(event.cause, event)

    def on_cleared(self, event: SafetyCleared) -> None:
        """Forgets a latch that somebody else has opened; what we opened is forgotten already."""
        self.state.latches.pop(event.cause, None)

    def on_halt(self, event: HaltState) -> None:
        """Knows what the venue holds back, so that a person can be told and can open it."""
        if event.is_closed:
            self.state.halts[event.name] = event
        else:
            self.state.halts.pop(event.name, None)

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.policy = event

    def on_operator(
        self, event: OperatorCommand
    ) -> Iterator[SafetyTripped | SafetyCleared | AlertRaised]:
        stops = {
            Command.PAUSE: Cause.OPERATOR_PAUSE,
            Command.FLATTEN: Cause.OPERATOR_FLATTEN,
            Command.KILL: Cause.OPERATOR_KILL,
        }
        if event.command in stops:
            if event.role not in STOPPERS:
                yield self._refused(event, f"{event.role} may not {event.command}")
                return
            yield from self._trip(stops[event.command])
            return
        cause = Cause.OPERATOR_PAUSE if event.command is Command.RESUME else event.argument
        yield from self._open(event, cause)

    def on_account(
        self, event: AccountUpdated
    ) -> Iterator[SafetyTripped | SafetyCleared | AlertRaised]:
        yield from self._midnight()
        self.state.equity = float(event.equity)
        if self.state.policy is None:
            return
        risk = self.state.policy.policy.risk
        lost, drawdown = -event.day_pnl_frac, event.drawdown
        if lost >= risk.daily_loss_stop:
            yield from self._trip(Cause.DAILY_LOSS, lost, risk.daily_loss_stop)
        if drawdown >= risk.drawdown_flatten:
            yield from self._trip(Cause.DRAWDOWN_FLATTEN, drawdown, risk.drawdown_flatten)
        if drawdown >= risk.drawdown_kill:
            yield from self._trip(Cause.DRAWDOWN_KILL, drawdown, risk.drawdown_kill)

    def on_position(self, event: PositionUpdated) -> None:
        if event.qty:
            self.state.open[event.symbol] = True
        else:
            self.state.open.pop(event.symbol, None)

    def on_trade_closed(self, event: TradeClosed) -> Iterator[SafetyTripped | AlertRaised]:
        lost_at_stop = event.exit_reason is ExitReason.STOP and event.net < 0
        if not lost_at_stop or self.state.policy is None:
            return
        known = self.state.policy
        window_s = known.policy.risk.stop_hits_window_s
        hits = self._within(self.state.stop_hits, event.closed_at, window_s)
        limit = max(1, known.limits.positions_max)
        if hits >= limit:
            yield from self._trip(Cause.STOP_HITS, float(hits), float(limit))

    def on_order_requested(self, event: OrderRequested) -> None:
        if event.leg is Leg.ENTRY:
            self.state.entries[event.client_id] = True

    def on_order(self, event: OrderUpdated) -> Iterator[SafetyTripped | AlertRaised]:
        if event.client_id not in self.state.entries or event.state not in TERMINAL:
            return
        del self.state.entries[event.client_id]
        if event.state is not OrderState.REJECTED or self.state.policy is None:
            return
        risk = self.state.policy.policy.risk
        errors = self._within(self.state.errors, Ns(self.now), risk.execution_error_window_s)
        if errors >= risk.execution_errors:
            yield from self._trip(
                Cause.EXECUTION_ERRORS, float(errors), float(risk.execution_errors)
            )

    def on_reconciled(self, event: ReconcileState) -> Iterator[SafetyTripped | AlertRaised]:
        state = self.state
        state.mismatches = 0 if event.ok else state.mismatches + 1
        if event.ok:
            return
        gap = float(event.equity_gap) / state.equity if state.equity else None
        if gap is None or gap > EQUITY_GAP_HALT:
            yield from self._trip(Cause.RECONCILE_MISMATCH, gap, EQUITY_GAP_HALT)
        elif state.mismatches >= MISMATCHES_IN_A_ROW:
            seen = float(state.mismatches)
            yield from self._trip(Cause.RECONCILE_MISMATCH, seen, float(MISMATCHES_IN_A_ROW))
        elif gap > EQUITY_GAP_ALERT or event.mismatches:
            yield self._alert("reconcile", Severity.WARNING, "; ".join(event.mismatches), gap)

    def on_fault(self, event: SafetyFault) -> Iterator[SafetyTripped | AlertRaised]:
        if event.critical or event.module in WATCHERS:
            yield from self._trip(Cause.SAFETY_FAULT)

    def on_violated(self, event: InvariantViolated) -> Iterator[SafetyTripped | AlertRaised]:
        yield from self._trip(INVARIANT_CAUSES[event.kind])
        summary = f"invariant {event.number} ({event.name}): {event.subject}: {event.values}"
        yield self._alert(f"invariant.{event.number}", Severity.CRITICAL, summary)

    def on_resolved(self, event: SignalResolved) -> None:
        """Votes go on in shadow while a latch is closed: they are the evidence that opens it."""
        if self.state.latches:
            self.state.shadow_r = [*self.state.shadow_r[1 - SHADOW_CLOSES :], event.r]

    def on_watermark(
        self, event: FeedWatermark
    ) -> Iterator[SafetyTripped | SafetyCleared | AlertRaised]:
        yield from self._midnight()
        yield from self._heal()
        if event.venue == self.state.price_venue:
            yield from self._feed(event.time)
            self.state.feed_at = event.time

    def on_timer(self, event: TimerFired) -> Iterator[SafetyTripped | SafetyCleared | AlertRaised]:
        yield from self._midnight()
        yield from self._heal(Cause.INVARIANT_HALT)
        yield from self._feed(Ns(self.now))

    def _feed(self, now: Ns) -> Iterator[SafetyTripped | AlertRaised]:
        """The feed has been silent for too long while we hold something."""
        state = self.state
        if state.feed_at is None or state.policy is None or not state.open:
            return
        silent_s = (now - state.feed_at) / NS_PER_S
        limit = state.policy.policy.risk.feed_gone_flatten_s
        if silent_s > max(limit, TAPE_AGE_BARS * self.config.tape_step_s):
            yield from self._trip(Cause.FEED_GONE, silent_s, limit)

    def _midnight(self) -> Iterator[SafetyCleared]:
        due = [c for c, latch in self.state.latches.items() if latch.until is not None]
        for cause in due:
            if self.now >= (self.state.latches[cause].until or 0):
                since = self.state.latches.pop(cause).since
                yield SafetyCleared(cause, "clock", "a new UTC day", since)

    def _heal(self, *causes: Cause) -> Iterator[SafetyCleared]:
        """Opens what has healed, of some causes or all; one of seconds waits for no bar."""
        for cause, latch in list(self.state.latches.items()):
            if causes and cause not in causes:
                continue
            seen_at = self.state.seen_at.get(cause, latch.since)
            if has_healed(latch, seen_at, self.state.shadow_r, Ns(self.now)):
                yield self._opened(cause, "clock", latch.way_out)

    def _opened(self, cause: str, actor: str, reason: str) -> SafetyCleared:
        since = self.state.latches.pop(cause).since
        self._forget(cause)
        rebases = LATCHES[Cause(cause)].rebases_peak
        return SafetyCleared(cause, actor, reason, since, rebases_peak=rebases)

    def _trip(
        self, cause: Cause, value: float | None = None, limit: float | None = None
    ) -> Iterator[SafetyTripped | AlertRaised]:
        self.state.seen_at[cause] = Ns(self.now)
        if cause in self.state.latches:
            return
        if not self.state.latches:
            self.state.shadow_r = []
        latch = trip(cause, Ns(self.now), value, limit)
        self.state.latches[cause] = latch
        yield latch
        summary = f"{latch.action}: {cause}; {latch.way_out}"
        yield self._alert(cause, Severity.CRITICAL, summary, value)

    def _open(self, event: OperatorCommand, cause: str) -> Iterator[SafetyCleared | AlertRaised]:
        halt = self.state.halts.get(cause)
        if halt is not None:
            yield self._open_halt(event, halt)
            return
        latch = self.state.latches.get(cause)
        refusal = _why_not(event, cause, latch, Ns(self.now))
        if refusal or latch is None:
            yield self._refused(event, refusal)
            return
        yield self._opened(cause, event.actor, event.reason)

    def _open_halt(self, event: OperatorCommand, halt: HaltState) -> SafetyCleared | AlertRaised:
        """The venue hears it, and lets entries leave again until it is refused once more."""
        refusal = _not_by(event) or ("" if halt.by_person else f"{halt.name} {halt.way_out}")
        if refusal:
            return self._refused(event, refusal)
        del self.state.halts[halt.name]
        return SafetyCleared(halt.name, event.actor, event.reason, halt.since)

    def _forget(self, cause: str) -> None:
        """What an operator has answered for does not close the latch a second time."""
        counted = {Cause.EXECUTION_ERRORS: self.state.errors, Cause.STOP_HITS: self.state.stop_hits}
        if cause in counted:
            counted[Cause(cause)].clear()
        if cause == Cause.RECONCILE_MISMATCH:
            self.state.mismatches = 0

    def _within(self, times: list[Ns], now: Ns, window_s: float) -> int:
        """Adds a moment and counts those inside the window, forgetting the rest."""
        start = now - round(window_s * NS_PER_S)
        times[:] = [at for at in times[-EVENTS_KEPT:] if at >= start] + [now]
        return len(times)

    def _refused(self, event: OperatorCommand, why: str) -> AlertRaised:
        return self._alert(f"command.{event.command}", Severity.WARNING, f"{event.actor}: {why}")

    def _alert(
        self, rule: str, severity: Severity, summary: str, value: float | None = None
    ) -> AlertRaised:
        key = f"{self.name}.{rule}"
        return AlertRaised(key, rule, severity, summary, Ns(self.now), value)


def _why_not(event: OperatorCommand, cause: str, latch: SafetyTripped | None, now: Ns) -> str:
    """Why this command may not open the latch; empty when it may."""
    if refusal := _not_by(event):
        return refusal
    if latch is None or cause not in LATCHES:
        return f"no latch {str(cause)!r} is closed"
    if cause == Cause.OPERATOR_PAUSE and event.command is not Command.RESUME:
        return "a pause ends by a resume"
    return why_shut(latch, now)


def _not_by(event: OperatorCommand) -> str:
    """Why nobody may open anything by this command; empty when somebody may."""
    if event.role != ROLES[-1]:
        return f"{event.role} may not {event.command}"
    return "" if event.reason.strip() else "a reason is missing"
