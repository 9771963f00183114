"""A position is left when it must be, once and whole, and its stop follows what it has earned."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.commands import CloseCommand
from quantum_os.events.execution import ExecutionResult, Leg, OrderState, ResultStatus
from quantum_os.events.exits import ExitIntent, ExitReason, StopRequested
from quantum_os.events.market import ExchangeRaw, MarketOpens, RawKind
from quantum_os.events.risk import SafetyAction, SafetyCleared
from quantum_os.events.units import (
    NS_PER_S,
    Ns,
    Price,
    Qty,
    Regime,
    Side,
    Usd,
)
from quantum_os.exits.brain import Brain
from tests.exits.desk import Desk, only
from tests.exits.open_position import (
    closed_trade,
    heartbeat,
    hit_first,
    hit_second,
    holding,
    hour,
    state_of,
    the_exit,
    tripped,
)
from tests.exits.scene import (
    BTC,
    FEED,
    LONG,
    SHORT,
    T0,
    bar,
    fill,
    funding,
    instruments,
    market_data,
    order,
    permit,
    planned_levels,
    policy,
    position,
    tick,
    watermark,
    word,
)


def test_a_position_that_does_nothing_is_left_alone() -> None:
    desk = holding()
    assert desk.hears(bar(0, 99.5, 100.5, 100.0), watermark(1), at=hour(1)) == []
    assert state_of(desk).state.positions[BTC].unknown == ()


def test_a_bar_is_judged_at_its_watermark_by_its_adverse_extreme() -> None:
    desk = holding()
    assert desk.hears(bar(0, 97.5, 100.0, 99.9), at=hour(1)) == []
    intent = the_exit(desk.hears(watermark(1), at=hour(1)))
    assert intent.reason is ExitReason.LOSS_GUARD
    assert (intent.position_id, intent.qty, intent.position_side) == ("x1", Decimal(10), LONG)
    assert intent.value is not None
    assert intent.limit == 1.25
    assert intent.value >= intent.limit


def test_a_stop_that_filled_inside_the_bar_leaves_nothing_to_close() -> None:
    desk = holding()
    closed = position(qty="0")
    said = desk.hears(bar(0, 90.0, 100.0, 91.0), fill("stop-0", Side.SELL, "10"), closed)
    assert said + desk.hears(watermark(1), at=hour(1)) == []
    assert state_of(desk).state.positions == {}
    assert state_of(desk).state.orders == {}


def test_extremes_are_judged_once_and_extremes_before_the_entry_never() -> None:
    desk = holding()
    desk.hears(bar(0, 99.0, 100.0, 99.5), watermark(1), at=hour(1))
    watched = state_of(desk).state.positions[BTC]
    assert (watched.high, watched.low) == (99.5, 99.5)
    early = bar(-1, 1.0, 500.0, 99.5)
    assert desk.hears(early, watermark(1), at=hour(1)) == []


def test_of_a_bar_told_in_ticks_only_the_close_is_new() -> None:
    """Its low came before the entry, in the same bar: no tick since has been lower than 99."""
    desk = holding()
    assert desk.hears(tick(99.0), at=T0 + NS_PER_S) == []
    assert desk.hears(bar(0, 97.5, 100.0, 99.9), watermark(1), at=hour(1)) == []
    guard = the_exit(desk.hears(bar(1, 97.5, 100.0, 99.9), watermark(2), at=hour(2)))
    assert guard.reason is ExitReason.LOSS_GUARD


def test_other_venues_and_broken_prices_are_not_seen() -> None:
    desk = holding()
    other = msgspec.structs.replace(tick(1.0), venue="bybit")
    nonsense = [tick(float("nan")), tick(-5.0), tick(100.0, low=float("nan"), high=-1.0)]
    assert desk.hears(other, bar(0, 1.0, 1.0, 1.0, venue="bybit"), *nonsense, watermark(1)) == []


def test_the_liquidation_guard_leaves_whole_and_before_anything_else() -> None:
    desk = holding(liquidation=9_000)
    intent = the_exit(desk.hears(tick(91.9)))
    assert intent.reason is ExitReason.LIQUIDATION_GUARD
    assert intent.qty == Decimal(10)


def test_a_flatten_latch_empties_the_book_and_every_position_that_comes_later() -> None:
    desk = holding()
    said = desk.hears(tripped(SafetyAction.FLATTEN))
    assert the_exit(said).reason is ExitReason.EMERGENCY
    late = Desk(Brain())
    late.hears(policy(), instruments(), tripped(SafetyAction.FLATTEN), permit())
    assert the_exit(late.hears(position())).reason is ExitReason.EMERGENCY


def test_a_latch_closed_by_a_person_names_the_operator_and_clearing_it_ends_it() -> None:
    desk = holding()
    said = desk.hears(tripped(SafetyAction.FLATTEN, "operator_flatten"))
    assert the_exit(said).reason is ExitReason.OPERATOR
    free = Desk(Brain())
    free.hears(policy(), instruments(), tripped(SafetyAction.FLATTEN), permit())
    free.hears(SafetyCleared(cause="drawdown", actor="op", reason="checked", since=Ns(0)))
    assert free.hears(position()) == []


@given(st.sampled_from(list(Regime)))
def test_f81_max_hold_always_closes(regime: Regime) -> None:
    hours = policy().policy.exits.max_hold_h[regime]
    desk = holding(regime=regime)
    assert desk.hears(heartbeat(), at=hour(hours) - 1) == []
    assert the_exit(desk.hears(heartbeat(), at=hour(hours))).reason is ExitReason.TIME


def test_f81_a_policy_may_shorten_an_open_position_and_never_lengthen_it() -> None:
    longer = policy(overrides={"exits": {"max_hold_h": {"NORMAL": 500.0}}})
    desk = holding()
    desk.hears(longer)
    assert the_exit(desk.hears(heartbeat(), at=hour(36))).reason is ExitReason.TIME
    shorter = policy(overrides={"exits": {"max_hold_h": {"NORMAL": 2.0}}})
    hurried = holding()
    hurried.hears(shorter)
    assert the_exit(hurried.hears(heartbeat(), at=hour(2))).reason is ExitReason.TIME


def test_funding_is_avoided_only_when_we_pay_more_than_is_left_to_earn() -> None:
    paid = [funding(0.01, 1.0), bar(0, 99.9, 100.1, 100.0), watermark(0)]
    assert the_exit(holding().hears(*paid)).reason is ExitReason.FUNDING
    assert holding(SHORT).hears(*paid) == []
    assert holding().hears(funding(0.0001, 1.0), *paid[1:]) == []
    assert holding().hears(funding(0.01, 3.0), *paid[1:]) == []
    mark = ExchangeRaw(venue=FEED, symbol=BTC, kind=RawKind.MARK, venue_ts=T0, value=1.0)
    assert holding().hears(mark, *paid[1:]) == []


def test_funding_is_held_against_the_edge_that_was_decided_on() -> None:
    """The policy's A and B are those of rules; what models measured goes with their decision."""
    paid = [funding(0.01, 1.0), bar(0, 99.9, 100.1, 100.0), watermark(0)]
    for decided, edge, leaves in (("d1", 0.9, False), ("d1", 0.01, True), ("d0", 0.9, True)):
        desk = Desk(Brain())
        desk.hears(policy(), instruments(), market_data(), planned_levels(decided, edge))
        desk.hears(permit(), position(stop=9_797))
        asked = [each for each in desk.hears(*paid) if isinstance(each, ExitIntent)]
        assert [each.reason for each in asked] == [ExitReason.FUNDING] * leaves, (decided, edge)


