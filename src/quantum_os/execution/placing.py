"""How an order is put to the venue and taken back, with its record made in the same breath."""

from collections.abc import Iterator

from quantum_os.events.execution import (
    Leg,
    OrderCancelRequested,
    OrderKind,
    OrderRequested,
    OrderState,
)
from quantum_os.events.units import Ns, Price, Qty
from quantum_os.execution.trades import OrdersState, Trade, WorkingOrder
from quantum_os.formulas.client_ids import client_id
from quantum_os.formulas.order_states import advance

_KIND = {
    Leg.ENTRY: OrderKind.MARKET,
    Leg.STOP: OrderKind.STOP_MARKET,
    Leg.TP1: OrderKind.LIMIT,
    Leg.TP2: OrderKind.LIMIT,
    Leg.TP3: OrderKind.LIMIT,
    Leg.CLOSE: OrderKind.MARKET,
}


def place(
    state: OrdersState,
    trade: Trade,
    leg: Leg,
    qty: Qty,
    now: Ns,
    *,
    generation: int = 0,
    price: Price | None = None,
    trigger: Price | None = None,
    expires: Ns | None = None,
    reason: str = "",
) -> OrderRequested:
    """Gives the instruction and keeps its record; every leg but the entry is reduce-only."""
    run = state.running
    enters = leg is Leg.ENTRY
    intent_id = trade.intent.intent_id if trade.intent is not None else None
    parent = intent_id if enters and intent_id is not None else trade.position_id
    name = client_id(run.epoch, parent, leg, generation)
    assert name not in state.orders, f"client id used twice: {name}"
    state.orders[name] = WorkingOrder(
        name, trade.position_id, leg, qty, generation, created=now, trigger=trigger
    )
    return OrderRequested(
        venue=run.venue,
        mode=run.mode,
        client_id=name,
        symbol=trade.symbol,
        leg=leg,
        kind=_KIND[leg],
        side=trade.side.entry if enters else trade.side.exit,
        qty=qty,
        reduce_only=not enters,
        created=now,
        intent_id=intent_id,
        position_id=trade.position_id,
        price=price,
        trigger=trigger,
        expires=expires,
        generation=generation,
        reason=reason,
    )


def withdraw(
    state: OrdersState, trade: Trade, order: WorkingOrder, reason: str
) -> Iterator[OrderCancelRequested]:
    """Takes an order back, once; an order that has ended is left alone."""
    if order.standing.is_terminal or order.standing.state is OrderState.CANCELING:
        return
    order.withdrawn = True
    order.standing = advance(order.standing, OrderState.CANCELING, order.standing.cum_qty)
    run = state.running
    yield OrderCancelRequested(run.venue, run.mode, order.client_id, trade.symbol, reason)
