"""Decides how the venue lists its account: wallet, equity, positions, open orders."""

from decimal import Decimal

from quantum_os.events.execution import VenueOrder, VenuePosition, VenueSnapshot
from quantum_os.events.units import Leverage, Margin, Ns, Price, Qty, Usd
from quantum_os.execution.venues.sim.account import Position
from quantum_os.execution.venues.sim.book import RestingOrder
from quantum_os.execution.venues.sim.state import SimVenueState
from quantum_os.formulas.rounding import decimal_of


def listing(state: SimVenueState, now: int) -> VenueSnapshot:
    """The account at the last prices; equity is the wallet plus the profit not yet taken."""
    positions = tuple(
        _position(symbol, position, decimal_of(state.books[symbol].mark))
        for symbol, position in state.account.positions.items()
    )
    upnl = sum((position.upnl for position in positions), Decimal(0))
    return VenueSnapshot(
        state.venue,
        state.mode,
        Ns(now),
        Usd(state.account.wallet),
        Usd(state.account.wallet + upnl),
        positions,
        tuple(_order(symbol, o) for symbol, book in state.books.items() for o in book.orders),
    )


def _position(symbol: str, position: Position, mark: Decimal) -> VenuePosition:
    return VenuePosition(
        symbol,
        Qty(position.qty),
        Price(position.entry),
        Price(mark),
        Leverage(position.leverage),
        Margin(position.margin),
        Usd(position.upnl(mark)),
        None if position.liquidation is None else Price(position.liquidation),
    )


def _order(symbol: str, order: RestingOrder) -> VenueOrder:
    return VenueOrder(
        order.client_id,
        symbol,
        order.kind,
        order.side,
        Qty(order.qty),
        Qty(order.cum_qty),
        order.reduce_only,
        None if order.price is None else Price(order.price),
        None if order.trigger is None else Price(order.trigger),
    )
