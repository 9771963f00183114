"""A position is always left when it must be, once, whole, and whatever the rest of the fund says."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.base import Event
from quantum_os.events.execution import ExecutionResult, Leg, OrderState, ResultStatus
from quantum_os.events.exits import ExitIntent, ExitReason, StopRequested
from quantum_os.events.market import ExchangeRaw, MarketOpens, RawKind
from quantum_os.events.risk import SafetyAction, SafetyCleared, SafetyTripped
from quantum_os.events.system import TimerFired
from quantum_os.events.units import (
    NS_PER_DAY,
    NS_PER_HOUR,
    NS_PER_S,
    Ns,
    PositionSide,
    Price,
    Qty,
    Regime,
    Side,
    Usd,
)
from quantum_os.exits.brain import Brain
from tests.exits.desk import (
    BTC,
    FEED,
    LONG,
    SHORT,
    T0,
    Desk,
    Script,
    bar,
    cents,
    fill,
    funding,
    instruments,
    market_data,
    only,
    order,
    permit,
    played,
    played_cut,
    policy,
    position,
    tick,
    watermark,
    word,
)

HOUR = NS_PER_HOUR


def hour(n: float) -> int:
    return int(T0 + n * HOUR)


def tripped(action: SafetyAction, cause: str = "drawdown") -> SafetyTripped:
    return SafetyTripped(cause=cause, action=action, since=T0, way_out="operator")


def heartbeat() -> TimerFired:
    return TimerFired(key="execution.reconcile", due=T0)


def holding(
    side: PositionSide = LONG,
    *,
    regime: Regime = Regime.NORMAL,
    liquidation: int | None = None,
    brain: Brain | None = None,
    confidence: float = 0.6,
) -> Desk:
    """A desk whose brain watches one planned position of 10, opened at 100.00 with a stop at rest."""
    desk = Desk(brain or Brain())
    side_stop = 10_000 - side.sign * 203
    said = desk.hears(
        policy(),
        instruments(),
        market_data(),
        permit(side, regime=regime, confidence=confidence),
        position(side, liquidation=liquidation, stop=side_stop),
        order(Leg.STOP, side, qty="10", trigger=side_stop),
        word("stop-0", OrderState.ACKED),
        order(Leg.TP1, side),
        order(Leg.TP2, side, n=1),
    )
    assert said == []
    return desk


def state_of(desk: Desk) -> Brain:
    assert isinstance(desk.reactor, Brain)
    return desk.reactor


def hit_first(side: PositionSide = LONG) -> list[Event]:
    return [fill("tp1-0", side.exit), position(side, qty="7", stop=10_000 - side.sign * 203)]


def hit_second(side: PositionSide = LONG) -> list[Event]:
    return [fill("tp2-1", side.exit), position(side, qty="4", stop=10_000 - side.sign * 203)]


def the_exit(said: list[Event]) -> ExitIntent:
    (intent,) = said
    assert isinstance(intent, ExitIntent)
    return intent


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
    said = desk.hears(tripped(SafetyAction.FLATTEN, "operator.flatten"))
    assert the_exit(said).reason is ExitReason.OPERATOR
    free = Desk(Brain())
    free.hears(policy(), instruments(), tripped(SafetyAction.FLATTEN), permit())
    free.hears(SafetyCleared(cause="drawdown", actor="op", reason="checked"))
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
    assert [name.split(":")[0] for name in watched.unknown] == ["loss_guard", "time_limit", "ratchet"]
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


def test_opens_are_seen_and_judged_by_whoever_comes_next() -> None:
    desk = holding()
    opens = MarketOpens(venue=FEED, time=T0, symbols=(BTC,), price=(97.0,))
    assert desk.hears(opens) == []
    assert the_exit(desk.hears(heartbeat())).reason is ExitReason.LOSS_GUARD


WORST = {
    "halted": [tripped(SafetyAction.HALT_ENTRIES, cause) for cause in ("kill", "streak", "heat")],
    "stale policy": [],
    "no entries allowed": [policy(overrides={"mode": "BLACK_SWAN"})],
    "research": [policy("research")],
    "blind": [market_data(atr=None, ratio=None, divergence=None)],
    "no market": [],
}
CAUSES: dict[ExitReason, list[Event]] = {
    ExitReason.LIQUIDATION_GUARD: [tick(91.0)],
    ExitReason.EMERGENCY: [tripped(SafetyAction.FLATTEN)],
    ExitReason.OPERATOR: [tripped(SafetyAction.FLATTEN, "operator.kill")],
    ExitReason.LOSS_GUARD: [tick(97.0)],
    ExitReason.TIME: [heartbeat()],
    ExitReason.FUNDING: [heartbeat()],
    ExitReason.TRAILING: [tick(102.0), *hit_first(), tick(100.0)],
}


def left_in(worst: str, reason: ExitReason, brain: Brain) -> bool:
    """Whether the position is left for this reason while the fund is in this state."""
    desk = holding(liquidation=9_000, brain=brain)
    desk.hears(*WORST[worst])
    now = hour(36) if reason is ExitReason.TIME else hour(1)
    if worst == "stale policy" and reason is not ExitReason.TIME:
        desk.hears(policy(overrides={"exits": {"max_hold_h": {"NORMAL": 36.0}}}))
        now = T0 + NS_PER_DAY + HOUR
    if reason is ExitReason.FUNDING:
        stamp = Ns(now + NS_PER_S)
        desk.hears(msgspec.structs.replace(funding(0.02, 0.0), next_time=stamp), at=now)
    said = only(desk.hears(*CAUSES[reason], at=now), ExitIntent)
    return [intent.reason for intent in said] == [reason]


@pytest.mark.parametrize("worst", WORST)
@pytest.mark.parametrize("reason", CAUSES)
def test_f64_f67_f98_r7_no_state_of_the_fund_holds_an_exit_back(
    worst: str, reason: ExitReason
) -> None:
    assert left_in(worst, reason, Brain())


class LatchedBrain(Brain):
    """The planted bug: a latch that stops entries also stops exits."""

    def _judge(self, position):  # type: ignore[no-untyped-def]
        if self.is_halted:
            return
        yield from super()._judge(position)

    is_halted = False

    def on_tripped(self, event: SafetyTripped):  # type: ignore[no-untyped-def]
        self.is_halted = True
        return super().on_tripped(event)


def test_canary_an_exit_gated_by_a_latch_is_caught() -> None:
    assert not left_in("halted", ExitReason.LOSS_GUARD, LatchedBrain())
    assert left_in("blind", ExitReason.LOSS_GUARD, LatchedBrain())


Path = st.lists(
    st.tuples(st.integers(9_700, 10_600), st.integers(0, 60), st.integers(0, 60)),
    min_size=1,
    max_size=25,
)


def walked(side: PositionSide, path: list[tuple[int, int, int]]) -> Script:
    """A price path in cents as ticks with extremes; targets are filled as the price reaches them.

    For a short the path is mirrored at the entry of 100.00.
    """

    def at(n: int) -> float:
        return (n if side is LONG else 20_000 - n) / 100

    script: list[tuple[int, Event]] = []
    hit = 0
    for step, (price, above, below) in enumerate(path):
        now = hour(1 + step)
        edges = sorted((at(price + above), at(price - below)))
        script.append((now, tick(at(price), low=edges[0], high=edges[1])))
        if hit == 0 and price >= 10_200:
            hit = 1
            script += [(now, event) for event in hit_first(side)]
        if hit == 1 and price >= 10_300:
            hit = 2
            script += [(now, event) for event in hit_second(side)]
        if step % 5 == 4:
            script.append((now, market_data(atr=0.004 + 0.002 * (price % 7))))
    return script


def told(event: Event) -> tuple[object, ...]:
    """What was asked, with prices as distances from the entry in the position's favour."""
    if isinstance(event, StopRequested):
        return ("stop", event.position_side.sign * (event.stop_price - cents(10_000)), event.qty)
    assert isinstance(event, ExitIntent)
    return ("exit", event.reason, event.qty)


