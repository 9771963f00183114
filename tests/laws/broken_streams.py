"""One stream of events per invariant that breaks exactly this one: a recorded life, bent once."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TypeVar

from msgspec.structs import replace

from quantum_os.events.base import Event
from quantum_os.events.commands import ActionAsked
from quantum_os.events.execution import (
    Fill,
    Leg,
    OrderCancelRequested,
    OrderQueryRequested,
    OrderRequested,
    OrderState,
    OrderSubmitted,
    OrderUpdated,
    VenueOrder,
    VenueSnapshot,
)
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import MarketData
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.risk import RiskPermit, SafetyAction, SafetyCleared, SafetyTripped
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_DAY, NS_PER_S, Flag, Mode, Ns, Price, Qty, Usd
from quantum_os.formulas.client_ids import client_id
from quantum_os.governance.audit import Audit

Stream = list[tuple[int, Event]]
"""Events with the time of their input, UTC ns."""

Bend = Callable[[Stream], Stream]
E = TypeVar("E", bound=Event)


def places(stream: Stream, kind: type[E], wanted: Callable[[E], bool]) -> list[tuple[int, E]]:
    """Where such events stand."""
    return [
        (at, event)
        for at, (_, event) in enumerate(stream)
        if isinstance(event, kind) and wanted(event)
    ]


def place(stream: Stream, kind: type[E], wanted: Callable[[E], bool] = lambda _: True) -> int:
    """Where the first such event stands; a stream without one proves nothing."""
    return places(stream, kind, wanted)[0][0]


def put(stream: Stream, at: int, *events: Event, later: int = 0) -> Stream:
    """Puts events after a place, at its time or so many ns later."""
    new: Stream = [(stream[at][0] + later, event) for event in events]
    return [*stream[: at + 1], *new, *stream[at + 1 :]]


def changed(stream: Stream, at: int, event: Event) -> Stream:
    return [*stream[:at], (stream[at][0], event), *stream[at + 1 :]]


def request(stream: Stream, leg: Leg) -> tuple[int, OrderRequested]:
    """The first order of a leg that the venue took."""
    taken = {
        event.client_id
        for _, event in places(stream, OrderUpdated, lambda each: each.state is OrderState.ACKED)
    }
    return places(stream, OrderRequested, lambda each: each.leg is leg and each.client_id in taken)[
        0
    ]


def without_order(stream: Stream, client_id: str, *kinds: type[Event]) -> Stream:
    """Leaves out what was said of one order."""
    return [
        (ts, event)
        for ts, event in stream
        if not (isinstance(event, kinds) and getattr(event, "client_id", "") == client_id)
    ]


def unconfirmed(stream: Stream) -> Stream:
    _, stop = request(stream, Leg.STOP)
    return without_order(stream, stop.client_id, OrderUpdated)


def far_stop(stream: Stream) -> Stream:
    at, told = places(stream, PositionUpdated, lambda each: each.stop_price is not None)[0]
    away = Price(told.entry * (Decimal("0.4") if told.qty > 0 else Decimal("1.6")))
    return changed(stream, at, replace(told, stop_price=away, liq_price=None))


def second_lineage(stream: Stream) -> Stream:
    at, entry = places(stream, OrderRequested, lambda each: each.leg is Leg.ENTRY)[0]
    assert entry.intent_id is not None
    name = client_id(0, entry.intent_id, Leg.ENTRY, 1)
    taken = OrderUpdated(
        entry.venue, entry.mode, name, entry.symbol, OrderState.ACKED, Qty(Decimal(0)), Ns(0)
    )
    filled = place(stream, OrderUpdated, lambda each: each.client_id == entry.client_id)
    bent = put(stream, filled, taken)
    return put(bent, at, replace(entry, client_id=name, generation=1))


def same_name(stream: Stream) -> Stream:
    at, order = request(stream, Leg.TP1)
    return put(stream, at, order)


def off_the_record(stream: Stream) -> Stream:
    _, order = request(stream, Leg.TP2)
    sent = place(stream, OrderSubmitted, lambda each: each.client_id == order.client_id)
    instant = [(ts, event) for ts, event in stream if ts <= stream[sent][0]]
    return without_order(instant, order.client_id, OrderRequested)


def unlisted(stream: Stream) -> Stream:
    """From the first listing with a position on, the venue lists none."""
    first = place(stream, VenueSnapshot, lambda each: bool(each.positions))
    return [
        (
            ts,
            replace(event, positions=())
            if at >= first and isinstance(event, VenueSnapshot)
            else event,
        )
        for at, (ts, event) in enumerate(stream)
    ]


def a_dollar_more(stream: Stream) -> Stream:
    at = place(stream, TradeClosed)
    return [
        (ts, replace(event, wallet=Usd(event.wallet + 1), equity=Usd(event.equity + 1)))
        if ts == stream[at][0] and isinstance(event, AccountUpdated)
        else (ts, event)
        for ts, event in stream
    ]


def after_the_end(stream: Stream) -> Stream:
    at, ended = places(stream, OrderUpdated, lambda each: each.state is OrderState.CANCELED)[-1]
    again = OrderCancelRequested(ended.venue, ended.mode, ended.client_id, ended.symbol, "again")
    return put(stream[: at + 1], at, again, later=NS_PER_S)


def closed_again(stream: Stream) -> Stream:
    at = place(stream, TradeClosed)
    return put(stream, at, stream[at][1])


def latched(stream: Stream) -> Stream:
    at = place(stream, RiskPermit)
    ts = stream[at][0]
    latch = SafetyTripped("operator_kill", SafetyAction.HALT_ENTRIES, Ns(ts - NS_PER_S), "never")
    return put(stream, at - 1, latch)


def forgotten(stream: Stream) -> Stream:
    """A new life begins after the latch, and enters."""
    at = place(stream, RiskPermit)
    ts = stream[at][0]
    life = next(event for _, event in stream if isinstance(event, ProcessStarted))
    bent = put(stream, at - 1, replace(life, started_at=Ns(ts)))
    latch = SafetyTripped("operator_kill", SafetyAction.HALT_ENTRIES, Ns(ts - NS_PER_S), "never")
    return put(bent, at - 1, latch)


def unheeded(stream: Stream) -> Stream:
    _, order = request(stream, Leg.CLOSE)
    return without_order(stream, order.client_id, OrderRequested, OrderSubmitted, OrderUpdated)


def enlarging(stream: Stream) -> Stream:
    at, order = request(stream, Leg.TP1)
    return changed(stream, at, replace(order, reduce_only=False))


def bared(stream: Stream) -> Stream:
    at, told = places(stream, PositionUpdated, lambda each: each.stop_qty >= abs(each.qty) > 0)[0]
    stop = places(
        stream[:at],
        OrderRequested,
        lambda each: each.leg is Leg.STOP and each.symbol == told.symbol,
    )[-1][1]
    return put(
        stream, at, OrderCancelRequested(stop.venue, stop.mode, stop.client_id, stop.symbol, "bug")
    )


def between_steps(stream: Stream) -> Stream:
    at, order = request(stream, Leg.TP1)
    return changed(stream, at, replace(order, qty=Qty(order.qty + Decimal("0.00000001"))))


def with_limits(**limits: float) -> Bend:
    """The limits in force are smaller than what was permitted under others."""

    def bend(stream: Stream) -> Stream:
        return [
            (ts, replace(event, limits=replace(event.limits, **limits)))
            if isinstance(event, PolicyUpdated)
            else (ts, event)
            for ts, event in stream
        ]

    return bend


def expired(stream: Stream) -> Stream:
    at, permit = places(stream, RiskPermit, lambda _: True)[0]
    intent = replace(permit.intent, expires=Ns(stream[at][0] - NS_PER_S))
    return changed(stream, at, replace(permit, intent=intent))


def doubtful(stream: Stream) -> Stream:
    """The last cross-section before a permit calls its symbol's price stale."""
    at, permit = places(stream, RiskPermit, lambda _: True)[0]
    seen, market = places(stream[:at], MarketData, lambda _: True)[-1]
    flags = tuple(
        (Flag.STALE,) if symbol == permit.intent.symbol else flags
        for symbol, flags in zip(market.symbols, market.flags, strict=True)
    )
    return changed(stream, seen, replace(market, flags=flags))


