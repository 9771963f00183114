"""A new life asks what became of every order in flight, and sends no entry of the life before."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.execution import (
    Leg,
    OrderCancelRequested,
    OrderQueryRequested,
    OrderRequested,
    OrderState,
    ResultStatus,
)
from quantum_os.events.exits import ExitIntent, StopRequested
from quantum_os.execution.orders import Orders
from tests.execution.desk import BTC, Desk, intent, leave, started, stop_at

REBORN = started(epoch=1, world_went_on=True)
TARGETS = (Leg.TP1, Leg.TP2, Leg.TP3)


def reborn(desk: Desk) -> Desk:
    """A new life of the desk's orders at the same venue, before it is told that it lives."""
    again = Orders()
    again.restore(desk.orders.snapshot())
    again.keep_time_by(desk.instant)
    desk.orders = again
    return desk


def asked(desk: Desk) -> list[str]:
    return [query.client_id for query in desk.says(OrderQueryRequested)]


def test_a_life_in_a_world_that_stood_still_asks_nothing() -> None:
    desk = Desk()
    desk.enters(intent())
    assert reborn(desk).hears(started(epoch=1))[1:] == []


def test_every_order_that_has_not_ended_is_asked_for_once() -> None:
    desk = Desk()
    desk.enters(intent())
    living = [order.client_id for order in desk.venue.resting()]
    reborn(desk).hears(REBORN)
    assert asked(desk) == living
    assert len(living) == 4
    assert all(order.is_resting for order in desk.orders.state.orders.values())


def test_f59_an_entry_that_left_before_the_death_is_found_and_not_sent_again() -> None:
    desk = Desk()
    desk.venue.silent = {Leg.ENTRY}
    desk.permits(intent())
    (entry,) = desk.requested(Leg.ENTRY)
    reborn(desk).hears(REBORN)
    desk.hears(*desk.venue.fills(entry))
    assert desk.requested(Leg.ENTRY) == [entry]
    assert [end for _, end, _ in desk.results()] == [ResultStatus.FILLED]
    assert desk.venue.resting(Leg.STOP)


def test_f59_an_entry_that_never_arrived_expires_and_is_not_sent_again() -> None:
    desk = Desk()
    desk.venue.lost = {Leg.ENTRY}
    desk.permits(intent())
    reborn(desk).hears(REBORN)
    assert len(desk.requested(Leg.ENTRY)) == 1
    assert [end for _, end, _ in desk.results()] == [ResultStatus.SKIPPED_STALE]
    assert desk.orders.state.trades == {}
    assert desk.conservation.residual == 0


def test_an_entry_that_waited_for_its_leverage_ends_with_its_life() -> None:
    desk = Desk()
    desk.venue.is_deaf = True
    desk.permits(intent())
    reborn(desk).hears(REBORN)
    assert desk.results() == [("i1", ResultStatus.SKIPPED_STALE, "RESTARTED")]
    assert desk.requested(Leg.ENTRY) == []


def test_exits_that_never_arrived_are_placed_again_under_the_new_epoch() -> None:
    desk = Desk()
    desk.venue.lost = {Leg.STOP, *TARGETS}
    desk.enters(intent())
    assert desk.venue.resting() == []
    desk.venue.lost = set()
    reborn(desk).hears(REBORN)
    resting = desk.venue.resting()
    assert {order.leg for order in resting} == {Leg.STOP, *TARGETS}
    assert all(order.client_id.startswith("qos1-") for order in resting)
    assert sum(order.qty for order in resting if order.leg in TARGETS) == Decimal(1)


def test_a_close_that_never_arrived_is_sent_again_and_once() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.venue.lost = {Leg.CLOSE}
    desk.hears(leave(wish, "1"))
    desk.venue.lost = set()
    reborn(desk).hears(REBORN)
    (close,) = desk.venue.resting(Leg.CLOSE)
    desk.hears(*desk.venue.fills(close))
    assert set(desk.venue.held.values()) == {Decimal(0)}


def test_three_deaths_in_a_row_are_no_refusal_by_the_venue() -> None:
    desk = Desk()
    desk.venue.lost = {Leg.STOP}
    desk.enters(intent())
    for epoch in range(1, 5):
        reborn(desk).hears(started(epoch=epoch, world_went_on=True))
    assert desk.requested(Leg.CLOSE) == []


def test_a_cancel_that_died_on_its_way_is_asked_for_again() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    (old,) = desk.venue.resting(Leg.STOP)
    desk.venue.silent = {Leg.STOP}
    desk.hears(stop_at(wish, "99"))
    new = desk.requested(Leg.STOP)[-1]
    desk.orders.on_updated(desk.venue.updates(new, OrderState.ACKED))  # its cancel is lost
    reborn(desk).hears(REBORN)
    cancels = [event.client_id for event in desk.says(OrderCancelRequested)]
    assert cancels == [old.client_id]
    assert desk.venue.resting(Leg.STOP) == [new]


def spooled(desk: Desk, generation: int = 0) -> OrderRequested:
    """An exit of a lost life: it was sent, and only the emergency spool knows of it."""
    wish = intent()
    other = Desk()
    other.enters(wish)
    other.hears(*(leave(wish, "1") for _ in range(generation + 1)))
    return other.requested(Leg.CLOSE)[-1]