@given(Path)
def test_a_short_is_a_long_in_the_mirror(path: list[tuple[int, int, int]]) -> None:
    stories = []
    for side in (LONG, SHORT):
        desk = holding(side, liquidation=10_000 - side.sign * 1_200)
        stories.append([told(e) for at, heard in walked(side, path) for e in desk.hears(heard, at=at)])
    assert stories[0] == stories[1]


@given(st.sampled_from([LONG, SHORT]), Path)
def test_f80_f82_one_exit_at_a_time_never_above_the_position_and_stops_only_tighten(
    side: PositionSide, path: list[tuple[int, int, int]]
) -> None:
    desk = holding(side)
    stops: list[Decimal] = []
    held = Decimal(10)
    for at, heard in walked(side, path):
        said = desk.hears(heard, at=at)
        held = state_of(desk).state.positions[BTC].qty
        assert len(said) <= 1
        for intent in only(said, ExitIntent):
            assert 0 < intent.qty <= held
            assert intent.position_side is side
        stops += [side.sign * event.stop_price for event in only(said, StopRequested)]
    assert stops == sorted(stops)


def whole_life() -> Script:
    head: list[Event] = [
        policy(),
        instruments(),
        market_data(),
        permit(),
        position(stop=9_797),
        order(Leg.STOP, qty="10", trigger=9_797),
        word("stop-0", OrderState.ACKED),
        order(Leg.TP1),
        order(Leg.TP2, n=1),
        funding(0.0001, 8.0),
    ]
    path = [(10_050, 10, 10), (10_250, 5, 20), (10_320, 30, 5), (10_480, 0, 0), (10_200, 0, 10)]
    tail: list[Event] = [
        order(Leg.CLOSE, qty="4"),
        word("close-0", OrderState.FILLED, done="4"),
        position(qty="0"),
    ]
    return [
        *((T0, event) for event in head),
        *walked(LONG, path),
        *((hour(9), event) for event in tail),
    ]


def test_f77_a_cut_at_any_point_of_a_life_changes_nothing() -> None:
    script = whole_life()
    whole = played(Brain(), script)
    assert [type(event) for event in whole].count(ExitIntent) == 1
    assert len(whole) >= 4
    for cut in range(len(script) + 1):
        assert played_cut(Brain, script, cut) == whole
