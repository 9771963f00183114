"""Decides how an order's standing is told, and ends orders that have nothing left to do."""

from decimal import Decimal

from quantum_os.events.execution import OrderState, OrderUpdated
from quantum_os.events.units import Ns, Price, Qty
from quantum_os.execution.venues.sim.book import RestingOrder
from quantum_os.execution.venues.sim.state import Session


def tell(
    session: Session,
    symbol: str,
    order: RestingOrder,
    state: OrderState,
    *,
    at: int,
    code: str | None = None,
    reason: str = "",
) -> None:
    """Says where an order stands: executed quantity and volume-weighted price, and nothing else."""
    cum = order.cum_qty
    average: Decimal | None = order.cum_value / cum if cum else None
    session.said.append(
        OrderUpdated(
            session.state.venue,
            session.state.mode,
            order.client_id,
            symbol,
            state,
            Qty(cum),
            Ns(max(at, order.arrived)),
            order.venue_id,
            None if average is None else Price(average),
            code,
            reason,
        )
    )


def end(
    session: Session,
    symbol: str,
    order: RestingOrder,
    state: OrderState,
    *,
    at: int,
    code: str | None = None,
    reason: str = "",
) -> None:
    """Takes an order out of the book and says its last state."""
    session.state.books[symbol].remove(order)
    tell(session, symbol, order, state, at=at, code=code, reason=reason)


def expire_all(session: Session, symbol: str, reason: str) -> None:
    """Ends every order of a symbol."""
    for order in session.state.books[symbol].orders:
        end(session, symbol, order, OrderState.EXPIRED, at=session.now, reason=reason)


def expire_reduce_only(session: Session, symbol: str) -> None:
    """Ends the reduce-only orders of a symbol that is flat."""
    for order in session.state.books[symbol].orders:
        if order.reduce_only:
            end(session, symbol, order, OrderState.EXPIRED, at=session.now, reason="flat")


def settle_book(session: Session, symbol: str) -> None:
    """Refreshes a book after a change, and forgets it when nothing rests and nothing is held."""
    book = session.state.books.get(symbol)
    if book is None:
        return
    position = session.state.account.positions.get(symbol)
    if position is None and not book.orders:
        del session.state.books[symbol]
    else:
        book.refresh(position)
