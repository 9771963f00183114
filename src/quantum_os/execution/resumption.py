"""What becomes of orders in flight when a new life begins in a world that went on without us."""

from collections.abc import Iterator

from quantum_os.events.execution import (
    ExecutionResult,
    Leg,
    OrderQueryRequested,
    OrderRequested,
    OrderState,
    ResultStatus,
)
from quantum_os.events.units import Ns, PositionSide, Price, Side
from quantum_os.execution.entries import unfilled
from quantum_os.execution.trades import ZERO, OrdersState, Run, Trade, WorkingOrder
from quantum_os.formulas.exit_levels import tighter
from quantum_os.formulas.order_states import advance


def resume(state: OrdersState, run: Run) -> Iterator[ExecutionResult | OrderQueryRequested]:
    """Asks for every order that has not ended, and ends the entries that were not sent yet.

    What one life has decided to enter is not entered by another. Tries are counted anew: an order
    that died with the process is no refusal by the venue.
    """
    for trade in list(state.trades.values()):
        trade.stop_attempts = trade.close_attempts = 0
        if trade.awaits_leverage:
            del state.trades[trade.position_id]
            if trade.intent is not None:
                yield unfilled(trade.intent, ResultStatus.SKIPPED_STALE, "RESTARTED")
    for order in state.orders.values():
        if not order.standing.is_terminal:
            cum_qty = order.standing.cum_qty
            order.standing = advance(order.standing, OrderState.UNKNOWN, cum_qty)
            symbol = state.trades[order.position_id].symbol
            yield OrderQueryRequested(run.venue, run.mode, order.client_id, symbol)


def adopt(state: OrdersState, order: OrderRequested, now: Ns) -> None:
    """Keeps the record of an order that was sent in our name; its fate is not known yet.

    The position it was sent for can be lost with it: then nothing is held as far as we know, the
    order rests until the venue has listed what is there, and only then stays or goes.
    """
    position_id = order.position_id
    if position_id is None:
        return
    trade = state.trades.get(position_id)
    if trade is None:
        trade = state.trades[position_id] = _unrecorded(position_id, order, now)
    state.orders[order.client_id] = WorkingOrder(
        order.client_id,
        position_id,
        order.leg,
        order.qty,
        order.generation,
        created=order.created,
        trigger=order.trigger,
    )
    if order.leg is Leg.STOP:
        trade.stops_made = max(trade.stops_made, order.generation + 1)
        if order.trigger is not None:
            # Who asked for it is lost as well, and a stop is never loosened.
            wanted = trade.stop_price or order.trigger
            trade.stop_price = Price(tighter(trade.side, order.trigger, wanted))
    elif order.leg is Leg.CLOSE:
        trade.closes_made = max(trade.closes_made, order.generation + 1)


def _unrecorded(position_id: str, order: OrderRequested, now: Ns) -> Trade:
    """The trade of which only an exit is left."""
    return Trade(
        position_id=position_id,
        symbol=order.symbol,
        side=PositionSide.LONG if order.side is Side.SELL else PositionSide.SHORT,
        planned=order.qty,
        permitted_at=now,
        is_entered=True,
        is_reported=True,
        stop_qty=order.qty if order.leg is Leg.STOP else ZERO,
        is_doubtful=True,
    )
