"""Laws 5 and 6 held to a run: exits go through, never past flat, and no position is naked."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import Fill, Leg, OrderRequested, OrderState, OrderUpdated
from quantum_os.events.exits import ExitIntent
from quantum_os.events.risk import SafetyAction, SafetyTripped
from quantum_os.events.units import NS_PER_S
from tests.laws.scenario import Recorded

NAKED_MAX_S = 3
STOPS_MAX = 2
ZERO = Decimal(0)
_LIVE = (OrderState.ACKED, OrderState.PARTIAL)
_ENDED = (OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED)


class Seen(msgspec.Struct):
    """An order as the venue has spoken of it so far."""

    order: OrderRequested
    rests: bool = False
    ended: bool = False
    filled: Decimal = ZERO


class Watch(msgspec.Struct):
    """The venue's side of a run, rebuilt from orders, updates and fills alone."""

    orders: dict[str, Seen] = {}
    qty: dict[str, Decimal] = {}
    naked_since: dict[str, int] = {}
    stops_at: dict[str, Decimal] = {}

    def hear(self, event: Event) -> Iterator[str]:
        if isinstance(event, OrderRequested):
            self.orders[event.client_id] = Seen(event)
        elif isinstance(event, OrderUpdated) and event.client_id in self.orders:
            seen = self.orders[event.client_id]
            seen.rests, seen.ended = event.state in _LIVE, event.state in _ENDED
            if event.state is OrderState.ACKED and seen.order.leg is Leg.STOP:
                yield from self._tightens(seen.order)
        elif isinstance(event, Fill):
            yield from self._fill(event)

    def live(self, symbol: str, leg: Leg) -> list[Seen]:
        return [
            seen
            for seen in self.orders.values()
            if seen.order.symbol == symbol and seen.order.leg is leg and not seen.ended
        ]

    def is_covered(self, symbol: str) -> bool:
        """A stop for all that is held rests at the venue, or an order that closes it lives."""
        held = self.qty[symbol]
        stops = [seen for seen in self.live(symbol, Leg.STOP) if seen.rests]
        against = [seen for seen in stops if seen.order.side.sign * held < 0]
        resting = max((seen.order.qty - seen.filled for seen in against), default=ZERO)
        return resting >= abs(held) or bool(self.live(symbol, Leg.CLOSE))

    def _fill(self, fill: Fill) -> Iterator[str]:
        before = self.qty.get(fill.symbol, ZERO)
        after = self.qty[fill.symbol] = before + fill.side.sign * fill.qty
        seen = self.orders.get(fill.client_id)
        if seen is not None:
            seen.filled += fill.qty
            if fill.side is not seen.order.side or seen.filled > seen.order.qty:
                yield f"fill {fill.trade_id} is not of its order"
        if (seen is None or seen.order.reduce_only) and (
            abs(after) >= abs(before) or after * before < 0
        ):
            yield f"fill {fill.trade_id} of an exit moves {fill.symbol} from {before} to {after}"
        if after == 0:
            self.naked_since.pop(fill.symbol, None)

    def _tightens(self, order: OrderRequested) -> Iterator[str]:
        key, trigger = order.position_id or order.symbol, order.trigger or ZERO
        last = self.stops_at.get(key)
        # A selling stop protects a long: tighter is higher.
        if last is not None and order.side.sign * (trigger - last) > 0:
            yield f"the stop of {order.symbol} loosens from {last} to {trigger}"
        self.stops_at[key] = trigger


def audit_exits(run: Recorded) -> Iterator[str]:
    """Walks the run; between two inputs every promise has to stand."""
    watch = Watch()
    asked: dict[str, str] = {}
    trace, now = 0, 0
    for envelope, event in run.events:
        if envelope.trace != trace:
            yield from _between_inputs(watch, asked, now)
            yield from _too_long_naked(watch, envelope.ts)
            asked.clear()
            trace, now = envelope.trace, envelope.ts
        if isinstance(event, ExitIntent):
            asked[event.symbol] = event.reason
        if isinstance(event, SafetyTripped) and event.action is SafetyAction.FLATTEN:
            asked |= dict.fromkeys(watch.qty, event.cause)
        yield from watch.hear(event)
        for seen in [*watch.orders.values()] if isinstance(event, OrderUpdated) else []:
            if seen.ended:
                del watch.orders[seen.order.client_id]
    yield from _between_inputs(watch, asked, now)


def _between_inputs(watch: Watch, asked: dict[str, str], now: int) -> Iterator[str]:
    for symbol, reason in asked.items():
        if watch.qty.get(symbol, ZERO) and not watch.live(symbol, Leg.CLOSE):
            yield f"an exit of {symbol} ({reason}) led to no order at {now}"
    for symbol, held in watch.qty.items():
        if held and len(watch.live(symbol, Leg.STOP)) > STOPS_MAX:
            yield f"{symbol} has more than {STOPS_MAX} stops at {now}"
        if not held or watch.is_covered(symbol):
            watch.naked_since.pop(symbol, None)
        else:
            watch.naked_since.setdefault(symbol, now)


def _too_long_naked(watch: Watch, now: int) -> Iterator[str]:
    for symbol, since in watch.naked_since.items():
        if now - since > NAKED_MAX_S * NS_PER_S:
            yield f"{symbol} is naked from {since} to {now}"
