"""Which stop and targets a position rests with at the venue, and how one stop replaces another."""

from collections.abc import Iterator
from decimal import Decimal

from quantum_os.events.execution import Leg, OrderCancelRequested, OrderRequested, OrderState
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.units import Ns, Price, Qty
from quantum_os.execution.closing import TARGET_LEGS, ask_full_exit
from quantum_os.execution.placing import place, withdraw
from quantum_os.execution.trades import ZERO, OrdersState, Trade, WorkingOrder
from quantum_os.formulas.exit_levels import tighter
from quantum_os.formulas.rounding import floor_to_step, protective_stop_price, target_price

STOPS_MAX = 2
"""Stop orders of one position at the venue: the resting one, and the one that replaces it."""

STOP_ATTEMPTS_MAX = 3
"""Stops in a row that the venue refuses or drops; then the position is closed at the market."""

WOULD_TRIGGER_NOW = "-2021"
"""The venue refuses a stop whose trigger the market has already passed."""

TRIGGER_FAILED = "trigger_failed"
"""A stop was triggered and the order it became came to nothing: the market has passed it too."""


def protect(
    state: OrdersState, trade: Trade, now: Ns
) -> Iterator[OrderRequested | OrderCancelRequested]:
    """Keeps one right stop at the venue while anything is held: new first, then the old goes."""
    if trade.stop_price is None or not state.is_exposed(trade):
        return
    stops = state.legs(trade, Leg.STOP)
    if any(stop.standing.is_terminal for stop in stops):
        # One has been executed and its fills are on their way: they decide what is left to protect.
        return
    if len(stops) > 1 and stops[-1].is_resting:
        trade.stop_attempts = 0
        yield from _leave_one(state, trade, stops)
    if trade.goal == 0 or len(stops) >= STOPS_MAX:
        return
    if not stops and trade.stop_attempts >= STOP_ATTEMPTS_MAX:
        ask_full_exit(trade, "no stop accepted")
    elif not stops or trade.renews_stop or not _is_wanted(trade, stops[-1]):
        yield _next_stop(state, trade, now)


def stop_ended(state: OrdersState, trade: Trade, order: WorkingOrder, code: str | None) -> None:
    """Draws the conclusion from a stop that ended: closed at once, tried again, or as planned."""
    if code in (WOULD_TRIGGER_NOW, TRIGGER_FAILED):
        ask_full_exit(trade, "stop already passed")
    elif order.standing.state is OrderState.FILLED:
        ask_full_exit(trade, "stop")
    elif not order.withdrawn:
        trade.stop_attempts += 1
        others = [stop for stop in state.legs(trade, Leg.STOP) if not stop.withdrawn]
        if others and trade.stop_attempts >= STOP_ATTEMPTS_MAX:
            # The older one still protects: the wish to move it is given up, not the position.
            trade.stop_price, trade.stop_qty = others[-1].trigger, others[-1].qty
            trade.stop_attempts = 0


def move_stop(state: OrdersState, trade: Trade, price: Price, qty: Qty, now: Ns) -> str | None:
    """Notes a tighter stop for `protect` to place, or gives the reason why it is refused.

    Raises nothing: a refusal is counted by the caller. Price and quantity are rounded here.
    """
    filters = state.filters.get(trade.symbol)
    if filters is not None:
        price = Price(protective_stop_price(price, filters.tick, trade.side))
        qty = Qty(floor_to_step(qty, filters.step))
    held = trade.remaining if trade.is_entered else trade.planned
    qty = min(max(qty, held), max(trade.planned, held))
    stops = [stop for stop in state.legs(trade, Leg.STOP) if not stop.withdrawn]
    if trade.goal == 0:
        return "LEAVING"
    if stops:
        reason = _why_not(state, trade, stops[-1], price, qty, now)
        if reason is not None:
            return reason
    trade.renews_stop = bool(stops) and not any(stop.is_resting for stop in stops)
    trade.stop_price = Price(tighter(trade.side, price, trade.stop_price or price))
    trade.stop_qty = qty
    trade.stop_attempts = 0
    return None


