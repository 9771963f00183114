"""Decides the path of a price: open, the extreme adverse to us, the favourable one, close."""

from quantum_os.events.execution import OrderKind, OrderState
from quantum_os.events.units import Side
from quantum_os.execution.venues.sim.book import RestingOrder, SymbolBook
from quantum_os.execution.venues.sim.endings import end, settle_book, tell
from quantum_os.execution.venues.sim.fills import make, take
from quantum_os.execution.venues.sim.liquidation import is_reached, liquidate
from quantum_os.execution.venues.sim.matching import (
    is_ambiguous,
    is_marketable,
    is_touched,
    next_hit,
)
from quantum_os.execution.venues.sim.state import Session
from quantum_os.execution.venues.sim.tape import Bar, Point

# Read once: on Python 3.11 a member reached through its class costs as much as a Decimal sum.
_BUY = Side.BUY
_SELL = Side.SELL
_STOP = OrderKind.STOP_MARKET
_LIMIT_IOC = OrderKind.LIMIT_IOC


def visit(session: Session, symbol: str, book: SymbolBook, point: Point) -> None:
    """A price point that the market jumped to: liquidation, stops, takers, then limits.

    What lies between the last price and this one was not traded, so a stop fills here and not at
    its trigger, and a position beyond its liquidation price is taken before its stop can act.
    """
    state = session.state
    _count_naked(session, book)
    book.mark = point.price
    position = state.account.positions.get(symbol)
    if position is not None and is_reached(position, point.price):
        liquidate(session, symbol, point)
        settle_book(session, symbol)
    if not book.restless and book.down < point.price < book.up:
        return
    _sweep(session, symbol, book, point)
    for order in sorted(book.orders, key=_precedence):
        _meet(session, symbol, book, order, point)
    settle_book(session, symbol)


def walk_bar(session: Session, symbol: str, book: SymbolBook, bar: Bar) -> None:
    """A closed bar: its open where that was not seen as such, then the path to its close."""
    if book.opened < bar.open_time:
        book.opened = bar.open_time
        visit(session, symbol, book, _open_of(book, bar))
    elif book.restless:
        # An order that followed from the open itself met no price yet: the open is the first.
        point = _open_of(book, bar)
        _sweep(session, symbol, book, point)
        for order in list(book.orders):
            if order.is_eager and order.met < bar.open_time:
                _meet(session, symbol, book, order, point)
        settle_book(session, symbol)
    book.mark = bar.open
    walk_path(session, symbol, book, bar)
    book.volume, book.range_bps = bar.volume, bar.range_bps


def walk_missed(session: Session, symbol: str, book: SymbolBook, bar: Bar) -> None:
    """A bar that was told in ticks: what it reached and no tick did is met now, and nothing else.

    Ticks that were lost must not spare a stop. An order younger than the bar was not there yet, and
    one that traded in it was reached: what is left of it waits for the next price.
    """
    served = [order.client_id for order in book.orders if order.met >= bar.open_time]
    for extreme, _ in _extremes(session, symbol, book, bar):
        point = _point(bar, extreme, bar.open_time)
        if any(_is_missed(order, point, served) for order in book.orders):
            _travel(session, symbol, book, point, served)
    settle_book(session, symbol)
    book.volume, book.range_bps = bar.volume, bar.range_bps
    book.mark = bar.close


def walk_path(session: Session, symbol: str, book: SymbolBook, bar: Bar) -> None:
    """From the last price to one extreme, to the other, to the close."""
    position = session.state.account.positions.get(symbol)
    if position is not None and is_ambiguous(book, position, bar.low, bar.high, bar.open_time):
        session.state.metrics.ambiguous_bars += 1
    for extreme, loser in _extremes(session, symbol, book, bar):
        point = _point(bar, extreme, bar.open_time)
        _count_naked(session, book)
        _travel(session, symbol, book, point, [])
        _serve(session, symbol, book, point, loser)
    visit(session, symbol, book, _point(bar, bar.close, bar.close_time - 1))


def _open_of(book: SymbolBook, bar: Bar) -> Point:
    # At the open nothing of the bar is known but its first price: volume and range are the last's.
    return Point(bar.open, bar.open_time, bar.open_time, book.volume, book.range_bps)


def _point(bar: Bar, price: float, served_until: int) -> Point:
    return Point(price, bar.close_time, served_until, bar.volume, bar.range_bps)


