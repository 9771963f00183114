"""Decides, as the market moves, when an open position is left and how far its stop is moved up."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.commands import CloseCommand
from quantum_os.events.execution import (
    ExecutionResult,
    Fill,
    Leg,
    OrderRequested,
    OrderState,
    OrderUpdated,
)
from quantum_os.events.exits import (
    ExitbrainAdaptiveLevels,
    ExitIntent,
    ExitReason,
    StopRequested,
)
from quantum_os.events.governance import Policy, PolicyUpdated
from quantum_os.events.market import (
    ExchangeRaw,
    FeedWatermark,
    InstrumentUpdated,
    MarketData,
    MarketKlines,
    MarketOpens,
    MarketTick,
    RawKind,
    row_of,
)
from quantum_os.events.portfolio import PositionUpdated, TradeClosed
from quantum_os.events.risk import RiskPermit, SafetyAction, SafetyCleared, SafetyTripped
from quantum_os.events.system import TimerFired
from quantum_os.events.units import NS_PER_HOUR, NS_PER_S, Frac, Ns, Price
from quantum_os.exits.ratchet import Grid, wanted_stop, worth_replacing
from quantum_os.exits.referee import award
from quantum_os.exits.triggers import FundingDue, View, evaluate
from quantum_os.exits.watched import (
    TARGETS_HIT,
    PendingExit,
    Plan,
    Watched,
    is_price,
    planned,
    stop_at,
    watch,
)
from quantum_os.formulas.costs import CostModel, round_trip_cost
from quantum_os.formulas.rounding import decimal_of, protective_stop_price
from quantum_os.kernel.reactor import Reactor

Said = Iterator[ExitIntent | StopRequested]

OPERATOR = "operator"
"""A latch whose cause begins with this word was closed by a person."""
CLOSERS = ("trader", "operator")
"""Roles that may close a position by hand."""
UNKNOWN_TICK = Decimal("1e-12")
"""Stands for a tick nobody told us: the level is then kept in software only."""
FIRST_TENTH = 10
"""A position opened within the first tenth of a bar has lived through the bar's extremes."""

_DEAD = frozenset({OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED})


class BrainConfig(msgspec.Struct, frozen=True):
    """The costs of leaving, and how long an exit or a stop may stay unanswered (seconds)."""

    costs: CostModel = CostModel()
    retry_s: float = 30.0
    rejected_retry_s: float = 1.0
    funding_window_s: float = 60.0


class OrderNote(msgspec.Struct, frozen=True):
    """Which leg of which symbol's position a client id stands for."""

    symbol: str
    leg: Leg
    trigger: Price | None


class FundingNote(msgspec.Struct, frozen=True):
    """The last raw funding rate of a symbol and the next stamp, None when the venue did not say."""

    rate: Frac
    next_ns: int | None


class BrainState(msgspec.Struct):
    """Open positions and waiting plans by symbol; orders by client id; latches that want us flat.

    `edges` holds by symbol the latest decision that was planned for, and the net R its plan is
    expected to make. `funding` is venue -> symbol -> note; `bar_ns` the length of the finest bars
    seen.
    """

    policy: Policy | None = None
    positions: dict[str, Watched] = {}
    plans: dict[str, Plan] = {}
    edges: dict[str, tuple[str, float]] = {}
    orders: dict[str, OrderNote] = {}
    ticks: dict[str, Price] = {}
    funding: dict[str, dict[str, FundingNote]] = {}
    flatten: dict[str, ExitReason] = {}
    bar_ns: int = 0


