"""Decides when a position has been without a resting stop for too long, and what is done then."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.execution import (
    Fill,
    Leg,
    OrderRequested,
    OrderUpdated,
    VenuePosition,
    VenueSnapshot,
)
from quantum_os.events.exits import ExitIntent, ExitReason, StopRequested
from quantum_os.events.governance import ExitPolicy, PolicyUpdated
from quantum_os.events.market import InstrumentUpdated
from quantum_os.events.portfolio import PositionUpdated
from quantum_os.events.system import (
    AlertRaised,
    ProcessStarted,
    Severity,
    TimerCancelled,
    TimerFired,
    TimerSet,
)
from quantum_os.events.units import NS_PER_S, Ns, PositionSide, Price, Qty, Side
from quantum_os.exits.cover import ENDED, ZERO, Guarded, StopOrder
from quantum_os.formulas.rounding import decimal_of, protective_stop_price
from quantum_os.kernel.reactor import Reactor

NAME = "exits.guard"
REPLACE_ATTEMPTS = 1
"""Expiries answered by placing the stop again; from the next one on the position is closed."""


class GuardConfig(msgspec.Struct, frozen=True):
    """How long a position may be naked, and how far its stop stands, before any policy is heard.

    Both are those of the policy that the process was started with.
    """

    naked_limit_s: float
    stop_frac: float


class OrderSeen(msgspec.Struct, frozen=True):
    """An order of ours: its symbol, leg, quantity, and whether it can only reduce."""

    symbol: str
    leg: Leg
    qty: Qty
    reduce_only: bool


class GuardState(msgspec.Struct):
    """Positions under guard by symbol, live orders by client id, and the measure of nakedness."""

    policy: ExitPolicy | None = None
    ticks: dict[str, Price] = {}
    guarded: dict[str, Guarded] = {}
    orders: dict[str, OrderSeen] = {}
    seconds_naked_max: float = 0.0
    seconds_naked_total: float = 0.0
    stops_placed_again: int = 0
    closes_asked: int = 0


Watch = Iterator[TimerSet | TimerCancelled]


class Guard(Reactor[GuardState]):
    """Starts a clock when a position is not covered, and stops it on the venue's own word.

    It believes acknowledgements and listings of the venue, never our own requests. At the first
    expiry the stop is asked for again, at the next ones the position is closed and a person is
    called; while an order that closes it lives, nothing more is asked.
    """

    name = NAME

    def __init__(self, config: GuardConfig) -> None:
        super().__init__(GuardState())
        self.config = config

    def on_process_started(self, event: ProcessStarted) -> Watch:
        """A new life first asks what became of the stops; the naked clocks run from its start."""
        if not event.world_went_on:
            return
        for guarded in self.state.guarded.values():
            guarded.attempts = 0
            if guarded.naked_since is not None:
                yield self._clock(guarded)

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.policy = event.policy.exits

    def on_instruments(self, event: InstrumentUpdated) -> None:
        for instrument in event.instruments:
            self.state.ticks[instrument.symbol] = instrument.tick

    def on_order(self, event: OrderRequested) -> None:
        seen = OrderSeen(event.symbol, event.leg, event.qty, event.reduce_only)
        self.state.orders[event.client_id] = seen
        guarded = self.state.guarded.get(event.symbol)
        if guarded is None and event.leg is Leg.STOP and event.reduce_only:
            # An order can be known to have filled before its fill is heard: the stop comes first.
            side = PositionSide.LONG if event.side is Side.SELL else PositionSide.SHORT
            guarded = self._begin(event.symbol, event.position_id, side)
        if guarded is None:
            return
        if event.leg is Leg.STOP and event.reduce_only:
            guarded.stops[event.client_id] = StopOrder(event.side, event.qty, event.trigger)
            guarded.want(event.trigger)
        if event.leg is Leg.CLOSE:
            guarded.closing = event.client_id

    def on_order_update(self, event: OrderUpdated) -> Watch:
        seen = self.state.orders.get(event.client_id)
        guarded = self.state.guarded.get(event.symbol)
        if event.state in ENDED:
            self.state.orders.pop(event.client_id, None)
        if guarded is None:
            return
        if event.state in ENDED and guarded.closing == event.client_id:
            guarded.closing = None
        if event.client_id in guarded.stops and seen is not None:
            guarded.changed_at = Ns(self.now)
            guarded.hears(event.client_id, event.state, event.cum_qty, seen.qty)
        yield from self._watch(guarded)

    def on_fill(self, event: Fill) -> Watch:
        """A fill that opens or enlarges needs cover from this moment on."""
        seen = self.state.orders.get(event.client_id)
        guarded = self.state.guarded.get(event.symbol)
        side = PositionSide.LONG if event.side is Side.BUY else PositionSide.SHORT
        if guarded is None:
            if seen is None or seen.reduce_only:
                return
            guarded = self._begin(event.symbol, None, side)
        signed = event.qty if guarded.side is side else -event.qty
        guarded.qty = max(ZERO, Qty(guarded.qty + signed))
        guarded.entry = guarded.entry or event.price
        guarded.changed_at = Ns(self.now)
        yield from self._watch(guarded)

    def on_position(self, event: PositionUpdated) -> Watch:
        """The ledger's quantity is the one to cover."""
        guarded = self.state.guarded.get(event.symbol)
        if not event.qty:
            if guarded is not None and guarded.position_id in (None, event.position_id):
                yield from self._end(guarded)
            return
        side = PositionSide.LONG if event.qty > 0 else PositionSide.SHORT
        if guarded is None or guarded.side is not side:
            guarded = self._begin(event.symbol, event.position_id, side)
        guarded.position_id = event.position_id
        guarded.qty, guarded.entry = Qty(abs(event.qty)), event.entry
        guarded.want(event.stop_price)
        guarded.changed_at = Ns(self.now)
        yield from self._watch(guarded)

    def on_snapshot(self, event: VenueSnapshot) -> Watch:
        """The venue's listing replaces what we believe, unless we have heard something later."""
        listed = {position.symbol: position for position in event.positions if position.qty}
        known = list(self.state.guarded.values())
        later = {guarded.symbol for guarded in known if guarded.changed_at > event.time}
        for guarded in known:
            if guarded.symbol not in listed and guarded.symbol not in later:
                yield from self._end(guarded)
        for symbol, position in listed.items():
            if symbol not in later:
                guarded = self._listed(self.state.guarded.get(symbol), position)
                guarded.list_stops(event.orders)
                yield from self._watch(guarded)

    def on_timer(
        self, event: TimerFired
    ) -> Iterator[StopRequested | ExitIntent | AlertRaised | TimerSet]:
        if not event.key.startswith(f"{NAME}:"):
            return
        guarded = self.state.guarded.get(event.key.removeprefix(f"{NAME}:"))
        if guarded is None or not guarded.is_naked:
            return
        # Asked first, so that a silent venue or a lost request is asked about again.
        yield self._clock(guarded)
        if guarded.closing is not None:
            return
        guarded.attempts += 1
        if guarded.position_id is None:
            # Listed by the venue, unknown to the ledger: nothing can be asked in its name yet.
            yield self._alarm(guarded, "a position that the ledger does not know has no stop")
            return
        if guarded.attempts <= REPLACE_ATTEMPTS:
            yield from self._place_again(guarded, guarded.position_id)
        else:
            yield from self._close(guarded, guarded.position_id)

    def _begin(self, symbol: str, position_id: str | None, side: PositionSide) -> Guarded:
        guarded = Guarded(symbol, position_id, side, ZERO, Ns(self.now))
        self.state.guarded[symbol] = guarded
        return guarded

    def _listed(self, guarded: Guarded | None, position: VenuePosition) -> Guarded:
        side = PositionSide.LONG if position.qty > 0 else PositionSide.SHORT
        if guarded is None or guarded.side is not side:
            guarded = self._begin(position.symbol, None, side)
        guarded.qty, guarded.entry = Qty(abs(position.qty)), position.entry
        return guarded

    def _watch(self, guarded: Guarded) -> Watch:
        """Starts or stops the clock, whichever the cover asks for."""
        if guarded.is_naked and guarded.naked_since is None:
            guarded.naked_since = Ns(self.now)
            yield self._clock(guarded)
        elif not guarded.is_naked and guarded.naked_since is not None:
            yield self._settle(guarded)

    def _clock(self, guarded: Guarded) -> TimerSet:
        policy = self.state.policy
        limit_s = policy.naked_limit_s if policy is not None else self.config.naked_limit_s
        return TimerSet(key=_key(guarded), due=Ns(self.now + int(limit_s * NS_PER_S)))

    def _settle(self, guarded: Guarded) -> TimerCancelled:
        since = guarded.naked_since
        seconds = (self.now - since) / NS_PER_S if since is not None else 0.0
        self.state.seconds_naked_max = max(self.state.seconds_naked_max, seconds)
        self.state.seconds_naked_total += seconds
        guarded.naked_since, guarded.attempts = None, 0
        return TimerCancelled(key=_key(guarded))

    def _end(self, guarded: Guarded) -> Watch:
        if guarded.naked_since is not None:
            yield self._settle(guarded)
        del self.state.guarded[guarded.symbol]

    def _place_again(self, guarded: Guarded, position_id: str) -> Iterator[StopRequested]:
        price = self._stop_price(guarded)
        if price is None:
            return
        self.state.stops_placed_again += 1
        yield StopRequested(
            position_id=position_id,
            symbol=guarded.symbol,
            position_side=guarded.side,
            qty=guarded.qty,
            stop_price=price,
            reason="naked",
            created=Ns(self.now),
        )

    def _close(self, guarded: Guarded, position_id: str) -> Iterator[ExitIntent | AlertRaised]:
        self.state.closes_asked += 1
        yield ExitIntent(
            position_id=position_id,
            symbol=guarded.symbol,
            position_side=guarded.side,
            qty=guarded.qty,
            reason=ExitReason.NAKED,
            created=Ns(self.now),
            value=float(guarded.covered),
            limit=float(guarded.qty),
        )
        yield self._alarm(guarded, "no stop rests for the whole position; closing it")

    def _alarm(self, guarded: Guarded, summary: str) -> AlertRaised:
        since = guarded.naked_since if guarded.naked_since is not None else Ns(self.now)
        return AlertRaised(
            key=_key(guarded),
            rule=NAME,
            severity=Severity.CRITICAL,
            summary=f"{guarded.symbol}: {summary}",
            since=since,
            value=(self.now - since) / NS_PER_S,
        )

    def _stop_price(self, guarded: Guarded) -> Price | None:
        """The stop as last wanted; without one, the policy's smallest distance from the entry."""
        if guarded.stop_price is not None or guarded.entry is None:
            return guarded.stop_price
        policy, tick = self.state.policy, self.state.ticks.get(guarded.symbol)
        away = decimal_of(policy.stop_min if policy is not None else self.config.stop_frac)
        price = guarded.entry * (1 - guarded.side.sign * away)
        return Price(protective_stop_price(price, tick, guarded.side) if tick else price)


def _key(guarded: Guarded) -> str:
    return f"{NAME}:{guarded.symbol}"
