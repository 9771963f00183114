"""In which order a moving price meets what rests."""

from quantum_os.events.execution import OrderKind
from quantum_os.events.units import Side
from quantum_os.execution.venues.sim.account import Position
from quantum_os.execution.venues.sim.book import RestingOrder, SymbolBook
from quantum_os.execution.venues.sim.matching import Hit, is_ambiguous, next_hit
from tests.execution.venues.sim.floor import D

BUY, SELL = Side.BUY, Side.SELL


def resting(client_id: str, side: Side, level: float, *, stop: bool = False) -> RestingOrder:
    return RestingOrder(
        client_id=client_id,
        venue_id="",
        kind=OrderKind.STOP_MARKET if stop else OrderKind.LIMIT,
        side=side,
        qty=D(1),
        reduce_only=True,
        price=None if stop else D(level),
        trigger=D(level) if stop else None,
        expires=None,
        live_from=0,
        arrived=0,
        level=level,
        taker=False,
    )


def met(book: SymbolBook, start: float, end: float, position: Position | None = None) -> list[str]:
    """The names of what is met on the way, in order; a liquidation ends the way."""
    done: list[str] = []
    while True:
        hit: Hit | None = next_hit(book, position, start, end, served_until=0, done=done)
        if hit is None or hit.order is None:
            return done if hit is None else [*done, "liquidation"]
        done.append(hit.order.client_id)


def test_a_falling_price_meets_the_higher_levels_first() -> None:
    book = SymbolBook(
        100.0,
        orders=[
            resting("limit", BUY, 92.0),
            resting("stop", SELL, 95.0, stop=True),
            resting("low", SELL, 80.0, stop=True),
            resting("above", SELL, 105.0),
        ],
    )
    assert met(book, 100.0, 90.0) == ["stop", "limit"]
    assert met(book, 90.0, 106.0) == ["above"]


def test_a_rising_price_meets_the_lower_levels_first() -> None:
    book = SymbolBook(
        100.0, orders=[resting("tp", SELL, 103.0), resting("stop", BUY, 102.0, stop=True)]
    )
    assert met(book, 100.0, 110.0) == ["stop", "tp"]


def test_liquidation_stands_where_its_price_is() -> None:
    long = Position(D(1), D(100), D(10), 10, D("91"))
    near = SymbolBook(100.0, orders=[resting("stop", SELL, 95.0, stop=True)])
    far = SymbolBook(100.0, orders=[resting("stop", SELL, 90.0, stop=True)])
    assert met(near, 100.0, 89.0, long) == ["stop", "liquidation"]
    assert met(far, 100.0, 89.0, long) == ["liquidation"]
    assert met(near, 89.0, 100.0, long) == []


def test_at_one_price_the_stop_comes_before_the_limit() -> None:
    book = SymbolBook(
        100.0, orders=[resting("limit", BUY, 95.0), resting("stop", SELL, 95.0, stop=True)]
    )
    assert met(book, 100.0, 95.0) == ["stop", "limit"]


def test_a_bar_is_ambiguous_when_it_holds_a_stop_and_a_target() -> None:
    long = Position(D(1), D(100), D(10), 10)
    orders = [resting("stop", SELL, 95.0, stop=True), resting("tp", SELL, 105.0)]
    book = SymbolBook(100.0, orders=orders)
    assert is_ambiguous(book, long, 95.0, 105.0, 0)
    assert not is_ambiguous(book, long, 95.1, 105.0, 0)
    assert not is_ambiguous(book, long, 95.0, 105.0, -1)
