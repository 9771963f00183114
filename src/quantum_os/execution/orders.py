"""How permits, exits and stop moves become orders, and how what the venue says of them is read.

Only a permit, an exit intent or a stop request is heard here, never an intent. After each fact the
trade it belongs to is settled: protected, reported, given its targets, led out, or put away.
"""

from collections.abc import Iterator

from quantum_os.events.ai import Gate
from quantum_os.events.execution import (
    ExecutionResult,
    Fill,
    Leg,
    LeverageConfirmed,
    LeverageRequested,
    OrderCancelRequested,
    OrderQueryRequested,
    OrderRequested,
    OrderState,
    OrderSubmitted,
    OrderUpdated,
    PositionCorrected,
    ResultStatus,
    VenueSnapshot,
)
from quantum_os.events.exits import ExitIntent, StopRequested
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import InstrumentUpdated
from quantum_os.events.risk import RiskPermit, SafetyCleared, SafetyTripped
from quantum_os.events.system import ProcessStarted, TimerFired, TimerSet
from quantum_os.events.units import NS_PER_S, Notional, Ns, Qty, Usd
from quantum_os.execution.closing import ask_exit, close_ended, pursue
from quantum_os.execution.entries import conflict_of, refusal_of, result_of, unfilled
from quantum_os.execution.foreign import is_foreign
from quantum_os.execution.placing import place, withdraw
from quantum_os.execution.protection import (
    move_stop,
    place_target_again,
    place_targets,
    protect,
    stop_ended,
)
from quantum_os.execution.resumption import adopt, resume
from quantum_os.execution.trades import (
    INTENTS_REMEMBERED,
    POSITIONS_REMEMBERED,
    TRADE_IDS_REMEMBERED,
    ZERO,
    Filters,
    OrdersState,
    Run,
    Terms,
    Trade,
    WorkingOrder,
    remember,
)
from quantum_os.formulas.client_ids import parse
from quantum_os.formulas.order_states import advance
from quantum_os.formulas.rounding import floor_to_step, protective_stop_price
from quantum_os.kernel.ids import derive
from quantum_os.kernel.reactor import Reactor

SWEEP_TIMER = "execution.orders"
"""Fires when an entry whose leverage nobody confirmed is given up."""

NEVER_ARRIVED = "-2013"
"""The venue's word on an order that it has never seen and will not accept any more."""

Order = OrderRequested | OrderCancelRequested
Outcome = Order | ExecutionResult