def _at(point: Point, price: float) -> Point:
    return Point(price, point.time, point.served_until, point.volume, point.range_bps)


def _extremes(
    session: Session, symbol: str, book: SymbolBook, bar: Bar
) -> tuple[tuple[float, Side], ...]:
    """The two extremes of a bar in the order of its path, each with the side that loses there."""
    extremes = ((bar.low, _SELL), (bar.high, _BUY))
    return extremes if _falls_first(session, symbol, book) else extremes[::-1]


def _is_missed(order: RestingOrder, point: Point, served: list[str]) -> bool:
    """Whether an order that was there all along waits where the price has been."""
    was_there = order.live_from <= point.served_until and order.client_id not in served
    return was_there and not order.is_eager and is_touched(order, point.price)


def _falls_first(session: Session, symbol: str, book: SymbolBook) -> bool:
    """The adverse extreme first; when flat, the one that opens a position."""
    position = session.state.account.positions.get(symbol)
    if position is not None:
        return position.qty > 0
    return not any(order.side is _SELL for order in book.orders if not order.reduce_only)


def _travel(
    session: Session, symbol: str, book: SymbolBook, point: Point, served: list[str]
) -> None:
    """Meets everything between the last price and the point, but for the orders in `served`."""
    state = session.state
    done = [*served]
    while True:
        position = state.account.positions.get(symbol)
        hit = next_hit(
            book,
            position,
            book.mark,
            point.price,
            served_until=point.served_until,
            done=done,
        )
        if hit is None:
            break
        if hit.order is None:
            liquidate(session, symbol, _at(point, hit.price))
            settle_book(session, symbol)
            continue
        done.append(hit.order.client_id)
        if hit.order.kind is _STOP:
            hit.order.taker = True
            take(session, symbol, hit.order, _at(point, hit.price))
        else:
            make(session, symbol, hit.order, point)
    book.mark = point.price


def _serve(session: Session, symbol: str, book: SymbolBook, point: Point, loser: Side) -> None:
    """Takers left over from an earlier point get an extreme only where it is against them."""
    if not book.restless:
        return
    for order in list(book.orders):
        eager = order.taker or (order.passed and is_marketable(order, point.price))
        if eager and order.side is loser and order.live_from <= point.served_until:
            take(session, symbol, order, point)


def _precedence(order: RestingOrder) -> int:
    if order.kind is _STOP:
        return 0
    return 1 if order.is_eager else 2


def _meet(
    session: Session, symbol: str, book: SymbolBook, order: RestingOrder, point: Point
) -> None:
    """Lets one order act at a point, unless an earlier one ended it or it is too young."""
    if order.live_from > point.served_until or not any(order is live for live in book.orders):
        return
    if order.kind is _LIMIT_IOC:
        _meet_ioc(session, symbol, book, order, point)
    elif order.is_dormant_stop:
        if is_touched(order, point.price):
            order.taker = True
            take(session, symbol, order, point)
    elif order.taker:
        take(session, symbol, order, point)
    elif order.passed:
        order.passed = is_marketable(order, point.price)
        if order.passed:
            take(session, symbol, order, point)
    elif is_touched(order, point.price):
        make(session, symbol, order, point)
        # What is left stands against a market that has passed it: it is a taker from here on.
        order.passed = is_marketable(order, point.price)


def _meet_ioc(
    session: Session, symbol: str, book: SymbolBook, order: RestingOrder, point: Point
) -> None:
    if is_marketable(order, point.price):
        take(session, symbol, order, point)
    if any(order is live for live in book.orders):
        end(session, symbol, order, OrderState.EXPIRED, at=point.time, reason="not filled at once")


def _sweep(session: Session, symbol: str, book: SymbolBook, point: Point) -> None:
    """Says late acknowledgements, and ends entries whose time has passed before a price came."""
    for order in list(book.orders):
        if order.ack_due is not None and point.time >= order.ack_due:
            order.ack_due = None
            tell(session, symbol, order, OrderState.ACKED, at=point.time)
        if order.expires is not None and not order.reduce_only:
            started = min(point.time, point.served_until)
            if started > order.expires:
                end(session, symbol, order, OrderState.EXPIRED, at=point.time, reason="too old")


def _count_naked(session: Session, book: SymbolBook) -> None:
    if not book.covered:
        session.state.metrics.naked_price_points += 1
