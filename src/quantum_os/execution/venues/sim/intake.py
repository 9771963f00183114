"""Decides what becomes of an order that reaches the venue: refused, resting, or lost on the way."""

from decimal import Decimal

from quantum_os.events.execution import (
    OrderCancelRequested,
    OrderKind,
    OrderRequested,
    OrderState,
    OrderSubmitted,
    OrderUpdated,
)
from quantum_os.events.market import Instrument
from quantum_os.events.units import Ns, Price, Qty, Side
from quantum_os.execution.venues.sim import filters
from quantum_os.execution.venues.sim.account import ZERO
from quantum_os.execution.venues.sim.book import RestingOrder, SymbolBook
from quantum_os.execution.venues.sim.endings import end, settle_book, tell
from quantum_os.execution.venues.sim.fault_script import Fault, FaultKind, strike
from quantum_os.execution.venues.sim.filters import Refusal, Room
from quantum_os.execution.venues.sim.matching import is_marketable
from quantum_os.execution.venues.sim.state import KNOWN_IDS_MAX, Session
from quantum_os.execution.venues.sim.tape import bar_of, last_price
from quantum_os.formulas.rounding import decimal_of

_FAULT_REFUSALS = {
    FaultKind.REJECT_ENTRY: Refusal("-2010", "scripted"),
    FaultKind.REJECT_STOP: Refusal("-2010", "scripted"),
}


def receive(session: Session, order: OrderRequested) -> None:
    """Takes an order in. A client id that was seen before is refused and never placed again."""
    state = session.state
    session.said.append(OrderSubmitted(state.venue, state.mode, order.client_id, order.symbol))
    if order.client_id in state.known_ids:
        _answer(session, order, OrderState.REJECTED, filters.DUPLICATE)
        return
    _remember(session, order.client_id)
    fault = strike(session.config.faults, state.faults_seen, order, session.now)
    kind = None if fault is None else fault.kind
    if kind is FaultKind.UNKNOWN_ABSENT:
        state.lost[order.client_id] = order.symbol
        _answer(session, order, OrderState.UNKNOWN, Refusal("-1007", "no answer in time"))
        return
    book = _book_for(session, order.symbol)
    refusal = None if kind is None else _FAULT_REFUSALS.get(kind)
    refusal = refusal or _judge(session, order, book)
    if refusal is None and book is not None:
        _rest(session, order, book, fault)
    else:
        _answer(session, order, OrderState.REJECTED, refusal or filters.NOT_TRADING)


def cancel(session: Session, event: OrderCancelRequested) -> None:
    """Takes an order out. One that has ended already had its last word: nothing more is said."""
    if event.client_id in session.state.lost:
        tell_lost(session, event.client_id)
        return
    book = session.state.books.get(event.symbol)
    order = None if book is None else book.find(event.client_id)
    if order is None:
        return
    at = session.now + session.tariff.latency_ns
    end(session, event.symbol, order, OrderState.CANCELED, at=at, reason=event.reason)
    settle_book(session, event.symbol)


def answer_queries(session: Session) -> None:
    """Says what a query brings to light: orders that never arrived, acks that are owed."""
    for client_id in tuple(session.state.lost):
        tell_lost(session, client_id)
    for symbol, book in session.state.books.items():
        for order in book.orders:
            if order.ack_due is not None:
                order.ack_due = None
                tell(session, symbol, order, OrderState.ACKED, at=session.now)
                book.refresh(session.state.account.positions.get(symbol))


def answer_query(session: Session, client_id: str, symbol: str) -> None:
    """Says where one order stands, or that it never came; one that ended has had its last word."""
    state = session.state
    book = state.books.get(symbol)
    order = None if book is None else book.find(client_id)
    if order is not None:
        order.ack_due = None
        resting = OrderState.PARTIAL if order.cum_qty else OrderState.ACKED
        tell(session, symbol, order, resting, at=session.now)
        settle_book(session, symbol)
    elif client_id in state.lost or client_id not in state.known_ids:
        state.lost[client_id] = symbol
        tell_lost(session, client_id)


def tell_lost(session: Session, client_id: str) -> None:
    """Ends an order that never reached the venue."""
    state = session.state
    symbol = state.lost.pop(client_id)
    session.said.append(
        OrderUpdated(
            state.venue,
            state.mode,
            client_id,
            symbol,
            OrderState.EXPIRED,
            Qty(ZERO),
            Ns(session.now),
            code="-2013",
            reason="never arrived",
        )
    )


def _remember(session: Session, client_id: str) -> None:
    known = session.state.known_ids
    if len(known) >= KNOWN_IDS_MAX:
        del known[next(iter(known))]
    known[client_id] = None


