"""Decides which orders of a symbol rest, and between which two prices none is touched."""

from decimal import Decimal
from math import inf

import msgspec

from quantum_os.events.execution import OrderKind
from quantum_os.events.units import Side
from quantum_os.execution.venues.sim.account import ZERO, Position


class RestingOrder(msgspec.Struct):
    """An accepted order that has not ended.

    `live_from` is when it can first be filled, `arrived` its time at the venue (latency included).
    `level` is the price that must be reached: a stop's trigger, a limit plus the ticks beyond it.
    `taker` is set while it takes what the next price point offers; `fresh` on a limit that would
    trade at once. `met` is the time of its last fill. `first_share` and `ack_due` belong to the
    fault script.
    """

    client_id: str
    venue_id: str
    kind: OrderKind
    side: Side
    qty: Decimal
    reduce_only: bool
    price: Decimal | None
    trigger: Decimal | None
    expires: int | None
    live_from: int
    arrived: int
    level: float
    taker: bool
    fresh: bool = False
    cum_qty: Decimal = ZERO
    cum_value: Decimal = ZERO
    fills: int = 0
    met: int = -1
    first_share: float | None = None
    ack_due: int | None = None

    @property
    def remaining(self) -> Decimal:
        return self.qty - self.cum_qty

    @property
    def is_dormant_stop(self) -> bool:
        """Whether it waits for its trigger."""
        return self.kind is OrderKind.STOP_MARKET and not self.taker

    @property
    def is_restless(self) -> bool:
        """Whether the next price point concerns it wherever the price is."""
        return (
            self.taker
            or self.fresh
            or self.ack_due is not None
            or (self.expires is not None and not self.reduce_only)
        )


class SymbolBook(msgspec.Struct):
    """Our side of one symbol's market; exists while there is an order or a position.

    `mark` is the last price, `volume` (base) and `range_bps` those of the last closed bar,
    `opened` and `ticked` the times of the last open and the last tick walked. At `down` or below,
    at `up` or above, an order or a liquidation is touched. `covered` says that stops, or closing
    orders, hold the whole position.
    """

    mark: float
    volume: float | None = None
    range_bps: float = 0.0
    opened: int = -1
    ticked: int = -1
    orders: list[RestingOrder] = []
    down: float = -inf
    up: float = inf
    restless: bool = False
    covered: bool = True

    def find(self, client_id: str) -> RestingOrder | None:
        return next((order for order in self.orders if order.client_id == client_id), None)

    def remove(self, gone: RestingOrder) -> None:
        self.orders = [order for order in self.orders if order is not gone]

    def refresh(self, position: Position | None) -> None:
        """Recomputes what follows from the orders and the position."""
        down, up, restless, cover = -inf, inf, False, ZERO
        for order in self.orders:
            restless = restless or order.is_restless
            if not order.taker and (order.side is Side.BUY) is (order.trigger is None):
                down = max(down, order.level)
            elif not order.taker:
                up = min(up, order.level)
            if position is not None and closes_for_sure(order, position):
                cover += order.remaining
        if position is not None and position.liquidation is not None:
            level = float(position.liquidation)
            down, up = (max(down, level), up) if position.qty > 0 else (down, min(up, level))
        self.down, self.up, self.restless = down, up, restless
        self.covered = position is None or cover >= abs(position.qty)


def reduces(order: RestingOrder, position: Position) -> bool:
    """Whether the order stands against the position."""
    return (position.qty > 0) is (order.side is Side.SELL)


def closes_for_sure(order: RestingOrder, position: Position) -> bool:
    """Whether the order protects the position: a reduce-only stop, or a close on its way."""
    protects = order.taker or order.kind is OrderKind.STOP_MARKET
    return protects and order.reduce_only and reduces(order, position)
