"""Where every order stands, and each of its fills."""

from collections.abc import Iterator
from decimal import Decimal

from quantum_os.events.execution import (
    Fill,
    OrderCancelRequested,
    OrderRequested,
    OrderState,
    OrderSubmitted,
    OrderUpdated,
)
from quantum_os.formulas.order_states import Standing, advance
from quantum_os.storage.database.trade_tables import FILLS, ORDERS
from quantum_os.storage.projections.change import Change, Heard, Row, changed, made, plain


def on_requested(heard: Heard) -> Iterator[Change]:
    event: OrderRequested = heard.event

    def fold(row: Row | None) -> Row:
        base = row or _unasked(heard, event.venue, event.client_id)
        return {**base, **plain(event), "epoch": heard.life.epoch, **changed(heard, row)}

    yield Change(ORDERS, (event.venue, event.client_id), fold)


def on_submitted(heard: Heard) -> Iterator[Change]:
    event: OrderSubmitted = heard.event

    def fold(row: Row | None) -> Row:
        base = row or _of_venue(heard, event)
        state = advance(_standing(base), OrderState.SUBMITTED, Decimal(0))
        return {
            **base,
            "state": state.state.value,
            "submitted_at": base["submitted_at"] or heard.at,
            **changed(heard, row),
        }

    yield Change(ORDERS, (event.venue, event.client_id), fold)


def on_cancel_requested(heard: Heard) -> Iterator[Change]:
    """Notes the wish; where the order stands is for the venue to say."""
    event: OrderCancelRequested = heard.event

    def fold(row: Row | None) -> Row:
        base = row or _of_venue(heard, event)
        wish = {"cancel_requested_at": heard.at, "cancel_reason": event.reason}
        return {**base, **wish, **changed(heard, row)}

    yield Change(ORDERS, (event.venue, event.client_id), fold)


def on_updated(heard: Heard) -> Iterator[Change]:
    event: OrderUpdated = heard.event

    def fold(row: Row | None) -> Row:
        base = row or _of_venue(heard, event)
        before = _standing(base)
        after = advance(before, event.state, event.cum_qty)
        if before.is_terminal or event.cum_qty < before.cum_qty:
            return base
        return {
            **base,
            "state": after.state.value,
            "cum_qty": after.cum_qty,
            "avg_price": _newer(event.avg_price, base["avg_price"]),
            "venue_id": _newer(event.venue_id, base["venue_id"]),
            "code": _newer(event.code, base["code"]),
            "state_reason": event.reason or base["state_reason"],
            "venue_ts": event.venue_ts,
            **changed(heard, row),
        }

    yield Change(ORDERS, (event.venue, event.client_id), fold)


def on_fill(heard: Heard) -> Iterator[Change]:
    """A fill that the venue repeats is the fill we have."""
    event: Fill = heard.event
    row = {**plain(event), **made(heard)}
    yield Change(FILLS, (event.venue, event.trade_id), lambda before: before or row, reads=False)


def _of_venue(heard: Heard, event: OrderSubmitted | OrderCancelRequested | OrderUpdated) -> Row:
    """An order that we know only from what was said of it: a liquidation, a person's own."""
    row = _unasked(heard, event.venue, event.client_id)
    return {**row, "mode": event.mode.value, "symbol": event.symbol}


def _unasked(heard: Heard, venue: str, client_id: str) -> Row:
    row: Row = dict.fromkeys(column.name for column in ORDERS.columns)
    known = {
        "venue": venue,
        "client_id": client_id,
        "state": OrderState.NEW.value,
        "cum_qty": Decimal(0),
        "state_reason": "",
    }
    return {**row, **known, **changed(heard, None)}


def _standing(row: Row) -> Standing:
    return Standing(OrderState(row["state"]), row["cum_qty"])


def _newer(said: object, known: object) -> object:
    return known if said is None else said
