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
from quantum_os.execution.entries import unfilled
from quantum_os.execution.trades import OrdersState, Run, Trade, WorkingOrder
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


def adopt(state: OrdersState, trade: Trade, order: OrderRequested) -> None:
    """Keeps the record of an order that was sent in our name; its fate is not known yet."""
    state.orders[order.client_id] = WorkingOrder(
        order.client_id,
        trade.position_id,
        order.leg,
        order.qty,
        order.generation,
        created=order.created,
        trigger=order.trigger,
    )
    if order.leg is Leg.STOP:
        trade.stops_made = max(trade.stops_made, order.generation + 1)
    elif order.leg is Leg.CLOSE:
        trade.closes_made = max(trade.closes_made, order.generation + 1)