def listings(stream: Stream, *seconds: int, orders: tuple[VenueOrder, ...] = ()) -> Stream:
    """The venue's last listing again, so many seconds after the end."""
    end = stream[-1][0]
    last = places(stream, VenueSnapshot, lambda _: True)[-1][1]
    return [(end + each * NS_PER_S, replace(last, orders=orders)) for each in seconds]


def resting(stream: Stream, *, reduce_only: bool) -> VenueOrder:
    _, order = request(stream, Leg.TP1)
    nothing = Qty(Decimal(0))
    return VenueOrder(
        client_id(0, "nobody", Leg.TP1, 0),
        order.symbol,
        order.kind,
        order.side,
        order.qty,
        nothing,
        reduce_only,
        order.price,
        None,
    )


def unresolved(stream: Stream) -> Stream:
    _, order = request(stream, Leg.TP1)
    asked = OrderQueryRequested(order.venue, order.mode, order.client_id, order.symbol)
    return put(stream, len(stream) - 1, asked) + listings(stream, 20, 40, 60, 80, 100)


def orphaned(stream: Stream) -> Stream:
    return stream + listings(stream, 1, 15, orders=(resting(stream, reduce_only=True),))


def not_withdrawn(stream: Stream) -> Stream:
    return stream + listings(stream, 1, orders=(resting(stream, reduce_only=False),))