def test_a_spooled_exit_is_taken_over_and_its_fill_is_ours() -> None:
    desk = Desk()
    desk.enters(intent())
    close = spooled(desk)
    reborn(desk).orders.on_requested(close)
    list(desk.orders.on_process_started(REBORN))
    assert close.client_id in desk.orders.state.orders
    desk.venue.open[close.client_id] = close
    desk.venue.cum[close.client_id] = Decimal(0)
    desk.hears(*desk.venue.fills(close))
    assert desk.requested(Leg.CLOSE) == []
    assert desk.orders.state.fills_foreign == 0
    assert desk.orders.state.trades == {}


def test_a_record_that_is_known_is_merged_into_nothing() -> None:
    desk = Desk()
    desk.enters(intent())
    before = desk.orders.snapshot()
    for order in desk.says(OrderRequested):
        desk.orders.on_requested(order)
    assert desk.orders.snapshot() == before


def lost(*requests: ExitIntent | StopRequested, lists: bool = True) -> Desk:
    """A new life after one that knew a position by what was asked for it alone, and was lost.

    Its exits have left and only the emergency spool knows of them; the venue holds one.
    """
    before, desk = Desk(), Desk()
    before.venue.held[BTC] = Decimal(1)
    before.hears(*requests)
    desk.venue = before.venue
    for order in before.says(OrderRequested):
        desk.orders.on_requested(order)
    reborn(desk).hears(REBORN)
    if lists:
        desk.hears(desk.venue.lists())
    return desk


def test_the_stop_of_a_lost_position_stays_while_it_is_held_and_goes_with_it() -> None:
    desk = lost(stop_at(intent(), "98"))
    (stop,) = desk.venue.resting(Leg.STOP)
    assert desk.says(OrderCancelRequested) == []
    desk.hears(leave(intent(), "1"))
    desk.hears(*desk.venue.fills(desk.requested(Leg.CLOSE)[-1]))
    assert [each.client_id for each in desk.says(OrderCancelRequested)] == [stop.client_id]
    assert (desk.venue.resting(), desk.orders.state.trades) == ([], {})


def test_the_stop_of_a_lost_position_that_is_gone_is_taken_back_once_the_venue_has_said_so() -> (
    None
):
    desk = lost(stop_at(intent(), "98"), lists=False)
    assert len(desk.venue.resting(Leg.STOP)) == 1, "what it covers is not known yet"
    desk.venue.held[BTC] = Decimal(0)
    desk.hears(desk.venue.lists())
    assert (desk.venue.resting(), desk.orders.state.trades) == ([], {})


def test_of_two_stops_of_a_lost_position_the_tighter_one_stays() -> None:
    desk = lost(stop_at(intent(), "98"), stop_at(intent(), "99"))
    assert [stop.trigger for stop in desk.venue.resting(Leg.STOP)] == [Decimal(99)]
    assert desk.requested(Leg.STOP) == []


def test_more_than_the_stop_of_a_lost_position_covers_is_covered() -> None:
    desk = lost(stop_at(intent(), "98"), lists=False)
    desk.venue.held[BTC] = Decimal(2)
    desk.hears(desk.venue.lists())
    assert [stop.qty for stop in desk.venue.resting(Leg.STOP)] == [Decimal(2)]


def test_a_close_of_a_lost_position_that_never_arrived_makes_nobody_deaf() -> None:
    desk = Desk()
    desk.venue.held[BTC] = Decimal(1)
    other = Desk()
    other.venue.lost = {Leg.CLOSE}
    other.hears(leave(intent(), "1"))
    desk.orders.on_requested(other.requested(Leg.CLOSE)[-1])
    reborn(desk).hears(REBORN)
    desk.hears(leave(intent(), "1"))
    desk.hears(*desk.venue.fills(desk.requested(Leg.CLOSE)[-1]))
    assert desk.venue.held[BTC] == Decimal(0)


def test_what_is_asked_for_a_lost_position_before_it_is_listed_is_done() -> None:
    desk = lost(stop_at(intent(), "98"), lists=False)
    desk.hears(stop_at(intent(), "99"))
    assert [stop.trigger for stop in desk.venue.resting(Leg.STOP)] == [Decimal(99)]
    desk.hears(leave(intent(), "1"))
    desk.hears(*desk.venue.fills(desk.requested(Leg.CLOSE)[-1]))
    assert (desk.venue.resting(), desk.orders.state.trades) == ([], {})


@given(st.sets(st.sampled_from(list(Leg))), st.integers(1, 3))
def test_whatever_was_lost_the_position_is_protected_and_nothing_doubles(
    legs: set[Leg], deaths: int
) -> None:
    desk = Desk()
    desk.venue.lost = set(legs)
    desk.permits(intent())
    for epoch in range(1, deaths + 1):
        desk.venue.lost = set()
        reborn(desk).hears(started(epoch=epoch, world_went_on=True))
    for entry in desk.requested(Leg.ENTRY):
        desk.hears(*desk.venue.fills(entry))
    held = sum(desk.venue.held.values())
    assert len(desk.requested(Leg.ENTRY)) == 1
    assert held in (Decimal(0), Decimal(1))
    assert sum(stop.qty for stop in desk.venue.resting(Leg.STOP)) == held
    assert desk.conservation.residual == 0
    assert desk.conservation.state.in_flight == 0