def test_funding_without_a_next_time_follows_from_its_interval_or_is_not_known() -> None:
    eight_hours = msgspec.structs.replace(funding(0.01, 0.0), next_time=None)
    desk = holding()
    desk.hears(eight_hours, at=T0)
    assert desk.hears(heartbeat(), at=hour(7.9)) == []
    assert the_exit(desk.hears(heartbeat(), at=hour(8) - NS_PER_S)).reason is ExitReason.FUNDING
    unknown = msgspec.structs.replace(eight_hours, interval_h=None)
    blind = holding()
    assert blind.hears(unknown, heartbeat(), at=hour(8) - NS_PER_S) == []


def test_the_first_target_moves_the_stop_of_what_is_left_beyond_the_fees() -> None:
    desk = holding()
    said = desk.hears(tick(102.0), *hit_first())
    (moved,) = said
    assert isinstance(moved, StopRequested)
    assert (moved.stop_price, moved.qty) == (Decimal("100.11"), Decimal(7))
    assert desk.hears(tick(102.5)) == []


def test_the_second_target_moves_it_to_the_first_and_then_it_trails() -> None:
    desk = holding()
    moved = desk.hears(tick(102.0), *hit_first())
    moved += desk.hears(tick(103.0), *hit_second())
    moved += desk.hears(tick(104.6))
    prices = [event.stop_price for event in only(moved, StopRequested)]
    assert prices == [Decimal("100.11"), Decimal("102.00"), Decimal("102.60")]