class Brain(Reactor[BrainState]):
    """Watches every open position and lets one referee decide; nothing can hold it back.

    It hears no gate, mode, budget or age: latches only ever add a reason to leave. The last policy
    stays in force here past its expiry. On bars it judges at the watermark, when all fills of the
    bar are booked, and at each change of a position; on ticks at once; on timers for the clock.

    A position without a plan (adopted, or opened by others) is held to the most careful reading:
    R is the policy's smallest stop, its hold that of an unknown regime, and it gets a stop at R.
    """

    name = "exits.brain"

    def __init__(self, config: BrainConfig | None = None) -> None:
        super().__init__(BrainState())
        self.config = config or BrainConfig()
        self._round_trip = round_trip_cost(self.config.costs)
        self._fees = decimal_of(2.0 * self.config.costs.taker_fee)
        self._retry_ns = int(self.config.retry_s * NS_PER_S)

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.policy = event.policy

    def on_instruments(self, event: InstrumentUpdated) -> None:
        for instrument in event.instruments:
            self.state.ticks[instrument.symbol] = instrument.tick

    def on_levels(self, event: ExitbrainAdaptiveLevels) -> None:
        self.state.edges[event.symbol] = (event.decision_id, event.e_net)

    def on_permit(self, event: RiskPermit) -> None:
        state, symbol = self.state, event.intent.symbol
        state.plans[symbol] = planned(event.intent, state.edges.get(symbol), state.policy)

    def on_result(self, event: ExecutionResult) -> None:
        plan = self.state.plans.get(event.symbol)
        if plan is not None and plan.intent_id == event.intent_id and not event.qty > 0:
            del self.state.plans[event.symbol]

    def on_order(self, event: OrderRequested) -> None:
        if event.leg is Leg.ENTRY:
            return
        self.state.orders[event.client_id] = OrderNote(event.symbol, event.leg, event.trigger)
        position = self.state.positions.get(event.symbol)
        if event.leg is Leg.CLOSE and position is not None:
            position.closing = event.client_id

    def on_order_update(self, event: OrderUpdated) -> None:
        note = self.state.orders.get(event.client_id)
        if note is None:
            return
        position = self.state.positions.get(note.symbol)
        if note.leg is Leg.STOP and event.state is OrderState.ACKED:
            _stop_rests(position, note.trigger)
        if event.state is OrderState.FILLED or event.state in _DEAD:
            self._close_ended(position, event)
            # The fill of a filled order may come after this word; its leg is still needed then.
            if position is None or event.state in _DEAD:
                del self.state.orders[event.client_id]

    def _close_ended(self, position: Watched | None, event: OrderUpdated) -> None:
        if position is None or position.closing != event.client_id:
            return
        position.closing = None
        if position.pending is not None:
            wait = self._retry_ns
            if event.state in _DEAD:
                wait = int(self.config.rejected_retry_s * NS_PER_S)
            since = Ns(self.now - self._retry_ns + wait)
            position.pending = PendingExit(position.pending.reason, since)

    def on_fill(self, event: Fill) -> None:
        note = self.state.orders.get(event.client_id)
        position = self.state.positions.get(event.symbol)
        if note is not None and position is not None:
            position.targets_hit = max(position.targets_hit, TARGETS_HIT.get(note.leg, 0))

    def on_position(self, event: PositionUpdated) -> Said:
        position = self.state.positions.get(event.symbol)
        if not event.qty:
            self._forget(event.symbol, event.position_id)
            return
        known = position is not None and position.position_id == event.position_id
        if position is not None and known and (event.qty > 0) == (position.side.sign > 0):
            position.take(event)
        else:
            position = self._begin(event)
            yield from self._adopt(position)
        yield from self._judge(position)

    def on_trade_closed(self, event: TradeClosed) -> None:
        self._forget(event.symbol, event.position_id)

    def on_klines(self, event: MarketKlines) -> None:
        """Notes the bar and its extremes; its fills are booked before it is judged."""
        if not self.state.positions:
            return
        bar_ns = event.close_time - event.open_time
        for position in self._of(event.venue):
            row = row_of(event.symbols, position.symbol)
            if row is None:
                continue
            self.state.bar_ns = bar_ns
            # Ticks have shown the extremes since the entry as they came; the bar's may be older.
            is_told = position.ticked_at < event.open_time
            if is_told and position.opened_at - event.open_time <= bar_ns // FIRST_TENTH:
                position.see(event.close[row], event.high[row], event.low[row])
            else:
                position.see(event.close[row])

    def on_opens(self, event: MarketOpens) -> None:
        for position in self._of(event.venue):
            row = row_of(event.symbols, position.symbol)
            if row is not None:
                position.see(event.price[row])

    def on_watermark(self, event: FeedWatermark) -> Said:
        for position in self._of(event.venue):
            yield from self._judge(position)

    def on_tick(self, event: MarketTick) -> Said | None:
        position = self.state.positions.get(event.symbol)
        if position is None or position.price_venue != event.venue:
            return None
        position.ticked_at = self.now
        position.see(event.price, event.high, event.low)
        return self._judge(position)

    def on_timer(self, event: TimerFired) -> Said:
        """Any timer is a heartbeat: a symbol without prices is still left in time."""
        for position in list(self.state.positions.values()):
            yield from self._judge(position)

    def on_market_data(self, event: MarketData) -> None:
        for position in self.state.positions.values():
            row = row_of(event.symbols, position.symbol)
            atr = event.atr_frac[row] if row is not None else None
            if atr is not None and is_price(atr):
                position.atr_frac = atr

    def on_raw(self, event: ExchangeRaw) -> None:
        if event.kind is not RawKind.FUNDING or event.value != event.value:
            return
        next_ns: int | None = event.next_time
        if next_ns is None and event.interval_h is not None:
            next_ns = event.venue_ts + int(event.interval_h * NS_PER_HOUR)
        notes = self.state.funding.setdefault(event.venue, {})
        notes[event.symbol] = FundingNote(Frac(event.value), next_ns)

    def on_tripped(self, event: SafetyTripped) -> Said:
        if event.action is not SafetyAction.FLATTEN:
            return
        by_hand = event.cause.startswith(OPERATOR)
        reason = ExitReason.OPERATOR if by_hand else ExitReason.EMERGENCY
        self.state.flatten[event.cause] = reason
        for position in list(self.state.positions.values()):
            yield from self._judge(position)

    def on_close(self, event: CloseCommand) -> Said:
        """A person wants one position closed; who may ask is the same as for closing all."""
        for position in list(self.state.positions.values()):
            if position.position_id == event.position_id and event.role in CLOSERS:
                position.by_hand = True
                yield from self._judge(position)

    def on_cleared(self, event: SafetyCleared) -> None:
        self.state.flatten.pop(event.cause, None)

    def _of(self, venue: str) -> list[Watched]:
        return [p for p in self.state.positions.values() if p.price_venue == venue]

    def _begin(self, event: PositionUpdated) -> Watched:
        plan = self.state.plans.get(event.symbol)
        if plan is not None and plan.intent_id == event.intent_id:
            del self.state.plans[event.symbol]
        else:
            plan = None
        position = watch(event, plan, None)
        position.hold_ns = self._policy_hold(position)
        self.state.positions[event.symbol] = position
        return position

    def _adopt(self, position: Watched) -> Said:
        policy = self.state.policy
        if position.plan is not None or position.stop is not None or policy is None:
            return
        tick = self.state.ticks.get(position.symbol, UNKNOWN_TICK)
        price = stop_at(position, policy.exits.stop_min)
        yield self._move(
            position, Price(protective_stop_price(price, tick, position.side)), "adopted"
        )

    def _forget(self, symbol: str, position_id: str) -> None:
        position = self.state.positions.get(symbol)
        if position is None or position.position_id != position_id:
            return
        del self.state.positions[symbol]
        orders = self.state.orders
        for client_id in [key for key, note in orders.items() if note.symbol == symbol]:
            del orders[client_id]

    def _policy_hold(self, position: Watched) -> int | None:
        policy = self.state.policy
        hours = policy.exits.max_hold_h.get(position.regime) if policy is not None else None
        return int(hours * NS_PER_HOUR) if hours is not None else None

    def _judge(self, position: Watched) -> Said:
        """One look at one position: at most one exit, else at most one tighter stop."""
        tick = self.state.ticks.get(position.symbol)
        exits = self.state.policy.exits if self.state.policy is not None else None
        grid = Grid(tick if tick is not None else Price(UNKNOWN_TICK), self._fees)
        position.level = wanted_stop(position, exits, grid)
        proposals, unknown = evaluate(self._view(position))
        position.unknown = unknown
        position.looked()
        intent = award(position, proposals, self.now, self._retry_ns)
        if intent is not None:
            yield intent
            return
        if position.level is None or position.pending is not None or proposals:
            return
        if tick is None or exits is None:
            position.unknown += (f"ratchet: {'tick' if tick is None else 'policy.exits'}",)
            return
        if position.asked is not None and self.now - position.asked_at >= self._retry_ns:
            position.asked = None
        if worth_replacing(position, position.level, exits, tick):
            yield self._move(position, position.level, f"ratchet after {position.targets_hit}")

    def _move(self, position: Watched, stop: Price, reason: str) -> StopRequested:
        position.asked, position.asked_at = stop, Ns(self.now)
        return StopRequested(
            position_id=position.position_id,
            symbol=position.symbol,
            position_side=position.side,
            qty=position.qty,
            stop_price=stop,
            reason=reason,
            created=Ns(self.now),
        )

    def _view(self, position: Watched) -> View:
        exits = self.state.policy.exits if self.state.policy is not None else None
        plan = position.plan
        careful_r = exits.stop_min if exits is not None else None
        holds = [ns for ns in (position.hold_ns, self._policy_hold(position)) if ns is not None]
        window = max(self.state.bar_ns, int(self.config.funding_window_s * NS_PER_S))
        liquidation, level = position.liq_price, position.level
        return View(
            side=position.side,
            entry=float(position.entry),
            last=position.last,
            adverse=position.adverse,
            liquidation=float(liquidation) if liquidation is not None else None,
            sl=plan.sl if plan is not None else careful_r,
            loss_guard_r=exits.loss_guard_r if exits is not None else None,
            liquidation_guard=exits.liquidation_guard if exits is not None else None,
            round_trip=self._round_trip,
            held_ns=self.now - position.opened_at,
            # A policy may shorten the hold of an open position, never lengthen it.
            hold_ns=min(holds, default=None),
            ordered=self._ordered(position),
            funding=self._funding(position),
            funding_window_ns=window,
            edge_r=plan.edge_r if plan is not None else None,
            level=float(level) if level is not None else None,
        )

    def _ordered(self, position: Watched) -> ExitReason | None:
        reasons = self.state.flatten.values()
        if ExitReason.EMERGENCY in reasons:
            return ExitReason.EMERGENCY
        return ExitReason.OPERATOR if self.state.flatten or position.by_hand else None

    def _funding(self, position: Watched) -> FundingDue | None:
        note = self.state.funding.get(position.price_venue, {}).get(position.symbol)
        if note is None or note.next_ns is None:
            return None
        return FundingDue(note.rate, note.next_ns - self.now)


def _stop_rests(position: Watched | None, trigger: Price | None) -> None:
    """Of two stops at the venue the tighter one counts: it is hit first."""
    if position is None or trigger is None:
        return
    if position.stop is None or position.side.sign * (trigger - position.stop) > 0:
        position.rest(trigger)
