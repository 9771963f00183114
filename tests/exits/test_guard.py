"""No position stands without a resting stop for longer than its clock allows."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.base import Event
from quantum_os.events.execution import Leg, OrderRequested, OrderState
from quantum_os.events.exits import ExitIntent, ExitReason, StopRequested
from quantum_os.events.system import (
    AlertRaised,
    Severity,
    TimerCancelled,
    TimerFired,
    TimerSet,
)
from quantum_os.events.units import NS_PER_S, Ns, Price, Qty, Side
from quantum_os.exits.cover import Guarded
from quantum_os.exits.guard import Guard, GuardConfig
from quantum_os.governance.policy_document import load
from tests.exits.desk import Desk, Script, only, played, played_cut
from tests.exits.scene import (
    BTC,
    LONG,
    SHORT,
    T0,
    fill,
    instruments,
    listing,
    order,
    policy,
    position,
    word,
)

KEY = f"exits.guard:{BTC}"
ACKED = OrderState.ACKED
EXITS = load("default").exits
BEFORE_ANY_POLICY = GuardConfig(EXITS.naked_limit_s, EXITS.stop_min)


def fired(key: str = KEY) -> TimerFired:
    return TimerFired(key=key, due=T0)


def after(seconds: float) -> Ns:
    return Ns(T0 + int(seconds * NS_PER_S))


def opened(guard: Guard | None = None) -> tuple[Desk, list[Event]]:
    """An entry of 10 has filled; nothing protects it yet."""
    desk = Desk(guard or Guard(BEFORE_ANY_POLICY))
    entry = order(Leg.ENTRY, qty="10")
    said = desk.hears(
        policy(), instruments(), entry, fill("entry-0", Side.BUY, "10"), position(), at=T0
    )
    return desk, said


def stop(n: int = 0, qty: str = "10", trigger: int = 9_797) -> Event:
    return order(Leg.STOP, qty=qty, trigger=trigger, n=n)


def guarded(desk: Desk) -> Guarded | None:
    assert isinstance(desk.reactor, Guard)
    return desk.reactor.state.guarded.get(BTC)


def state(desk: Desk) -> Guard:
    assert isinstance(desk.reactor, Guard)
    return desk.reactor


def test_the_first_fill_starts_one_clock_of_three_seconds() -> None:
    _, said = opened()
    assert said == [TimerSet(key=KEY, due=after(3))]


def test_only_the_venues_word_stops_the_clock_and_the_time_is_measured() -> None:
    desk, _ = opened()
    assert desk.hears(stop(), word("stop-0", OrderState.SUBMITTED), at=after(1)) == []
    said = desk.hears(word("stop-0", ACKED), at=after(1.5))
    assert said == [TimerCancelled(key=KEY)]
    assert state(desk).state.seconds_naked_max == 1.5
    assert state(desk).state.seconds_naked_total == 1.5


def test_a_stop_that_rests_before_its_entrys_fill_is_heard_covers_the_position() -> None:
    desk = Desk(Guard(BEFORE_ANY_POLICY))
    before = (policy(), instruments(), order(Leg.ENTRY, qty="10"), stop(), word("stop-0", ACKED))
    assert desk.hears(*before, at=T0) == []
    assert desk.hears(fill("entry-0", Side.BUY, "10"), position(), at=after(0.1)) == []
    assert state(desk).state.seconds_naked_max == 0
    gone = desk.hears(word("stop-0", OrderState.CANCELED), at=after(9))
    assert gone == [TimerSet(key=KEY, due=after(12))]


def test_a_stop_for_less_than_the_position_does_not_cover_it_and_two_parts_do() -> None:
    desk, _ = opened()
    assert desk.hears(stop(qty="6"), word("stop-0", ACKED)) == []
    assert desk.hears(stop(n=1, qty="4"), word("stop-1", ACKED)) == [TimerCancelled(key=KEY)]


def test_an_enlarging_fill_needs_more_cover_from_then_on() -> None:
    desk, _ = opened()
    desk.hears(stop(), word("stop-0", ACKED))
    said = desk.hears(order(Leg.ENTRY, qty="2", n=1), fill("entry-1", Side.BUY, "2"), at=after(9))
    assert said == [TimerSet(key=KEY, due=after(12))]


def test_f66_the_stop_is_placed_again_first_and_then_the_position_is_closed() -> None:
    desk, _ = opened()
    desk.hears(stop())
    again = desk.hears(fired(), at=after(3))
    (request,) = only(again, StopRequested)
    assert (request.stop_price, request.qty, request.position_id) == (
        Decimal("97.97"),
        Decimal(10),
        "x1",
    )
    assert only(again, TimerSet) == [TimerSet(key=KEY, due=after(6))]
    closing = desk.hears(fired(), at=after(6))
    (intent,) = only(closing, ExitIntent)
    assert (intent.reason, intent.qty, intent.position_side) == (
        ExitReason.NAKED,
        Decimal(10),
        LONG,
    )
    (alert,) = only(closing, AlertRaised)
    assert (alert.severity, alert.key, alert.value) == (Severity.CRITICAL, KEY, 6.0)


def test_f66_a_stop_that_disappears_starts_the_clock_again() -> None:
    desk, _ = opened()
    desk.hears(stop(), word("stop-0", ACKED))
    said = desk.hears(word("stop-0", OrderState.CANCELED), at=after(60))
    assert said == [TimerSet(key=KEY, due=after(63))]


def test_f56_replacing_new_before_old_is_never_naked() -> None:
    desk, _ = opened()
    desk.hears(stop(), word("stop-0", ACKED))
    said = desk.hears(
        stop(n=1, trigger=10_011),
        word("stop-1", ACKED),
        word("stop-0", OrderState.CANCELING),
        word("stop-0", OrderState.CANCELED),
    )
    assert said == []
    known = guarded(desk)
    assert known is not None
    assert known.stop_price == Decimal("100.11")


def test_a_filled_stop_and_a_target_leave_no_clock_behind() -> None:
    desk, _ = opened()
    desk.hears(stop(), word("stop-0", ACKED), order(Leg.TP1))
    said = desk.hears(fill("tp1-0", Side.SELL, "3"), word("tp1-0", OrderState.FILLED, done="3"))
    said += desk.hears(position(qty="7"), fill("stop-0", Side.SELL, "7"))
    said += desk.hears(word("stop-0", OrderState.FILLED, done="10"), position(qty="0"))
    assert said == []
    assert guarded(desk) is None
    assert "stop-0" not in state(desk).state.orders


def test_a_partly_filled_stop_still_covers_what_is_left() -> None:
    desk, _ = opened()
    desk.hears(stop(), word("stop-0", ACKED))
    said = desk.hears(fill("stop-0", Side.SELL, "4"), word("stop-0", OrderState.PARTIAL, done="4"))
    assert said == []
    known = guarded(desk)
    assert known is not None
    assert (known.covered, known.qty) == (Decimal(6), Decimal(6))


def test_while_an_order_closes_the_position_nothing_more_is_asked() -> None:
    desk, _ = opened()
    desk.hears(order(Leg.CLOSE, qty="10"))
    for n in range(1, 5):
        assert desk.hears(fired(), at=after(3 * n)) == [TimerSet(key=KEY, due=after(3 * n + 3))]
    desk.hears(word("close-0", OrderState.REJECTED))
    assert only(desk.hears(fired(), at=after(18)), StopRequested)


def test_flat_ends_the_guard_and_counts_the_naked_time() -> None:
    desk, _ = opened()
    assert desk.hears(position(qty="0"), at=after(2)) == [TimerCancelled(key=KEY)]
    assert state(desk).state.seconds_naked_total == 2.0
    assert desk.hears(fired(), at=after(3)) == []


def test_another_positions_end_does_not_end_this_guard() -> None:
    desk, _ = opened()
    desk.hears(position(qty="0", position_id="older"))
    assert guarded(desk) is not None


def test_f74_a_position_that_only_the_venue_knows_is_watched_and_called_out() -> None:
    desk = Desk(Guard(BEFORE_ANY_POLICY))
    assert desk.hears(policy(), listing(), at=T0) == [TimerSet(key=KEY, due=after(3))]
    called = desk.hears(fired(), at=after(3))
    assert only(called, AlertRaised)
    assert not only(called, ExitIntent)
    adopted = desk.hears(instruments(), position(intent=None), fired(), at=after(6))
    (intent,) = only(adopted, ExitIntent)
    assert intent.qty == Decimal(10)


def test_an_adopted_position_gets_a_stop_at_the_smallest_distance_on_the_grid() -> None:
    for side, price in ((LONG, "99.40"), (SHORT, "100.60")):
        desk = Desk(Guard(BEFORE_ANY_POLICY))
        desk.hears(instruments("0.05"), position(side, intent=None), at=T0)
        (request,) = only(desk.hears(fired(), at=after(3)), StopRequested)
        assert request.stop_price == Decimal(price)
        bare = Desk(Guard(BEFORE_ANY_POLICY))
        bare.hears(position(side, intent=None), at=T0)
        (unrounded,) = only(bare.hears(fired(), at=after(3)), StopRequested)
        assert unrounded.stop_price == Decimal(price)


def test_the_venues_listing_replaces_belief_unless_something_later_was_heard() -> None:
    desk, _ = opened()
    desk.hears(stop(), word("stop-0", ACKED), at=after(1))
    assert desk.hears(listing(time=T0), at=after(2)) == []
    gone = desk.hears(listing(time=after(2)), at=after(2))
    assert gone == [TimerSet(key=KEY, due=after(5))]
    back = desk.hears(listing(stops=[("stop-0", "10", 9_797)], time=after(3)), at=after(3))
    assert back == [TimerCancelled(key=KEY)]
    assert desk.hears(listing(qty="0", time=after(4)), at=after(4)) == []
    assert guarded(desk) is None


def test_a_listing_taken_while_a_stop_is_underway_does_not_forget_it() -> None:
    desk, _ = opened()
    desk.hears(stop(), listing(time=after(1)), at=after(1))
    assert desk.hears(word("stop-0", ACKED), at=after(2)) == [TimerCancelled(key=KEY)]


def test_a_turned_position_needs_a_stop_of_the_other_side() -> None:
    desk, _ = opened()
    desk.hears(stop(), word("stop-0", ACKED))
    assert desk.hears(position(SHORT), at=after(9)) == [TimerSet(key=KEY, due=after(12))]
    assert desk.hears(listing(qty="-10", time=after(10)), at=after(10)) == []


def test_fills_of_strangers_and_timers_of_others_are_left_to_the_ledger() -> None:
    desk = Desk(Guard(BEFORE_ANY_POLICY))
    said = desk.hears(fill("foreign", Side.BUY), fired("market.close"), fired())
    said += desk.hears(order(Leg.TP1), fill("tp1-0", Side.SELL), position(qty="0"))
    assert said + desk.hears(word("tp1-0", OrderState.CANCELED)) == []
    assert guarded(desk) is None


def test_a_position_without_an_entry_price_asks_for_no_stop_it_cannot_place() -> None:
    guard = Guard(BEFORE_ANY_POLICY)
    guard.state.guarded[BTC] = Guarded(BTC, "x1", LONG, Qty(Decimal(1)), T0, naked_since=T0)
    desk = Desk(guard)
    assert only(desk.hears(fired(), at=after(3)), StopRequested) == []
    assert only(desk.hears(fired(), at=after(6)), ExitIntent)


Steps = st.lists(
    st.sampled_from(
        ["stop", "ack", "reject", "cancel", "partial", "target", "enter", "snapshot", "timer"]
    ),
    max_size=25,
)


def unguarded(desk: Desk, steps: list[str]) -> bool:
    """Whether the position was ever naked without a clock, or covered with one still running."""
    running = {KEY}
    n = 0
    for index, step in enumerate(steps):
        newest = f"stop-{n}"
        heard: dict[str, list[Event]] = {
            "stop": [stop(n=n + 1)],
            "ack": [word(newest, ACKED)],
            "reject": [word(newest, OrderState.REJECTED)],
            "cancel": [word(newest, OrderState.CANCELED)],
            "partial": [word(newest, OrderState.PARTIAL, done="1")],
            "target": [fill("tp1-0", Side.SELL, "1")],
            "enter": [fill("entry-0", Side.BUY, "1")],
            "snapshot": [listing(time=after(index + 1))],
            "timer": [fired()] if running else [],
        }
        n += step == "stop"
        for event in desk.hears(*heard[step], at=after(index + 1)):
            if isinstance(event, TimerSet):
                running.add(event.key)
            if isinstance(event, TimerCancelled):
                running.discard(event.key)
        known = guarded(desk)
        if known is not None and known.is_naked != bool(running):
            return True
    return False


@given(Steps)
def test_f66_a_naked_position_always_has_a_clock(steps: list[str]) -> None:
    desk, _ = opened()
    assert not unguarded(desk, steps)


class TrustingGuard(Guard):
    """The planted bug: a requested stop counts as if the venue had confirmed it."""

    def on_order(self, event: OrderRequested) -> None:
        super().on_order(event)
        known = self.state.guarded.get(event.symbol)
        if known is not None and event.client_id in known.stops:
            known.stops[event.client_id].is_resting = True


def test_canary_a_guard_that_believes_requests_is_caught() -> None:
    desk, _ = opened(TrustingGuard(BEFORE_ANY_POLICY))
    assert unguarded(desk, ["stop", "timer"])


@pytest.mark.parametrize("price", ["97.97", "98.50"])
def test_the_wanted_stop_never_becomes_looser(price: str) -> None:
    known = Guarded(BTC, "x1", LONG, Qty(Decimal(1)), T0)
    for wanted in (None, Price(Decimal(price)), Price(Decimal(90))):
        known.want(wanted)
    assert known.stop_price == Decimal(price)


def test_f77_a_cut_anywhere_changes_nothing() -> None:
    heard: list[Event] = [
        policy(),
        instruments(),
        order(Leg.ENTRY, qty="10"),
        fill("entry-0", Side.BUY, "10"),
        position(),
        stop(),
        fired(),
        word("stop-0", ACKED),
        word("stop-0", OrderState.CANCELED),
        fired(),
        fired(),
        listing(time=after(99)),
        position(qty="0"),
    ]
    script: Script = [(after(index), event) for index, event in enumerate(heard)]
    whole = played(Guard(BEFORE_ANY_POLICY), script)
    assert {type(event) for event in whole} == Guard.produces
    for cut in range(len(script) + 1):
        assert played_cut(lambda: Guard(BEFORE_ANY_POLICY), script, cut) == whole