class Orders(Reactor[OrdersState]):
    """Carries out what risk permits and exits demand; the only module that instructs a venue."""

    name = "execution.orders"

    def __init__(self) -> None:
        super().__init__(OrdersState())

    def on_process_started(
        self, event: ProcessStarted
    ) -> Iterator[ExecutionResult | OrderQueryRequested]:
        self.state.run = Run(event.venue, event.mode, event.namespace, event.epoch)
        if event.world_went_on:
            yield from resume(self.state, self.state.run)

    def on_requested(self, event: OrderRequested) -> None:
        """Takes over an exit that a life before this one sent and could not journal."""
        if event.client_id not in self.state.orders and event.reduce_only:
            adopt(self.state, event, self._at)

    def on_policy(self, event: PolicyUpdated) -> None:
        policy = event.policy
        self.state.terms = Terms(
            version=event.version,
            valid_until=event.valid_until,
            send_deadline_ns=int(policy.execution.send_deadline_s * NS_PER_S),
            replace_min_ticks=policy.exits.replace_min_ticks,
            replace_min_frac=policy.exits.replace_min_frac,
        )

    def on_instruments(self, event: InstrumentUpdated) -> None:
        for item in event.instruments:
            self.state.filters[item.symbol] = Filters(
                item.tick, item.step, item.min_qty, item.market_max_qty, item.min_notional
            )

    def on_tripped(self, event: SafetyTripped) -> Iterator[Outcome]:
        """Entries not sent yet end here, those not filled yet are taken back; exits go on."""
        self.state.latches[event.cause] = event.since
        for trade in list(self.state.trades.values()):
            if trade.awaits_leverage:
                yield from self._end_unsent(trade, ResultStatus.REJECTED, Gate.LATCHED)
            for entry in self.state.legs(trade, Leg.ENTRY):
                yield from withdraw(self.state, trade, entry, Gate.LATCHED)

    def on_cleared(self, event: SafetyCleared) -> None:
        self.state.latches.pop(event.cause, None)

    def on_permit(self, event: RiskPermit) -> Iterator[LeverageRequested | Outcome | TimerSet]:
        """Starts an entry by setting the leverage; nothing is sent before it is read back equal."""
        intent, state = event.intent, self.state
        if not remember(state.intents_seen, intent.intent_id, self._at, INTENTS_REMEMBERED):
            return
        refusal = refusal_of(state, event, self._at) or conflict_of(state, intent)
        if refusal is not None:
            yield unfilled(intent, *refusal)
            return
        for older in state.on_symbol(intent.symbol):
            yield from self._end_unsent(older, ResultStatus.SUPERSEDED, "NEWER_INTENT")
        self._open_trade(event)
        run = state.running
        yield LeverageRequested(
            run.venue, run.mode, intent.symbol, event.leverage, intent.intent_id
        )
        yield from self._arm_sweep()

    def on_leverage(self, event: LeverageConfirmed) -> Iterator[Outcome]:
        """Sends the entry if the venue's leverage is the intent's; otherwise there is no order."""
        run = self.state.running
        trade = self.state.trades.get(derive(run.namespace, "position", event.intent_id))
        if trade is None or not trade.awaits_leverage or trade.intent is None:
            return
        if event.venue != run.venue or event.symbol != trade.symbol:
            return
        if event.leverage != trade.intent.leverage:
            yield from self._end_unsent(trade, ResultStatus.REJECTED, "LEVERAGE_MISMATCH")
            return
        deadline = self._deadline(trade)
        if self.now >= deadline:
            yield from self._end_unsent(trade, ResultStatus.SKIPPED_STALE, Gate.STALE_INTENT)
            return
        entry = place(self.state, trade, Leg.ENTRY, trade.planned, self._at, expires=deadline)
        trade.entry_id = entry.client_id
        yield entry

    def on_timer(self, event: TimerFired) -> Iterator[Outcome | TimerSet]:
        if event.key != SWEEP_TIMER:
            return
        self.state.sweep_due = Ns(0)
        for trade in list(self.state.trades.values()):
            if trade.awaits_leverage and self.now >= self._deadline(trade):
                yield from self._end_unsent(
                    trade, ResultStatus.SKIPPED_STALE, "LEVERAGE_UNCONFIRMED"
                )
        yield from self._arm_sweep()

    def on_exit(self, event: ExitIntent) -> Iterator[Outcome]:
        """Leaves at the market, reduce-only, whatever is latched, stale or unknown."""
        if event.position_id in self.state.flat:
            return
        trade = self._trade_of(event)
        ask_exit(self.state, trade, event.qty, event.reason)
        if trade.awaits_leverage:
            yield from self._end_unsent(trade, ResultStatus.REJECTED, event.reason)
            return
        yield from self._settle(trade)

    def on_stop(self, event: StopRequested) -> Iterator[Outcome]:
        """Tightens a stop; one that would loosen it, or is not worth a replacement, is counted."""
        if event.position_id in self.state.flat:
            self._count_refused("FLAT")
            return
        trade = self._trade_of(event)
        refused = move_stop(self.state, trade, event.stop_price, event.qty, self._at)
        if refused is not None:
            self._count_refused(refused)
            return
        trade.close_attempts = 0
        yield from self._settle(trade)

    def on_submitted(self, event: OrderSubmitted) -> None:
        order = self.state.orders.get(event.client_id)
        if order is not None:
            cum_qty = order.standing.cum_qty
            order.standing = advance(order.standing, OrderState.SUBMITTED, cum_qty)

    def on_updated(self, event: OrderUpdated) -> Iterator[Outcome]:
        order = self.state.orders.get(event.client_id)
        if order is None or order.standing.is_terminal:
            return
        trade = self.state.trades[order.position_id]
        order.standing = advance(order.standing, event.state, event.cum_qty)
        if order.standing.is_terminal and order.leg is Leg.ENTRY:
            trade.end_reason = event.reason or event.code or order.standing.state
            trade.is_stale = order.standing.state is OrderState.EXPIRED
        self._conclude(trade, order, event.code)
        if order.withdrawn and order.is_resting:
            yield from withdraw(self.state, trade, order, "asked for before")
        if order.standing.is_terminal and event.code == NEVER_ARRIVED:
            yield from place_target_again(self.state, trade, order, self._at)
        yield from self._settle(trade)

    def on_fill(self, event: Fill) -> Iterator[Outcome]:
        """Books a trade of the venue once, whether or not its order has been acknowledged."""
        key = f"{event.symbol}:{event.trade_id}"
        if not remember(self.state.fills_seen, key, self._at, TRADE_IDS_REMEMBERED):
            return
        order = self.state.orders.get(event.client_id)
        trade = self._unordered(event) if order is None else self.state.trades[order.position_id]
        if order is None and (trade is None or is_foreign(event)):
            self.state.fills_foreign += 1
        if trade is None:
            return
        self._book(trade, order, event)
        if order is not None:
            self._conclude(trade, order, None)
        yield from self._settle(trade)

    def on_snapshot(self, event: VenueSnapshot) -> Iterator[Outcome]:
        """Takes the venue's quantity where a refused exit has put ours in doubt, only there."""
        if event.venue != self.state.running.venue:
            return
        listed = {position.symbol: position.qty for position in event.positions}
        for trade in list(self.state.trades.values()):
            if not trade.is_doubtful:
                continue
            held = listed.get(trade.symbol, ZERO)
            trade.qty = held if held * trade.side.sign > 0 else ZERO
            trade.stop_qty = max(trade.stop_qty, trade.remaining)
            trade.is_doubtful, trade.listed_at = False, event.time
            yield from self._settle(trade)

    def on_corrected(self, event: PositionCorrected) -> Iterator[Outcome]:
        """Lets go of what is not there, and covers what is; who adopts it asks for its stop."""
        left = event.qty
        for trade in self.state.on_symbol(event.symbol):
            if trade.qty == 0:
                continue
            ours = left * trade.side.sign > 0
            trade.qty, left = (left, ZERO) if ours else (ZERO, left)
            trade.stop_qty = max(trade.stop_qty, trade.remaining)
            trade.is_doubtful, trade.listed_at = False, event.listed_at
            yield from self._settle(trade)

    @property
    def _at(self) -> Ns:
        return Ns(self.now)

    def _settle(self, trade: Trade) -> Iterator[Outcome]:
        """Brings the venue's side of a trade in line with what is known of it; stop first."""
        state, now = self.state, self._at
        yield from protect(state, trade, now)
        if trade.is_entered and not trade.is_reported and trade.intent is not None:
            trade.is_reported = True
            yield result_of(trade, trade.intent)
        yield from place_targets(state, trade, now)
        yield from pursue(state, trade, now)
        yield from self._put_away(trade)

    def _put_away(self, trade: Trade) -> Iterator[OrderCancelRequested]:
        """Takes back what a flat position left at the venue, and forgets it once all has ended."""
        if trade.qty != 0 or trade.is_doubtful or self.state.is_exposed(trade):
            return
        if not trade.is_entered:
            # The stop stays until the rest of the entry cannot fill any more.
            if trade.filled > 0:
                for entry in self.state.legs(trade, Leg.ENTRY):
                    yield from withdraw(self.state, trade, entry, "flat")
            return
        orders = self.state.legs(trade)
        for order in orders:
            yield from withdraw(self.state, trade, order, "flat")
        if not orders:
            del self.state.trades[trade.position_id]
            remember(self.state.flat, trade.position_id, self._at, POSITIONS_REMEMBERED)

    def _conclude(self, trade: Trade, order: WorkingOrder, code: str | None) -> None:
        """Draws the consequences of an order that has ended with all its fills booked."""
        if not order.is_done:
            return
        del self.state.orders[order.client_id]
        if order.leg is Leg.ENTRY:
            trade.is_entered = True
            trade.stop_qty = max(trade.filled, trade.remaining)
        elif order.leg is Leg.STOP:
            stop_ended(self.state, trade, order, code)
        elif order.leg is Leg.CLOSE:
            close_ended(trade, order, code)

    def _book(self, trade: Trade, order: WorkingOrder | None, fill: Fill) -> None:
        if fill.venue_ts >= trade.listed_at:
            # An older one is already part of the quantity that the venue has listed.
            held, signed = trade.qty, Qty(trade.qty + fill.side.sign * fill.qty)
            trade.qty = signed if signed * trade.side.sign > 0 else ZERO
            # What an exit could not reduce had gone by this trade.
            trade.is_doubtful = trade.is_doubtful and (trade.qty != 0 or held == 0)
            trade.stop_qty = max(trade.stop_qty, trade.remaining)
        if order is None:
            return
        order.booked = Qty(order.booked + fill.qty)
        whole = order.booked >= order.qty
        state = OrderState.FILLED if whole else OrderState.PARTIAL
        order.standing = advance(order.standing, state, order.booked)
        if order.leg is Leg.ENTRY:
            trade.filled = Qty(trade.filled + fill.qty)
            trade.paid = Notional(trade.paid + fill.qty * fill.price)
            trade.fees = Usd(trade.fees + fill.fee)

    def _unordered(self, fill: Fill) -> Trade | None:
        """The trade of a fill whose order is over or was never ours; None if it concerns none.

        Whoever traded a symbol that we hold has changed what is to be protected and led out. A late
        fill of an entry is ours: if its trade is forgotten, exits for that position are heard
        again.
        """
        ours = parse(fill.client_id)
        if ours is not None and ours.leg is Leg.ENTRY:
            position_id = derive(self.state.running.namespace, "position", ours.parent_id)
            self.state.flat.pop(position_id, None)
            return self.state.trades.get(position_id)
        if ours is not None:
            return None
        held = (trade for trade in self.state.on_symbol(fill.symbol) if trade.qty != 0)
        return next(held, None)

    def _open_trade(self, permit: RiskPermit) -> None:
        intent, filters = permit.intent, self.state.filters[permit.intent.symbol]
        position_id = derive(self.state.running.namespace, "position", intent.intent_id)
        planned = Qty(floor_to_step(permit.qty, filters.step))
        stop = protective_stop_price(intent.sl_price, filters.tick, intent.side)
        self.state.trades[position_id] = Trade(
            position_id=position_id,
            symbol=intent.symbol,
            side=intent.side,
            planned=planned,
            permitted_at=self._at,
            intent=intent,
            stop_price=type(intent.sl_price)(stop),
            stop_qty=planned,
        )

    def _trade_of(self, request: ExitIntent | StopRequested) -> Trade:
        """The trade a request speaks of; a position we have no record of is taken at its word.

        The ledger may be lost while the venue still holds the position: a reduce-only order can do
        no harm there, and refusing it would trap us.
        """
        side = request.position_side
        known = self.state.trades.get(request.position_id)
        if known is not None:
            if known.is_doubtful and known.qty == 0:
                known.qty = Qty(side.sign * request.qty)
            return known
        trade = Trade(
            position_id=request.position_id,
            symbol=request.symbol,
            side=side,
            planned=request.qty,
            permitted_at=self._at,
            is_entered=True,
            is_reported=True,
            qty=Qty(side.sign * request.qty),
        )
        self.state.trades[request.position_id] = trade
        return trade

    def _end_unsent(
        self, trade: Trade, status: ResultStatus, reason: str
    ) -> Iterator[ExecutionResult]:
        del self.state.trades[trade.position_id]
        if trade.intent is not None:
            yield unfilled(trade.intent, status, reason)

    def _deadline(self, trade: Trade) -> Ns:
        """Until when the entry's bytes may leave: the send deadline, or the intent's own end."""
        allowed = self.state.terms.send_deadline_ns if self.state.terms is not None else 0
        expires = trade.intent.expires if trade.intent is not None else trade.permitted_at
        return Ns(min(trade.permitted_at + allowed, expires))

    def _arm_sweep(self) -> Iterator[TimerSet]:
        waiting = [t for t in self.state.trades.values() if t.awaits_leverage]
        if waiting and not self.state.sweep_due:
            self.state.sweep_due = min(self._deadline(trade) for trade in waiting)
            yield TimerSet(SWEEP_TIMER, self.state.sweep_due)

    def _count_refused(self, reason: str) -> None:
        counts = self.state.stops_refused
        counts[reason] = counts.get(reason, 0) + 1