def tried_again(stream: Stream) -> Stream:
    at, entry = places(stream, OrderRequested, lambda each: each.leg is Leg.ENTRY)[0]
    assert entry.intent_id is not None
    names = [client_id(0, entry.intent_id, Leg.ENTRY, each) for each in (1, 2, 3)]
    more = [replace(entry, client_id=name, generation=1 + at) for at, name in enumerate(names)]
    return put(stream, at, *more)


def no_rate(stream: Stream) -> Stream:
    def without(event: PolicyUpdated) -> PolicyUpdated:
        risk = replace(event.policy.risk, orders_per_minute=0)
        return replace(event, policy=replace(event.policy, risk=risk))

    return [
        (ts, without(event) if isinstance(event, PolicyUpdated) else event) for ts, event in stream
    ]


def another_epoch(stream: Stream) -> Stream:
    _, entry = places(stream, OrderRequested, lambda each: each.leg is Leg.ENTRY)[0]
    assert entry.intent_id is not None
    name = client_id(7, entry.intent_id, Leg.ENTRY, 0)
    return [
        (ts, replace(event, client_id=name))
        if getattr(event, "client_id", "") == entry.client_id
        else (ts, event)
        for ts, event in stream
    ]


def real_money(stream: Stream) -> Stream:
    at, fill = places(stream, Fill, lambda _: True)[0]
    return changed(stream, at, replace(fill, mode=Mode.LIVE))


def opened_by_itself(stream: Stream) -> Stream:
    since = Ns(stream[-1][0] // NS_PER_DAY * NS_PER_DAY)
    cleared = SafetyCleared("daily_loss", "clock", "a new UTC day", since)
    return put(stream, len(stream) - 1, cleared, later=NS_PER_S)


def rewritten(stream: Stream) -> Stream:
    asked = ActionAsked("1", "ann", "operator", "t", "limits", "x", "why", "", "", Ns(0), "test")
    desk = Audit()
    first, second = desk.on_action(asked), desk.on_action(asked)
    return put(stream, len(stream) - 1, first, replace(second, reason="another"))


BROKEN_STREAMS: Mapping[int, Bend] = MappingProxyType(
    {
        1: unconfirmed,
        2: far_stop,
        3: second_lineage,
        4: same_name,
        5: off_the_record,
        6: unlisted,
        7: a_dollar_more,
        8: after_the_end,
        9: closed_again,
        10: with_limits(gross_notional_x=0.01),
        11: with_limits(leverage_max=1),
        12: latched,
        13: forgotten,
        14: unheeded,
        15: enlarging,
        16: expired,
        17: doubtful,
        23: unresolved,
        24: orphaned,
        25: not_withdrawn,
        26: bared,
        27: tried_again,
        28: no_rate,
        29: another_epoch,
        30: real_money,
        31: between_steps,
        32: opened_by_itself,
        33: rewritten,
    }
)
"""By the number of the invariant, how a whole and legal life is bent so that it breaks."""
