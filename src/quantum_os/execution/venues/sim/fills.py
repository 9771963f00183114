"""Decides what happens when an order meets a price: how much trades, and what follows."""

from decimal import Decimal

from quantum_os.events.execution import Fill, Liquidity, OrderState
from quantum_os.events.market import Instrument
from quantum_os.events.units import Ns, Price, Qty, Side, Usd
from quantum_os.execution.venues.sim.account import ZERO, Account, money
from quantum_os.execution.venues.sim.book import RestingOrder, reduces
from quantum_os.execution.venues.sim.endings import end, expire_reduce_only, settle_book, tell
from quantum_os.execution.venues.sim.filters import MARGIN
from quantum_os.execution.venues.sim.liquidation import liquidation_level
from quantum_os.execution.venues.sim.slippage import taker_price
from quantum_os.execution.venues.sim.state import Session
from quantum_os.execution.venues.sim.tape import Point
from quantum_os.formulas.client_ids import without_epoch
from quantum_os.formulas.costs import fee
from quantum_os.formulas.rounding import decimal_of, floor_to_step
from quantum_os.kernel.ids import derive

# Read once: on Python 3.11 a member reached through its class costs as much as a Decimal sum.
_BUY = Side.BUY
_TAKER = Liquidity.TAKER
_MAKER = Liquidity.MAKER


def take(session: Session, symbol: str, order: RestingOrder, point: Point) -> None:
    """Fills a taker at the point's price made worse; a limit's price bounds it."""
    qty = tradable(session, symbol, order, point)
    if qty <= 0:
        return
    price = taker_price(
        session.config,
        session.tariff,
        point,
        side=order.side,
        qty=qty,
        tick=session.state.instruments[symbol].tick,
        key=without_epoch(order.client_id),
    )
    if order.price is not None:
        bound = min if order.side is _BUY else max
        price = bound(price, order.price)
    trade(session, symbol, order, qty, price, _TAKER, max(point.time, order.arrived))


def make(session: Session, symbol: str, order: RestingOrder, point: Point) -> None:
    """Fills a resting limit at its own price."""
    qty = tradable(session, symbol, order, point)
    if qty > 0 and order.price is not None:
        at = max(point.time, order.arrived)
        trade(session, symbol, order, qty, order.price, _MAKER, at)


def tradable(session: Session, symbol: str, order: RestingOrder, point: Point) -> Decimal:
    """How much of the order trades here: what the position leaves to reduce, and the bar's volume.

    At least the minimum quantity trades, so that nothing waits for ever in an empty market.
    """
    qty = order.remaining
    position = session.state.account.positions.get(symbol)
    if order.reduce_only:
        if position is None or not reduces(order, position):
            return ZERO
        qty = min(qty, abs(position.qty))
    instrument = session.state.instruments[symbol]
    if order.first_share is not None:
        qty = _part(qty, order.first_share, instrument)
        order.first_share = None
    if point.volume is not None:
        room = point.volume * session.config.participation_max
        if float(qty) > room:
            room_qty = floor_to_step(decimal_of(room), instrument.step)
            qty = min(qty, max(room_qty, instrument.min_qty))
    return qty


def _part(qty: Decimal, share: float, instrument: Instrument) -> Decimal:
    part = floor_to_step(qty * decimal_of(share), instrument.step)
    return min(qty, max(part, instrument.min_qty))


def trade(
    session: Session,
    symbol: str,
    order: RestingOrder,
    qty: Decimal,
    price: Decimal,
    liquidity: Liquidity,
    at: int,
) -> None:
    """Books one fill of an order, says it, and says what it changed."""
    state = session.state
    tariff = session.tariff
    value = price * qty
    charge = money(fee(value, tariff.maker if liquidity is _MAKER else tariff.taker))
    if not order.reduce_only and not _is_affordable(state.account, symbol, order, price, qty):
        code, reason = MARGIN.code, MARGIN.reason
        end(session, symbol, order, OrderState.EXPIRED, at=at, code=code, reason=reason)
        settle_book(session, symbol)
        return
    state.account.book_trade(symbol, order.side, qty, price)
    state.account.book_fee(charge)
    session.said.append(
        Fill(
            state.venue,
            state.mode,
            derive(state.namespace, "trade", order.client_id, order.fills),
            order.client_id,
            symbol,
            order.side,
            Price(price),
            Qty(qty),
            Usd(charge),
            liquidity,
            Ns(at),
        )
    )
    order.cum_qty += qty
    order.cum_value += value
    order.fills += 1
    order.ack_due = None
    order.met = at
    _follow_up(session, symbol, order, at)


def _follow_up(session: Session, symbol: str, order: RestingOrder, at: int) -> None:
    position = session.state.account.positions.get(symbol)
    cut = order.reduce_only and position is None and order.remaining > 0
    if cut or not order.remaining:
        reason = "reduce-only, cut to the position" if cut else ""
        end(session, symbol, order, OrderState.FILLED, at=at, reason=reason)
    else:
        tell(session, symbol, order, OrderState.PARTIAL, at=at)
    if position is None:
        expire_reduce_only(session, symbol)
    else:
        position.liquidation = liquidation_level(position, session.state.instruments[symbol])
    settle_book(session, symbol)


def _is_affordable(
    account: Account, symbol: str, order: RestingOrder, price: Decimal, qty: Decimal
) -> bool:
    """Whether the part of a fill that opens finds its margin in the free wallet."""
    position = account.positions.get(symbol)
    if position is not None and reduces(order, position):
        qty = max(ZERO, qty - abs(position.qty))
    return not qty or money(price * qty / account.leverage[symbol]) <= account.free()