def _answer(session: Session, order: OrderRequested, state: OrderState, refusal: Refusal) -> None:
    session.said.append(
        OrderUpdated(
            session.state.venue,
            session.state.mode,
            order.client_id,
            order.symbol,
            state,
            Qty(ZERO),
            Ns(session.now + session.tariff.latency_ns),
            code=refusal.code,
            reason=refusal.reason,
        )
    )


def _book_for(session: Session, symbol: str) -> SymbolBook | None:
    """The symbol's book, or a new one at the last price; None without a price."""
    state = session.state
    book = state.books.get(symbol)
    if book is not None:
        return book
    price = last_price(session.columns, symbol, state.bars, state.opens, state.ticks.get(symbol))
    if price is None:
        return None
    opened = state.opens.time if state.opens is not None else -1
    book = SymbolBook(price, opened=opened)
    place = None if state.bars is None else session.columns.of(state.bars.symbols).get(symbol)
    if state.bars is not None and place is not None:
        bar = bar_of(state.bars, place)
        book.volume, book.range_bps = bar.volume, bar.range_bps
    return book


def _judge(session: Session, order: OrderRequested, book: SymbolBook | None) -> Refusal | None:
    state = session.state
    instrument = state.instruments.get(order.symbol)
    if instrument is None:
        return filters.UNKNOWN_SYMBOL
    if book is None:
        return filters.NOT_TRADING
    refusal = filters.check_shape(order, instrument) or filters.check_trigger(order, book.mark)
    if refusal is not None:
        return refusal
    if order.reduce_only:
        return filters.check_reduction(order, state.account.positions.get(order.symbol))
    return filters.check_opening(order, instrument, _room(session, order, book))


def _room(session: Session, order: OrderRequested, book: SymbolBook) -> Room:
    account = session.state.account
    held = account.positions.get(order.symbol)
    resting = (o.remaining for o in book.orders if not o.reduce_only and o.side is order.side)
    return Room(
        price=order.price or order.trigger or decimal_of(book.mark),
        leverage=account.leverage.get(order.symbol),
        held=ZERO if held is None else held.qty,
        resting=sum(resting, ZERO),
        free=account.free() - _reserved(session),
        fee_rate=session.tariff.taker,
    )


def _reserved(session: Session) -> Decimal:
    """USD of margin that resting orders will need should they open."""
    state = session.state
    total = ZERO
    for symbol, book in state.books.items():
        for order in book.orders:
            if not order.reduce_only:
                price = order.price or order.trigger or decimal_of(book.mark)
                total += order.remaining * price / state.account.leverage[symbol]
    return total


def _rest(session: Session, order: OrderRequested, book: SymbolBook, fault: Fault | None) -> None:
    state = session.state
    resting = _resting(session, order, state.instruments[order.symbol])
    if order.kind is OrderKind.LIMIT:
        resting.passed = is_marketable(resting, book.mark)
    book.orders = [*book.orders, resting]
    state.books[order.symbol] = book
    _apply(session, order, resting, fault)
    settle_book(session, order.symbol)


def _resting(session: Session, order: OrderRequested, instrument: Instrument) -> RestingOrder:
    return RestingOrder(
        client_id=order.client_id,
        venue_id=f"sim-{order.client_id}",
        kind=order.kind,
        side=order.side,
        qty=order.qty,
        reduce_only=order.reduce_only,
        price=order.price,
        trigger=order.trigger,
        expires=order.expires,
        live_from=session.now,
        arrived=session.now + session.tariff.latency_ns,
        level=_level(order, instrument, session.config.limit_through_ticks),
        taker=order.kind in (OrderKind.MARKET, OrderKind.LIMIT_IOC),
    )


def _level(order: OrderRequested, instrument: Instrument, through_ticks: int) -> float:
    """The price that must be reached: the trigger, or the limit and some ticks beyond it."""
    if order.kind is OrderKind.STOP_MARKET:
        return float(order.trigger or Price(ZERO))
    if order.price is None:
        return 0.0
    beyond = instrument.tick * through_ticks
    return float(order.price - beyond if order.side is Side.BUY else order.price + beyond)


def _apply(
    session: Session, order: OrderRequested, resting: RestingOrder, fault: Fault | None
) -> None:
    """Acknowledges the order, unless the script has other plans for it."""
    kind = None if fault is None else fault.kind
    if fault is not None and kind is FaultKind.PARTIAL:
        resting.first_share = fault.share
    if fault is not None and kind is FaultKind.DELAYED_FILL:
        resting.live_from += fault.delay_ns
    if fault is not None and kind in (FaultKind.DROP_ACK, FaultKind.UNKNOWN_ACCEPTED):
        resting.ack_due = session.now + fault.delay_ns
    if kind is FaultKind.UNKNOWN_ACCEPTED:
        _answer(session, order, OrderState.UNKNOWN, Refusal("-1007", "no answer in time"))
    elif kind is not FaultKind.DROP_ACK:
        tell(session, order.symbol, resting, OrderState.ACKED, at=resting.arrived)
