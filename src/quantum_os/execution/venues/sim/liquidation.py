"""Decides when the venue takes a position away, at which price, and what it charges for it."""

from decimal import Decimal

from quantum_os.events.execution import Fill, Liquidity
from quantum_os.events.market import Instrument
from quantum_os.events.units import Ns, PositionSide, Price, Qty, Usd
from quantum_os.execution.venues.sim.account import ZERO, Position, money
from quantum_os.execution.venues.sim.endings import expire_all
from quantum_os.execution.venues.sim.slippage import taker_price
from quantum_os.execution.venues.sim.state import Session
from quantum_os.execution.venues.sim.tape import Point
from quantum_os.formulas.costs import fee
from quantum_os.formulas.liquidation import liquidation_price
from quantum_os.formulas.rounding import price_to_tick
from quantum_os.kernel.ids import derive

AUTOCLOSE = "autoclose-"
"""How the client id of a liquidation starts, as on Binance."""


def liquidation_level(position: Position, instrument: Instrument) -> Decimal | None:
    """The price at which the isolated margin is down to the maintenance margin."""
    return liquidation_price(
        position.side, abs(position.qty), position.entry, position.margin, instrument.brackets
    )


def bankruptcy_price(position: Position, tick: Decimal) -> Decimal:
    """The last price on the tick at which a close loses no more than the margin."""
    if position.side is PositionSide.LONG:
        return price_to_tick((position.cost - position.margin) / abs(position.qty), tick, "up")
    return price_to_tick((position.cost + position.margin) / abs(position.qty), tick, "down")


def is_reached(position: Position, price: float) -> bool:
    """Whether `price` is at the liquidation price or beyond."""
    if position.liquidation is None:
        return False
    level = float(position.liquidation)
    return price <= level if position.qty > 0 else price >= level


def closing_price(session: Session, symbol: str, position: Position, point: Point) -> Decimal:
    """The liquidation order's price: slipped like any taker's, never beyond bankruptcy.

    Whatever the market does past that is the insurance fund's loss: the margin is isolated.
    """
    tick = session.state.instruments[symbol].tick
    price = taker_price(
        session.config,
        session.tariff,
        point,
        side=position.side.exit,
        qty=abs(position.qty),
        tick=tick,
        key=f"{AUTOCLOSE}{symbol}",
    )
    last = bankruptcy_price(position, tick)
    return max(price, last) if position.side is PositionSide.LONG else min(price, last)


def liquidate(session: Session, symbol: str, point: Point) -> None:
    """Closes the whole position at `point`, charges the clearance fee, ends the symbol's orders.

    The fee is taken from what is left of the margin and no further, so a liquidation costs at most
    the margin.
    """
    state = session.state
    account = state.account
    position = account.positions[symbol]
    price = closing_price(session, symbol, position, point)
    side, qty, margin = position.side.exit, abs(position.qty), position.margin
    value = price * qty
    won = position.upnl(price)
    charge = min(money(fee(value, session.tariff.liquidation)), max(margin + won, ZERO))
    client_id = AUTOCLOSE + derive(
        state.namespace, "liquidation", symbol, point.time, position.cost
    )
    account.book_trade(symbol, side, qty, price)
    account.book_fee(charge)
    state.metrics.liquidations += 1
    session.said.append(
        Fill(
            state.venue,
            state.mode,
            derive(state.namespace, "trade", client_id, 0),
            client_id,
            symbol,
            side,
            Price(price),
            Qty(qty),
            Usd(charge),
            Liquidity.LIQUIDATION,
            Ns(point.time),
        )
    )
    expire_all(session, symbol, "liquidation")
