"""Decides whether the stops that the venue has confirmed cover a position in full."""

from decimal import Decimal

import msgspec

from quantum_os.events.execution import OrderKind, OrderState, VenueOrder
from quantum_os.events.units import Ns, PositionSide, Price, Qty, Side
from quantum_os.formulas.exit_levels import tighter

ZERO = Qty(Decimal(0))
_RESTING = frozenset({OrderState.ACKED, OrderState.PARTIAL})
ENDED = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED})


class StopOrder(msgspec.Struct):
    """A protective stop of ours; `left` in base units, resting once the venue has said so."""

    side: Side
    left: Qty
    trigger: Price | None
    is_resting: bool = False


class Guarded(msgspec.Struct):
    """A position under guard. `qty` in base units; times in ns; `naked_since` None while covered.

    `attempts` counts the expiries of this nakedness, `changed_at` is the last word on it, before
    which no listing is believed.
    """

    symbol: str
    position_id: str | None
    side: PositionSide
    qty: Qty
    changed_at: Ns
    entry: Price | None = None
    stop_price: Price | None = None
    stops: dict[str, StopOrder] = {}
    closing: str | None = None
    naked_since: Ns | None = None
    attempts: int = 0

    @property
    def covered(self) -> Decimal:
        """Base units that resting stops would close."""
        exit_side = self.side.exit
        resting = (s.left for s in self.stops.values() if s.is_resting and s.side is exit_side)
        return sum(resting, ZERO)

    @property
    def is_naked(self) -> bool:
        return self.qty > 0 and self.covered < self.qty

    def want(self, stop: Price | None) -> None:
        """Remembers where the stop shall stand: the tightest price ever asked for or listed."""
        if stop is not None:
            known = self.stop_price if self.stop_price is not None else stop
            self.stop_price = Price(tighter(self.side, known, stop))

    def hears(self, client_id: str, state: OrderState, executed: Qty, ordered: Qty) -> None:
        """Takes the venue's word on one of its stops; one that ended protects nothing.

        Raises KeyError for a stop it was never told of.
        """
        if state in ENDED:
            self.stops.pop(client_id, None)
        else:
            stop = self.stops[client_id]
            stop.left = Qty(max(ZERO, ordered - executed))
            # A stop on its way out still rests until the venue says that it is gone.
            stop.is_resting = stop.is_resting or state in _RESTING

    def list_stops(self, orders: tuple[VenueOrder, ...]) -> None:
        """Replaces what is believed by what the venue lists: plain and conditional orders.

        A stop still on its way is not listed yet, and is kept until the venue answers it.
        """
        underway = {key: stop for key, stop in self.stops.items() if not stop.is_resting}
        self.stops = underway | {
            order.client_id: StopOrder(
                order.side, Qty(order.qty - order.cum_qty), order.trigger, is_resting=True
            )
            for order in orders
            if order.symbol == self.symbol
            and order.reduce_only
            and order.kind is OrderKind.STOP_MARKET
        }
