"""Decides which orders of a symbol rest, and between which two prices none is touched."""

from decimal import Decimal
from math import inf

import msgspec

from quantum_os.events.execution import OrderKind
from quantum_os.events.units import Side
from quantum_os.execution.venues.sim.account import ZERO, Position

# Read once: on Python 3.11 a member reached through its class costs as much as a Decimal sum.
_BUY = Side.BUY
_SELL = Side.SELL
_STOP = OrderKind.STOP_MARKET


class RestingOrder(msgspec.Struct):
    """An accepted order that has not ended.

    `live_from` is when it can first be filled, `arrived` its time at the venue (latency included).
    `level` is the price that must be reached: a stop's trigger, a limit plus the ticks beyond it.
    `taker` is set while it takes what the next price point offers; `passed` on a limit that the
    market has passed. `met` is the time of its last fill. `first_share` and `ack_due` belong to the
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
    passed: bool = False
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
        return self.kind is _STOP and not self.taker

    @property
    def is_eager(self) -> bool:
        """Whether it takes what the next price point offers, a limit as long as it suits it."""
        return self.taker or self.passed

    @property
    def is_restless(self) -> bool:
        """Whether the next price point concerns it wherever the price is."""
        return (
            self.is_eager
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
            level = order.level
            if order.taker:
                pass
            elif (order.side is _BUY) is (order.trigger is None):
                if level > down:
                    down = level
            elif level < up:
                up = level
            if position is not None and closes_for_sure(order, position):
                cover += order.qty - order.cum_qty
        if position is not None and position.liquidation is not None:
            level = float(position.liquidation)
            down, up = (max(down, level), up) if position.qty > 0 else (down, min(up, level))
        self.down, self.up, self.restless = down, up, restless
        self.covered = position is None or cover >= abs(position.qty)


def reduces(order: RestingOrder, position: Position) -> bool:
    """Whether the order stands against the position."""
    return (position.qty > 0) is (order.side is _SELL)


def closes_for_sure(order: RestingOrder, position: Position) -> bool:
    """Whether the order protects the position: a reduce-only stop, or a close on its way."""
    protects = order.taker or order.kind is _STOP
    return protects and order.reduce_only and reduces(order, position)
