"""How a requested exit is carried out: one reduce-only order at a time until its goal is reached.

No safety latch, cooldown, policy or price is looked at here: an exit is never blocked.
"""

from collections.abc import Iterator
from decimal import Decimal

from quantum_os.events.execution import Leg, OrderCancelRequested, OrderRequested
from quantum_os.events.units import Ns, Qty
from quantum_os.execution.placing import place, withdraw
from quantum_os.execution.trades import ZERO, OrdersState, Trade, WorkingOrder
from quantum_os.formulas.rounding import floor_to_step

CLOSE_ATTEMPTS_MAX = 3
"""Closing orders in a row that execute nothing; then it takes a new exit or stop request."""

REDUCE_ONLY_REJECTED = "-2022"
"""The venue has nothing to reduce: our view of the position is wrong."""

TARGET_LEGS = (Leg.TP1, Leg.TP2, Leg.TP3)


def ask_exit(state: OrdersState, trade: Trade, qty: Decimal, reason: str) -> None:
    """Notes that `qty` of what remains shall go; the same wish twice is one wish."""
    filters = state.filters.get(trade.symbol)
    left = max(trade.remaining - qty, ZERO)
    if filters is not None and left < filters.lot:
        left = ZERO
    trade.goal = Qty(left if trade.goal is None else min(left, trade.goal))
    trade.exit_reason = reason
    trade.close_attempts = 0
    trade.is_doubtful = False


def ask_full_exit(trade: Trade, reason: str) -> None:
    """Notes that the whole position shall go, whatever was wished before."""
    if trade.goal != 0:
        trade.goal, trade.exit_reason = ZERO, reason


def pursue(
    state: OrdersState, trade: Trade, now: Ns
) -> Iterator[OrderRequested | OrderCancelRequested]:
    """Sends the next closing order, if the goal is not reached and none is on its way."""
    if trade.goal is None:
        return
    if trade.goal == 0:
        for entry in state.legs(trade, Leg.ENTRY):
            yield from withdraw(state, trade, entry, "leaving")
    if state.legs(trade, Leg.CLOSE):
        return
    excess = Qty(trade.remaining - trade.goal)
    if excess <= 0:
        if trade.is_entered:
            trade.goal = None
        return
    if trade.is_doubtful:
        return
    if trade.close_attempts >= CLOSE_ATTEMPTS_MAX:
        trade.goal = None
        return
    yield from _free_targets(state, trade)
    trade.closes_made += 1
    yield place(
        state,
        trade,
        Leg.CLOSE,
        _closing_qty(state, trade, excess),
        now,
        generation=trade.closes_made - 1,
        reason=trade.exit_reason,
    )


def close_ended(trade: Trade, order: WorkingOrder, code: str | None) -> None:
    """Counts a closing order that ended; one with nothing to reduce puts our view in doubt."""
    if order.booked > 0:
        trade.close_attempts = 0
        return
    trade.close_attempts += 1
    trade.is_doubtful = trade.is_doubtful or code == REDUCE_ONLY_REJECTED


def _free_targets(state: OrdersState, trade: Trade) -> Iterator[OrderCancelRequested]:
    """Takes back resting targets, the furthest first, until they fit what the exit leaves."""
    targets = state.legs(trade, *TARGET_LEGS)
    resting = sum((order.qty - order.booked for order in targets), ZERO)
    for order in reversed(targets):
        if trade.goal is None or resting <= trade.goal:
            return
        resting -= order.qty - order.booked
        yield from withdraw(state, trade, order, "software exit")


def _closing_qty(state: OrdersState, trade: Trade, excess: Qty) -> Qty:
    """The excess on the step: at least one lot, at most the position and one market order."""
    filters = state.filters.get(trade.symbol)
    if filters is None:
        return excess
    whole = max(floor_to_step(excess, filters.step), filters.lot)
    return Qty(min(excess if trade.goal == 0 else whole, trade.remaining, filters.market_max_qty))