def test_a_software_stop_already_passed_closes_at_the_market() -> None:
    desk = holding()
    desk.hears(bar(0, 99.5, 102.1, 99.8), at=hour(1))
    intent = the_exit(desk.hears(*hit_first(), at=hour(1)))
    assert intent.reason is ExitReason.TRAILING
    assert intent.limit == 100.11


def test_without_a_tick_size_the_ratchet_lives_in_software_and_says_so() -> None:
    desk = Desk(Brain())
    desk.hears(policy(), permit(), position(stop=9_797), order(Leg.TP1))
    assert desk.hears(tick(102.0), *hit_first()) == []
    assert state_of(desk).state.positions[BTC].unknown == ("ratchet: tick",)
    assert the_exit(desk.hears(tick(100.05))).reason is ExitReason.TRAILING


def test_a_stop_request_that_nobody_answers_is_repeated_at_the_same_price() -> None:
    desk = holding()
    (first,) = only(desk.hears(tick(102.0), *hit_first()), StopRequested)
    assert desk.hears(tick(102.0), at=T0 + 29 * NS_PER_S) == []
    (again,) = only(desk.hears(tick(102.0), at=T0 + 31 * NS_PER_S), StopRequested)
    assert again.stop_price == first.stop_price
    answered = order(Leg.STOP, qty="7", trigger=10_011, n=1)
    desk.hears(answered, word("stop-1", OrderState.ACKED))
    assert desk.hears(tick(102.0), at=T0 + 99 * NS_PER_S) == []


def test_f80_five_triggers_in_one_tick_make_one_exit_by_precedence() -> None:
    desk = holding(liquidation=9_700)
    desk.hears(funding(0.9, 37.0), at=T0)
    said = desk.hears(tick(97.2, low=96.0), at=hour(36.999))
    assert the_exit(said).reason is ExitReason.LIQUIDATION_GUARD
    assert desk.hears(tripped(SafetyAction.FLATTEN), heartbeat(), tick(96.0)) == []


def test_an_exit_is_asked_again_when_no_order_answers_and_not_while_one_lives() -> None:
    desk = holding()
    the_exit(desk.hears(tick(90.0), at=T0))
    assert desk.hears(tick(90.0), at=T0 + 29 * NS_PER_S) == []
    the_exit(desk.hears(tick(90.0), at=T0 + 30 * NS_PER_S))
    desk.hears(order(Leg.CLOSE, qty="10"))
    assert desk.hears(tick(90.0), at=T0 + 300 * NS_PER_S) == []
    desk.hears(word("close-0", OrderState.REJECTED), at=T0 + 300 * NS_PER_S)
    assert desk.hears(tick(90.0), at=T0 + 300 * NS_PER_S) == []
    the_exit(desk.hears(tick(90.0), at=T0 + 301 * NS_PER_S))
    desk.hears(order(Leg.CLOSE, qty="10", n=1), word("close-1", OrderState.FILLED, done="10"))
    assert desk.hears(tick(90.0), at=T0 + 302 * NS_PER_S) == []


def test_a_close_by_others_holds_the_referee_back_and_its_end_frees_it() -> None:
    desk = holding()
    desk.hears(order(Leg.CLOSE, qty="10"))
    assert desk.hears(tick(90.0)) == []
    desk.hears(word("close-0", OrderState.CANCELED))
    the_exit(desk.hears(tick(90.0)))


def test_f73_an_adopted_position_gets_a_stop_at_once_and_the_most_careful_reading() -> None:
    desk = Desk(Brain())
    desk.hears(policy(), instruments())
    (stop,) = only(desk.hears(position(intent=None)), StopRequested)
    assert (stop.stop_price, stop.qty, stop.reason) == (
        Decimal("99.40"),
        Decimal(10),
        "adopted",
    )
    assert the_exit(desk.hears(tick(99.39))).reason is ExitReason.LOSS_GUARD
    patient = Desk(Brain())
    patient.hears(policy(), instruments(), position(SHORT, intent=None, stop=10_060))
    assert the_exit(patient.hears(heartbeat(), at=hour(12))).reason is ExitReason.TIME


def test_f73_before_any_policy_only_what_needs_one_is_unjudged() -> None:
    desk = Desk(Brain())
    assert desk.hears(instruments(), permit(), position(liquidation=9_000)) == []
    desk.hears(order(Leg.TP1), tick(102.0), *hit_first())
    watched = state_of(desk).state.positions[BTC]
    assert [name.split(":")[0] for name in watched.unknown] == [
        "loss_guard",
        "time_limit",
        "ratchet",
    ]
    assert the_exit(desk.hears(tick(100.0))).reason is ExitReason.TRAILING


