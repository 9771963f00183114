"""Which stop and targets rest at the venue, and how stops are moved."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.execution import (
    ExecutionResult,
    Leg,
    OrderCancelRequested,
    OrderRequested,
    OrderState,
    OrderUpdated,
    ResultStatus,
)
from quantum_os.events.units import PositionSide, Price
from quantum_os.execution.protection import STOP_ATTEMPTS_MAX, scaled_legs
from tests.execution.desk import (
    BTC,
    Desk,
    instruments,
    intent,
    started,
    stop_at,
)

SIDES = (PositionSide.LONG, PositionSide.SHORT)


def test_f66_position_without_a_stop() -> None:
    desk = Desk()
    desk.permits(intent())
    (entry,) = desk.requested(Leg.ENTRY)
    fill, _ = desk.venue.fills(entry, "0.1")
    said = desk.hears(fill)
    (stop,) = [e for e in said if isinstance(e, OrderRequested)]
    assert (stop.leg, stop.qty) == (Leg.STOP, Decimal(1))
    assert desk.venue.resting(Leg.STOP) == [stop]


def test_hears_a_partial_end_and_resizes_the_stop_new_before_old() -> None:
    desk = Desk()
    wish = intent()
    desk.permits(wish)
    (entry,) = desk.requested(Leg.ENTRY)
    desk.hears(*desk.venue.fills(entry, "0.5"))
    said = desk.hears(desk.venue.ends(entry, OrderState.EXPIRED))
    (result,) = desk.says(ExecutionResult)
    assert (result.status, result.qty) == (ResultStatus.PARTIAL, Decimal("0.5"))
    old, new = desk.requested(Leg.STOP)
    assert (new.qty, new.trigger) == (Decimal("0.5"), old.trigger)
    taken_back = next(e for e in said if isinstance(e, OrderCancelRequested))
    assert taken_back.client_id == old.client_id
    assert said.index(new) < said.index(taken_back)
    assert desk.venue.resting(Leg.STOP) == [new]
    assert [t.qty for t in desk.requested(Leg.TP1, Leg.TP2, Leg.TP3)] == [
        Decimal("0.15"),
        Decimal("0.15"),
        Decimal("0.2"),
    ]


def test_f78_legs_close_the_whole_position_and_leave_nothing_behind() -> None:
    desk = Desk()
    wish = intent(shares=("0.25", "0.25", "0.50"))
    desk.enters(wish)
    stop = desk.requested(Leg.STOP)[0]
    for target in desk.requested(Leg.TP1, Leg.TP2, Leg.TP3):
        desk.hears(*desk.venue.fills(target))
    assert desk.venue.held[BTC] == 0
    assert desk.venue.resting() == []
    assert [c.client_id for c in desk.says(OrderCancelRequested)] == [stop.client_id]
    assert desk.orders.state.trades == {}
    assert desk.orders.state.orders == {}


def test_hears_the_stop_fill_and_takes_the_targets_back() -> None:
    desk = Desk()
    desk.enters(intent())
    desk.hears(*desk.venue.fills(desk.requested(Leg.STOP)[0], price="98"))
    assert desk.venue.resting() == []
    assert len(desk.says(OrderCancelRequested)) == 3
    assert desk.orders.state.trades == {}
    assert desk.requested(Leg.CLOSE) == []


@pytest.mark.parametrize("side", SIDES)
def test_f56_hears_a_tighter_stop_and_places_the_new_before_the_old_goes(
    side: PositionSide,
) -> None:
    desk = Desk()
    wish = intent(side=side)
    desk.enters(wish)
    (old,) = desk.venue.resting(Leg.STOP)
    said = desk.hears(stop_at(wish, str(100 + side.sign)))
    new = desk.requested(Leg.STOP)[-1]
    taken_back = next(e for e in said if isinstance(e, OrderCancelRequested))
    acked = next(e for e in said if isinstance(e, OrderUpdated) and e.client_id == new.client_id)
    assert (new.generation, new.trigger) == (1, Decimal(100 + side.sign))
    assert said.index(new) < said.index(acked) < said.index(taken_back)
    assert taken_back.client_id == old.client_id
    assert desk.venue.resting(Leg.STOP) == [new]


@pytest.mark.parametrize(
    ("price", "reason"),
    [("97", "LOOSER"), ("98", "NOT_BETTER"), ("98.1", "TOO_SMALL"), ("98.05", "TOO_SMALL")],
)
def test_hears_a_stop_that_is_not_worth_moving_and_counts_it(price: str, reason: str) -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    assert len(desk.hears(stop_at(wish, price))) == 1
    assert desk.orders.state.stops_refused == {reason: 1}


@pytest.mark.parametrize(
    ("side", "asked", "placed"),
    [(PositionSide.LONG, "98.51", "98.6"), (PositionSide.SHORT, "101.49", "101.4")],
)
def test_a_stop_is_rounded_towards_safety(side: PositionSide, asked: str, placed: str) -> None:
    desk = Desk()
    wish = intent(side=side)
    desk.enters(wish)
    desk.hears(stop_at(wish, asked))
    assert desk.requested(Leg.STOP)[-1].trigger == Decimal(placed)


def test_hears_tighter_stops_faster_than_the_venue_answers_and_rests_two_at_most() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.venue.silent.add(Leg.STOP)
    for price in ("98.5", "99", "99.5"):
        desk.hears(stop_at(wish, price))
        assert len(desk.venue.resting(Leg.STOP)) <= 2
    desk.venue.silent.clear()
    desk.hears(desk.venue.updates(desk.venue.resting(Leg.STOP)[-1], OrderState.ACKED))
    assert [stop.trigger for stop in desk.venue.resting(Leg.STOP)] == [Decimal("99.5")]
    assert [stop.trigger for stop in desk.requested(Leg.STOP)] == [
        Decimal(98),
        Decimal("98.5"),
        Decimal("99.5"),
    ]


def smaller_stop(desk: Desk) -> OrderRequested:
    """The stop of a lost life for what its first target had left; that fill was lost with it."""
    lost = Desk()
    lost.venue.silent.add(Leg.STOP)
    lost.enters(intent())
    lost.hears(*lost.venue.fills(lost.requested(Leg.TP1)[0], price="102"))
    lost.hears(stop_at(intent(), "99", "0.7"))
    stop = lost.requested(Leg.STOP)[-1]
    assert stop.qty == Decimal("0.7")
    desk.orders.on_requested(stop)
    desk.venue.open[stop.client_id], desk.venue.cum[stop.client_id] = stop, Decimal(0)
    return stop


def test_a_stop_for_all_that_is_held_is_not_taken_back_for_one_of_a_lost_life_that_is_smaller() -> (
    None
):
    desk = Desk()
    desk.enters(intent())
    (whole,) = desk.venue.resting(Leg.STOP)
    smaller = smaller_stop(desk)
    assert list(desk.orders.on_process_started(started(epoch=1, world_went_on=True)))
    desk.hears(desk.venue.updates(smaller, OrderState.ACKED))
    assert desk.says(OrderCancelRequested) == [], "1 is held as far as we know, and it covers 0.7"
    desk.hears(*desk.venue.fills(desk.requested(Leg.TP1)[0], price="102"))
    assert desk.says(OrderCancelRequested)[0].client_id == whole.client_id


def test_one_of_a_lost_life_that_is_smaller_makes_way_for_one_that_covers_all() -> None:
    desk = Desk()
    desk.enters(intent())
    smaller = smaller_stop(desk)
    desk.hears(desk.venue.updates(smaller, OrderState.ACKED))
    assert desk.says(OrderCancelRequested)[0].client_id == smaller.client_id
    assert [stop.qty for stop in desk.venue.resting(Leg.STOP)] == [Decimal(1)]


def test_hears_the_same_stop_again_for_one_nobody_answered_for_and_puts_it_again() -> None:
    desk = Desk()
    wish = intent()
    desk.venue.silent.add(Leg.STOP)
    desk.enters(wish)
    desk.hears(stop_at(wish, "98"))
    assert desk.orders.state.stops_refused == {"PENDING": 1}
    desk.venue.silent.clear()
    desk.passes(3)
    desk.hears(stop_at(wish, "98"))
    assert [stop.generation for stop in desk.venue.resting(Leg.STOP)] == [1]


@pytest.mark.parametrize("moves", [False, True])
def test_f99_a_stop_already_passed_closes_at_the_market(*, moves: bool) -> None:
    desk = Desk()
    wish = intent()
    if moves:
        desk.enters(wish)
        desk.venue.rejects[Leg.STOP] = ["-2021"]
        desk.hears(stop_at(wish, "99.9"))
    else:
        desk.venue.rejects[Leg.STOP] = ["-2021"]
        desk.enters(wish)
    (close,) = desk.requested(Leg.CLOSE)
    assert close.qty == 1
    assert desk.venue.resting(Leg.TP1, Leg.TP2, Leg.TP3) == []
    desk.hears(*desk.venue.fills(close))
    assert desk.venue.held[BTC] == 0
    assert desk.venue.resting() == []


def test_hears_stops_refused_and_tries_again_up_to_its_limit_then_closes() -> None:
    desk = Desk()
    desk.venue.rejects[Leg.STOP] = ["-1008"] * STOP_ATTEMPTS_MAX
    desk.enters(intent())
    assert [stop.generation for stop in desk.requested(Leg.STOP)] == [0, 1, 2]
    assert [close.qty for close in desk.requested(Leg.CLOSE)] == [1]


def test_hears_a_replacement_refused_and_keeps_the_stop_that_rests() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.venue.rejects[Leg.STOP] = ["-1008"] * 10
    desk.hears(stop_at(wish, "99"))
    assert len(desk.requested(Leg.STOP)) == 1 + STOP_ATTEMPTS_MAX
    assert [stop.trigger for stop in desk.venue.resting(Leg.STOP)] == [Decimal(98)]
    assert desk.requested(Leg.CLOSE) == []
    assert desk.venue.resting(Leg.TP1) != []


def test_hears_that_the_stop_is_gone_and_places_another_at_once() -> None:
    desk = Desk()
    desk.enters(intent())
    said = desk.hears(desk.venue.ends(desk.venue.resting(Leg.STOP)[0], OrderState.EXPIRED))
    (stop,) = [e for e in said if isinstance(e, OrderRequested)]
    assert (stop.leg, stop.generation) == (Leg.STOP, 1)


def test_a_runner_has_no_third_target_and_the_legs_still_sum_up() -> None:
    desk = Desk()
    desk.enters(intent(runner=True), qty="0.5")
    targets = desk.requested(Leg.TP1, Leg.TP2, Leg.TP3)
    assert [(t.leg, t.qty) for t in targets] == [
        (Leg.TP1, Decimal("0.15")),
        (Leg.TP2, Decimal("0.15")),
    ]


@given(
    lots=st.integers(1, 10_000),
    planned=st.integers(1, 10_000),
    lot=st.integers(1, 50),
    shares=st.sampled_from([("0.3", "0.3", "0.4"), ("0.5", "0.3", "0.2"), ("0.25", "0.75", "0")]),
)
def test_f78_scaled_legs_sum_to_what_is_held(
    lots: int, planned: int, lot: int, shares: tuple[str, ...]
) -> None:
    step = Decimal("0.001")
    wish = intent(qty=str(planned * step), shares=shares)
    held = min(lots, planned) * step
    legs = scaled_legs(wish, held, step, lot * step)
    assert sum(legs) == held
    assert len(legs) <= 3
    assert len(legs) == 1 or min(legs) >= lot * step
    assert all(leg % step == 0 for leg in legs)


def test_e10_a_stop_is_placed_on_the_grid_of_the_newest_filters() -> None:
    """Seed 31: the price that a stop was asked at lay between the ticks of a newer list."""
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    desk.hears(stop_at(wish, "97.3"))
    finer = instruments()
    coarser = msgspec.structs.replace(
        finer,
        instruments=tuple(
            msgspec.structs.replace(each, tick=Price(Decimal("0.5"))) for each in finer.instruments
        ),
    )
    (old,) = desk.venue.resting(Leg.STOP)
    desk.hears(coarser, desk.venue.ends(old, OrderState.EXPIRED))
    (stop,) = desk.venue.resting(Leg.STOP)
    assert stop.trigger is not None
    assert stop.trigger % Decimal("0.5") == 0
    assert stop.trigger >= Decimal("97.3")
