"""Decides in which order a moving price meets resting orders and the liquidation price."""

import msgspec

from quantum_os.events.execution import OrderKind
from quantum_os.events.units import Side
from quantum_os.execution.venues.sim.account import Position
from quantum_os.execution.venues.sim.book import RestingOrder, SymbolBook

# Read once: on Python 3.11 a member reached through its class costs as much as a Decimal sum.
_BUY = Side.BUY
_SELL = Side.SELL
_STOP = OrderKind.STOP_MARKET
_LIMIT = OrderKind.LIMIT


class Hit(msgspec.Struct, frozen=True):
    """What the price met, and where; `order` None is the liquidation of the position."""

    price: float
    order: RestingOrder | None


def is_touched(order: RestingOrder, price: float) -> bool:
    """Whether a market at `price` triggers the stop, or has traded through the limit."""
    low_side = (order.side is _BUY) is (order.trigger is None)
    return price <= order.level if low_side else price >= order.level


def is_marketable(order: RestingOrder, price: float) -> bool:
    """Whether a limit would trade at once against a market at `price`."""
    if order.price is None:
        return False
    limit = float(order.price)
    return price <= limit if order.side is _BUY else price >= limit


def next_hit(
    book: SymbolBook,
    position: Position | None,
    start: float,
    end: float,
    *,
    served_until: int,
    done: list[str],
) -> Hit | None:
    """The first thing met on the way from `start` to `end`, both included; None when nothing is.

    Orders in `done`, those that take, and those younger than `served_until` are passed by. At the
    same price a liquidation comes before a stop, and a stop before a limit.
    """
    falling = end < start
    best: Hit | None = None
    best_key = (0.0, 0)
    if position is not None and position.liquidation is not None:
        level = float(position.liquidation)
        if (position.qty > 0) is falling and (end <= level if falling else end >= level):
            best = Hit(min(start, level) if falling else max(start, level), None)
            best_key = (-best.price if falling else best.price, 0)
    for order in book.orders:
        if order.is_eager or order.live_from > served_until or order.client_id in done:
            continue
        low_side = (order.side is _BUY) is (order.trigger is None)
        if low_side is not falling or not is_touched(order, end):
            continue
        price = min(start, order.level) if falling else max(start, order.level)
        key = (-price if falling else price, 1 if order.kind is _STOP else 2)
        if best is None or key < best_key:
            best, best_key = Hit(price, order), key
    return best


def is_ambiguous(
    book: SymbolBook, position: Position, low: float, high: float, served_until: int
) -> bool:
    """Whether the range holds both a stop and a target of the position."""
    stop = target = False
    for order in book.orders:
        if not order.reduce_only or order.taker or order.live_from > served_until:
            continue
        if (position.qty > 0) is not (order.side is _SELL) or not low <= order.level <= high:
            continue
        stop = stop or order.is_dormant_stop
        target = target or order.kind is _LIMIT
    return stop and target