def place_targets(state: OrdersState, trade: Trade, now: Ns) -> Iterator[OrderRequested]:
    """Puts the profit targets for what was filled, once; a runner has none."""
    if trade.has_targets or not trade.is_entered or trade.intent is None or trade.qty == 0:
        return
    trade.has_targets = True
    filters = state.filters[trade.symbol]
    if trade.goal is not None:
        return
    legs = scaled_legs(trade.intent, trade.remaining, filters.step, filters.lot)
    for leg, price, qty in zip(TARGET_LEGS, trade.intent.tp_prices, legs, strict=False):
        if price is not None and qty > 0:
            on_grid = Price(target_price(price, filters.tick, trade.side))
            yield place(state, trade, leg, qty, now, price=on_grid)


def place_target_again(
    state: OrdersState, trade: Trade, gone: WorkingOrder, now: Ns
) -> Iterator[OrderRequested]:
    """Puts a target once more that never reached the venue."""
    if gone.leg not in TARGET_LEGS or gone.withdrawn or trade.intent is None:
        return
    if trade.goal is not None or trade.qty == 0:
        return
    price = trade.intent.tp_prices[TARGET_LEGS.index(gone.leg)]
    if price is not None:
        on_grid = Price(target_price(price, state.filters[trade.symbol].tick, trade.side))
        generation = gone.generation + 1
        yield place(state, trade, gone.leg, gone.qty, now, generation=generation, price=on_grid)


def scaled_legs(intent: TradeIntent, qty: Decimal, step: Decimal, lot: Decimal) -> tuple[Qty, ...]:
    """The plan's leg quantities for `qty` actually held; their sum is `qty` to the last digit.

    Each is floored to the step and the last takes the remainder. One that is too small to be an
    order is merged: the legs that are left then belong to the nearest targets.
    """
    planned = sum(intent.tp_qtys, ZERO)
    floored = [floor_to_step(leg * qty / planned, step) for leg in intent.tp_qtys[:-1]]
    legs = [Qty(leg) for leg in floored if leg >= lot]
    last = Qty(qty - sum(legs, ZERO))
    if legs and last < lot:
        return (*legs[:-1], Qty(legs[-1] + last))
    return (*legs, last)


def _why_not(
    state: OrdersState, trade: Trade, newest: WorkingOrder, price: Price, qty: Qty, now: Ns
) -> str | None:
    """Why a stop is not worth replacing, None if it is."""
    wanted = trade.stop_price
    if wanted is None:
        return None
    gain = trade.side.sign * (price - wanted)
    if gain < 0:
        return "LOOSER"
    if not newest.is_resting:
        # One that nobody has answered for is put again by whoever watches over naked positions.
        return "PENDING" if gain == 0 and newest.created >= now else None
    if newest.qty < trade.remaining <= qty:
        return None
    terms, filters = state.terms, state.filters.get(trade.symbol)
    if gain == 0:
        return "NOT_BETTER"
    if terms is None or filters is None:
        return None
    small = gain <= terms.replace_min_ticks * filters.tick
    return "TOO_SMALL" if small or float(gain / wanted) <= terms.replace_min_frac else None


def _leave_one(
    state: OrdersState, trade: Trade, stops: list[WorkingOrder]
) -> Iterator[OrderCancelRequested]:
    """Takes back what the newest stop replaces; one that covers less than an older one may go.

    A life that was lost may have made it for what was left after a fill that died with that life.
    """
    newest = stops[-1]
    for old in stops[:-1]:
        if _cover(trade, newest) >= _cover(trade, old):
            yield from withdraw(state, trade, old, "replaced")
        elif old.is_resting and not old.withdrawn and not _is_wanted(trade, newest):
            yield from withdraw(state, trade, newest, "too small")


def _cover(trade: Trade, stop: WorkingOrder) -> Decimal:
    return min(stop.qty - stop.booked, trade.remaining)


def _is_wanted(trade: Trade, stop: WorkingOrder) -> bool:
    right = stop.trigger == trade.stop_price and stop.qty == trade.stop_qty
    return right and not stop.withdrawn


def _next_stop(state: OrdersState, trade: Trade, now: Ns) -> OrderRequested:
    trade.stops_made += 1
    trade.renews_stop = False
    filters = state.filters.get(trade.symbol)
    if filters is not None and trade.stop_price is not None:
        # The grid may be another one than when the price was asked for.
        on_grid = protective_stop_price(trade.stop_price, filters.tick, trade.side)
        trade.stop_price = Price(on_grid)
    return place(
        state,
        trade,
        Leg.STOP,
        trade.stop_qty,
        now,
        generation=trade.stops_made - 1,
        trigger=trade.stop_price,
    )
