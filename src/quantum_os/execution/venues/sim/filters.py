"""Decides whether the venue takes an order, by the instrument's filters and the account's margin.

The codes are Binance's; None means accepted.
"""

from decimal import Decimal

import msgspec

from quantum_os.events.execution import OrderKind, OrderRequested
from quantum_os.events.market import Instrument
from quantum_os.events.units import Side
from quantum_os.execution.venues.sim.account import ZERO, Position
from quantum_os.formulas.liquidation import max_notional_at

# Read once: on Python 3.11 a member reached through its class costs as much as a Decimal sum.
_BUY = Side.BUY
_SELL = Side.SELL
_STOP = OrderKind.STOP_MARKET
_MARKET = OrderKind.MARKET


class Refusal(msgspec.Struct, frozen=True):
    """Why an order is not taken: the venue's code and what it means."""

    code: str
    reason: str


UNKNOWN_SYMBOL = Refusal("-1121", "unknown symbol")
DUPLICATE = Refusal("-4116", "duplicate client id")
PRECISION = Refusal("-1111", "off the tick or the step")
MALFORMED = Refusal("-1102", "a limit needs a price, a stop a trigger")
QTY_TOO_SMALL = Refusal("-4003", "quantity below the minimum")
QTY_TOO_LARGE = Refusal("-4005", "quantity above the maximum")
NOT_TRADING = Refusal("-4140", "not open for trading, or without a price")
NOTIONAL_TOO_SMALL = Refusal("-4164", "notional below the minimum")
LEVERAGE_UNSET = Refusal("-4028", "leverage was never set for the symbol")
BRACKET = Refusal("-2027", "notional above what the leverage allows")
MARGIN = Refusal("-2019", "margin is insufficient")
REDUCE_ONLY = Refusal("-2022", "reduce-only without a position to reduce")
WOULD_TRIGGER = Refusal("-2021", "would trigger immediately")


def check_shape(order: OrderRequested, instrument: Instrument) -> Refusal | None:
    """Precision and quantity: what can be said without the account or the market."""
    wanted = order.trigger if order.kind is _STOP else order.price
    at_market = order.kind in (_MARKET, _STOP)
    if order.kind is not _MARKET and wanted is None:
        return MALFORMED
    for price in (order.price, order.trigger):
        if price is not None and (price <= 0 or price % instrument.tick):
            return PRECISION
    if order.qty % instrument.step:
        return PRECISION
    if order.qty < instrument.min_qty or order.qty <= 0:
        return QTY_TOO_SMALL
    largest = instrument.market_max_qty if at_market else instrument.max_qty
    return QTY_TOO_LARGE if order.qty > largest else None


def check_trigger(order: OrderRequested, mark: float) -> Refusal | None:
    """A stop must lie beyond the market."""
    if order.kind is not _STOP or order.trigger is None:
        return None
    trigger = float(order.trigger)
    passed = mark >= trigger if order.side is _BUY else mark <= trigger
    return WOULD_TRIGGER if passed else None


def check_reduction(order: OrderRequested, position: Position | None) -> Refusal | None:
    """A reduce-only order needs a position on the other side; its size may exceed it."""
    if position is None or (position.qty > 0) is not (order.side is _SELL):
        return REDUCE_ONLY
    return None


class Room(msgspec.Struct, frozen=True):
    """What an opening order is measured against.

    `price` is what it is expected to trade at, `leverage` None where never set; `held` the signed
    position, `resting` the quantity of opening orders of the same side; `free` the USD that back
    neither a position nor another order.
    """

    price: Decimal
    leverage: int | None
    held: Decimal
    resting: Decimal
    free: Decimal
    fee_rate: Decimal


def check_opening(order: OrderRequested, instrument: Instrument, room: Room) -> Refusal | None:
    """Minimum notional, leverage, bracket and margin of an order that is not reduce-only."""
    if instrument.status != "TRADING":
        return NOT_TRADING
    if order.qty * room.price < instrument.min_notional:
        return NOTIONAL_TOO_SMALL
    if room.leverage is None:
        return LEVERAGE_UNSET
    signed = order.qty + room.resting
    after = abs(room.held + (signed if order.side is _BUY else -signed))
    if after * room.price > max_notional_at(room.leverage, instrument.brackets):
        return BRACKET
    against = room.held < 0 if order.side is _BUY else room.held > 0
    opening = order.qty - (min(order.qty, abs(room.held)) if against else ZERO)
    need = opening * room.price / room.leverage + order.qty * room.price * room.fee_rate
    return MARGIN if need > room.free else None