def test_f72_one_symbol_in_trouble_does_not_hide_another() -> None:
    desk = holding()
    broken = msgspec.structs.replace(
        position(intent=None, position_id="x2", stop=9_000, symbol="ETH/USDT:USDT"),
        mark=Price(Decimal(0)),
    )
    desk.hears(broken)
    said = desk.hears(tripped(SafetyAction.FLATTEN))
    assert {event.symbol for event in only(said, ExitIntent)} == {BTC, "ETH/USDT:USDT"}


def test_an_intent_that_came_to_nothing_leaves_no_plan_behind() -> None:
    desk = Desk(Brain())
    result = ExecutionResult(
        intent_id="i1",
        decision_id="d1",
        symbol=BTC,
        side=LONG,
        status=ResultStatus.REJECTED,
        qty=Qty(Decimal(0)),
        entry_price=None,
        slippage_bps=None,
        fee_usd=Usd(Decimal(0)),
        reason="",
    )
    desk.hears(policy(), permit(), msgspec.structs.replace(result, intent_id="other"))
    assert BTC in state_of(desk).state.plans
    desk.hears(result)
    assert state_of(desk).state.plans == {}


def test_orders_of_no_position_are_forgotten_when_they_end() -> None:
    desk = holding()
    desk.hears(position(qty="0"), order(Leg.CLOSE, n=9), word("close-9", OrderState.EXPIRED))
    desk.hears(word("never-heard-of", OrderState.FILLED), order(Leg.ENTRY))
    assert state_of(desk).state.orders == {}


def test_a_position_that_turned_or_was_replaced_is_watched_anew() -> None:
    desk = holding()
    desk.hears(*hit_first())
    desk.hears(position(SHORT, intent=None, stop=10_100))
    watched = state_of(desk).state.positions[BTC]
    assert (watched.side, watched.targets_hit, watched.plan) == (SHORT, 0, None)
    desk.hears(position(qty="0", position_id="someone-else"))
    assert BTC in state_of(desk).state.positions


def test_a_closed_trade_ends_the_watch_even_without_the_ledgers_zero() -> None:
    desk = holding()
    desk.hears(closed_trade("someone-else"))
    assert BTC in state_of(desk).state.positions
    desk.hears(closed_trade("x1"))
    assert state_of(desk).state.positions == {}


def test_events_without_our_symbol_or_our_orders_change_nothing() -> None:
    desk = holding()
    elsewhere = ("ETH/USDT:USDT",)
    before = state_of(desk).snapshot()
    said = desk.hears(
        msgspec.structs.replace(bar(0, 1.0, 1.0, 1.0), symbols=elsewhere),
        MarketOpens(venue=FEED, time=T0, symbols=elsewhere, price=(1.0,)),
        msgspec.structs.replace(market_data(atr=0.5), symbols=elsewhere),
        fill("foreign", Side.SELL),
    )
    assert said == []
    assert state_of(desk).snapshot() == before


def test_without_positions_a_bar_costs_nothing_and_says_nothing() -> None:
    assert Desk(Brain()).hears(bar(0, 1.0, 1.0, 1.0), watermark(1), tick(1.0)) == []


def test_of_two_stops_at_rest_the_tighter_one_counts() -> None:
    desk = holding()
    for n, trigger in ((1, 9_900), (2, 9_800), (3, None)):
        desk.hears(order(Leg.STOP, trigger=trigger, n=n), word(f"stop-{n}", OrderState.ACKED))
    assert state_of(desk).state.positions[BTC].stop == Decimal("99.00")


def test_opens_are_seen_and_judged_by_whoever_comes_next() -> None:
    desk = holding()
    opens = MarketOpens(venue=FEED, time=T0, symbols=(BTC,), price=(97.0,))
    assert desk.hears(opens) == []
    assert the_exit(desk.hears(heartbeat())).reason is ExitReason.LOSS_GUARD


def close(position_id: str, role: str) -> CloseCommand:
    return CloseCommand(position_id, actor="ann", role=role, reason="enough")


def test_a_person_closes_one_position_whole_and_a_lost_order_is_asked_again() -> None:
    desk = holding()
    position_id = state_of(desk).state.positions[BTC].position_id
    intent = the_exit(desk.hears(close(position_id, "trader")))
    assert (intent.reason, intent.qty) == (ExitReason.OPERATOR, Decimal(10))
    assert the_exit(desk.hears(heartbeat(), at=hour(1))).reason is ExitReason.OPERATOR


def test_a_weak_role_and_another_position_close_nothing() -> None:
    desk = holding()
    position_id = state_of(desk).state.positions[BTC].position_id
    assert desk.hears(close(position_id, "analyst"), close("another", "operator")) == []
