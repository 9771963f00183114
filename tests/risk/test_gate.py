"""What the gate says to an intent: permits that reserve, refusals that name their reason."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantum_os.events.ai import Gate
from quantum_os.events.base import Event
from quantum_os.events.execution import Leg, OrderState, ResultStatus
from quantum_os.events.exits import ExitIntent, StopRequested
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import FeedState, FeedStatus
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.system import SafetyFault
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_S, Frac, Mode, Ns, PositionSide
from quantum_os.kernel import states
from quantum_os.risk.book import Book
from quantum_os.risk.gate import RiskGate
from quantum_os.risk.latches import Cause, trip
from quantum_os.risk.limits import Limits
from quantum_os.risk.verdict import Verdict
from tests.risk import scene
from tests.risk.gates import Desk, check, failed, ready
from tests.risk.scene import BTC, ETH, NOW, SYMBOLS, Stage, but


def test_a_modest_intent_in_a_healthy_world_is_permitted_whole() -> None:
    wish = scene.intent()
    permit = ready().permits(wish)
    assert (permit.qty, permit.leverage, permit.intent) == (wish.qty, wish.leverage, wish)


def test_every_check_is_made_even_when_the_first_one_fails() -> None:
    desk = ready()
    whole = {c.name for c in desk.permits(scene.intent()).checks}
    refused = ready(None, trip(Cause.STOP_HITS, NOW)).asks(scene.intent())
    assert isinstance(refused, RiskRefusal)
    assert refused.code is Gate.LATCHED
    assert {c.name for c in refused.checks} == whole


def test_nothing_is_permitted_before_a_policy_or_past_its_end() -> None:
    assert Desk(RiskGate()).refuses(scene.intent()) is Gate.POLICY_STALE
    late = ready(but(scene.policy(), valid_until=Ns(NOW - 1)))
    assert late.refuses(scene.intent()) is Gate.POLICY_STALE


MISSING: tuple[tuple[Gate, Event], ...] = (
    (Gate.EQUITY_UNKNOWN, scene.account(Decimal(0))),
    (Gate.EQUITY_UNKNOWN, scene.account(time=Ns(NOW - 61 * NS_PER_S))),
    (Gate.DATA_STALE, scene.market(age_ms=None)),
    (Gate.DATA_STALE, scene.market(age_ms=31_000.0)),
    (Gate.DATA_STALE, scene.market(symbols=(ETH,))),
    (Gate.NOT_RECONCILED, scene.reconciled(False)),
    (Gate.NOT_TRADABLE, scene.universe((ETH,))),
    (Gate.NOT_TRADABLE, scene.universe(close_only=(BTC,))),
    (Gate.NOT_TRADABLE, scene.instruments((BTC,), status="BREAK")),
    (Gate.NOT_TRADABLE, scene.instruments((BTC,), brackets=())),
    (Gate.FLAGGED, scene.market(flags=("stale",))),
    (Gate.SPREAD, scene.market(spread_bps=15.1)),
    (Gate.SPREAD, scene.market(spread_bps=None)),
    (Gate.FUNDING, scene.market(funding_rate=-0.0031)),
    (Gate.FUNDING, scene.market(funding_rate=None)),
    (Gate.MARK_INDEX_GAP, scene.market(mark=101.1)),
    (Gate.MARK_INDEX_GAP, scene.market(index=None)),
    (Gate.DAILY_LOSS, scene.account(day_pnl_frac=Frac(-0.03))),
    (Gate.WEEKLY_LOSS, scene.account(week_pnl_frac=Frac(-0.07))),
    (Gate.DRAWDOWN, scene.account(drawdown=Frac(0.10))),
    (Gate.DRAWDOWN, scene.account(drawdown=Frac(float("nan")))),
    (Gate.LATCHED, trip(Cause.EXECUTION_ERRORS, NOW)),
    (Gate.PAUSED, trip(Cause.OPERATOR_PAUSE, NOW)),
    (Gate.LATCHED, SafetyFault("sizing.sizer", True, 1, "s", "e")),
    (Gate.MODE_BLOCKED, scene.policy(limits={"size_factor": 0.0})),
    (Gate.MODE_BLOCKED, scene.policy(limits={"positions_max": 0})),
)


@pytest.mark.parametrize(("gate", "event"), MISSING)
def test_r2_bad_or_missing_input_refuses_in_its_own_name(gate: Gate, event: Event) -> None:
    desk = ready(None, event)
    refused = desk.asks(scene.intent())
    assert isinstance(refused, RiskRefusal)
    assert gate in [c.name for c in failed(refused)]
    assert desk.reactor.state.book.reservations == {}


def test_a_value_that_this_feed_never_gives_is_not_missing() -> None:
    desk = ready()
    desk.reactor.state.book.sources = type(desk.reactor.state.book.sources)()
    desk.hears(scene.market(spread_bps=None, funding_rate=None, index=None))
    permit = desk.permits(scene.intent())
    for gate in (Gate.SPREAD, Gate.FUNDING, Gate.MARK_INDEX_GAP):
        assert check(permit, gate).note.startswith("n/a")


def test_on_a_tape_ages_are_at_least_two_bars() -> None:
    old = scene.account(time=Ns(NOW - 2 * NS_PER_HOUR))
    assert ready(None, old).refuses(scene.intent()) is Gate.EQUITY_UNKNOWN
    ready(None, old, tape_step_s=3600.0).permits(scene.intent())


WRONG = (
    {"sl_price": scene.PRICE * 2},
    {"qty": Decimal(0)},
    {"ref_price": Decimal(0)},
    {"leverage": 0},
    {"risk_usd": Decimal(0)},
    {"notional_usd": Decimal(400)},
    {"margin_usd": Decimal(100)},
)


@pytest.mark.parametrize("wrong", WRONG)
def test_f27_an_intent_that_contradicts_itself_is_refused(wrong: dict[str, Decimal]) -> None:
    refused = ready().asks(but(scene.intent(), **wrong))
    assert isinstance(refused, RiskRefusal)
    assert Gate.UNKNOWN_INPUT in [c.name for c in failed(refused)]


# leverage


def test_too_much_leverage_is_refused_and_never_lowered() -> None:
    assert ready().refuses(scene.intent(leverage=3)) is Gate.LEVERAGE
    assert ready().permits(scene.intent(leverage=2)).leverage == 2


def test_leverage_falls_with_the_drawdown() -> None:
    desk = ready(scene.roomy(), scene.account(drawdown=Frac(0.08)))
    assert desk.refuses(scene.intent(leverage=2)) is Gate.LEVERAGE


def test_a_stop_beyond_half_the_way_to_liquidation_is_refused() -> None:
    desk = ready(scene.roomy(leverage_max=20), scene.instruments((BTC,), brackets=(
        scene.bracket(mmr="0.15"),
    )))  # fmt: skip
    refused = desk.asks(scene.intent(leverage=4, sl="0.045"))
    assert isinstance(refused, RiskRefusal)
    assert not check(refused, Gate.LIQUIDATION_DISTANCE).ok


def test_the_bracket_bounds_the_notional_at_this_leverage() -> None:
    small = scene.instruments(
        (BTC,), brackets=(scene.bracket(5, 300), scene.bracket(1, 10**9, 300))
    )
    permit = ready(scene.roomy(), small).permits(scene.intent(leverage=2))
    assert permit.qty == 3


# shrinking


def test_a_cap_shrinks_the_quantity_and_says_so() -> None:
    permit = ready().permits(scene.intent(qty="20", sl="0.01"))
    assert permit.qty == 10
    assert check(permit, Gate.SYMBOL_MARGIN).note == "shrunk"
    assert permit.leverage == 1


def test_f84_risk_is_computed_from_the_stop_and_not_believed() -> None:
    wish = but(scene.intent(qty="5", sl="0.05"), risk_usd=Decimal("0.01"), stop_distance=0.0001)
    limits = scene.policy(limits={"risk_per_trade": 0.001})
    assert ready(limits).permits(wish).qty == 2


def test_f53_what_is_left_below_the_venues_minimum_is_refused_and_never_rounded_up() -> None:
    taken = scene.position(ETH, qty="19.99")
    desk = ready(scene.roomy(cluster_margin=0.2), taken)
    assert desk.refuses(scene.intent()) is Gate.CLUSTER_MARGIN
    tiny = scene.intent(qty="0.04")
    assert ready().refuses(tiny) is Gate.MIN_NOTIONAL


def test_f44_a_small_position_is_not_exempt_from_the_margin_check() -> None:
    full = scene.position(ETH, qty="20")
    desk = ready(scene.roomy(cluster_margin=0.2), full)
    assert desk.refuses(scene.intent(qty="0.5", leverage=5)) is Gate.CLUSTER_MARGIN


# reservations


def test_f41_a_hundred_concurrent_intents_never_exceed_the_count_of_positions() -> None:
    desk = ready(scene.roomy(positions_max=10, cluster_margin=1.0, gross_margin=1.0))
    said = desk.hears(*(scene.intent(f"i{n}", SYMBOLS[n], qty="1") for n in range(100)))
    permits = [one for one in said if isinstance(one, RiskPermit)]
    refused = [one for one in said if isinstance(one, RiskRefusal)]
    assert (len(permits), len(refused)) == (10, 90)
    assert {one.code for one in refused} == {Gate.MAX_POSITIONS}


class ForgetfulGate(RiskGate):
    """A gate with the bug of the old system: it scans positions and forgets what is in flight."""

    def on_intent(self, event: TradeIntent) -> RiskPermit | RiskRefusal:
        answer = super().on_intent(event)
        self.state.book.reservations.clear()
        return answer


def test_canary_a_gate_that_ignores_orders_in_flight_is_seen() -> None:
    policy = scene.roomy(positions_max=10, cluster_margin=1.0, gross_margin=1.0)
    desk = ready(policy, gate=ForgetfulGate())
    said = desk.hears(*(scene.intent(f"i{n}", SYMBOLS[n], qty="1") for n in range(100)))
    assert sum(isinstance(one, RiskPermit) for one in said) > 10


def test_f19_fifty_intents_of_one_symbol_become_one_permit() -> None:
    desk = ready(scene.roomy())
    said = desk.hears(*(scene.intent(f"i{n}", qty="0.1") for n in range(50)))
    assert sum(isinstance(one, RiskPermit) for one in said) == 1


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 30),
            st.decimals("0.1", "30", places=3),
            st.integers(1, 5),
            st.sampled_from(("0.006", "0.02", "0.06")),
            st.sampled_from(PositionSide),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_limits_hold_for_all_that_is_pending_together(
    wishes: list[tuple[int, Decimal, int, str, PositionSide]],
) -> None:
    policy = scene.roomy(positions_max=40)
    desk = ready(policy)
    for n, (place, qty, leverage, sl, side) in enumerate(wishes):
        wish = scene.intent(f"i{n}", SYMBOLS[place], side, qty, leverage, sl)
        answer = desk.asks(wish)
        if isinstance(answer, RiskPermit):
            assert 0 < answer.qty <= wish.qty
            assert answer.leverage == wish.leverage
    taken = list(desk.reactor.state.book.reservations.values())
    margin = sum((r.left * r.price / r.leverage for r in taken), Decimal(0))
    limits = policy.limits
    assert margin <= Decimal(repr(limits.gross_margin)) * scene.EQUITY
    assert margin <= Decimal(repr(limits.cluster_margin)) * scene.EQUITY
    assert sum(r.left * r.price for r in taken) <= 3 * scene.EQUITY
    for side in PositionSide:
        one_side = sum(r.left * r.price / r.leverage for r in taken if r.side is side)
        assert one_side <= Decimal("0.24") * scene.EQUITY
    assert all(r.left * r.risk_unit <= Decimal("0.005") * scene.EQUITY for r in taken)


def _entered(desk: Desk, wish: TradeIntent, filled: str) -> RiskPermit:
    permit = desk.permits(wish)
    client = f"c-{wish.intent_id}"
    desk.hears(scene.entry_order(wish.intent_id, client), scene.order(client, OrderState.ACKED))
    desk.hears(scene.fill(client, filled, wish.symbol))
    return permit


def test_a_fill_stays_reserved_until_the_ledger_shows_it() -> None:
    desk = ready()
    _entered(desk, scene.intent(), "2")
    book = desk.reactor.state.book
    assert book.reservations["i1"].left == 5
    desk.hears(scene.position(qty="2"))
    assert book.reservations["i1"].left == 3
    desk.hears(scene.order("c-i1", OrderState.CANCELED, "2"))
    assert book.reservations == {}
    assert book.entry_orders == {}
    assert book.positions[BTC].qty == 2


def test_an_unknown_order_keeps_its_whole_room() -> None:
    desk = ready(scene.policy(limits={"positions_max": 1}))
    _entered(desk, scene.intent(), "0")
    desk.hears(scene.order("c-i1", OrderState.UNKNOWN))
    assert desk.refuses(scene.intent("i2", ETH)) is Gate.MAX_POSITIONS
    desk.hears(scene.order("c-i1", OrderState.EXPIRED))
    desk.permits(scene.intent("i2", ETH))


@pytest.mark.parametrize("status", [ResultStatus.REJECTED, ResultStatus.SKIPPED_STALE])
def test_an_entry_that_ended_unfilled_gives_its_room_back(status: ResultStatus) -> None:
    desk = ready(scene.policy(limits={"positions_max": 1}))
    permit = desk.permits(scene.intent())
    desk.hears(scene.result(permit, status))
    desk.permits(scene.intent("i2", ETH))


def test_f42_a_thousand_round_trips_leave_nothing_behind() -> None:
    desk = ready(scene.roomy(daily_loss=1.0, entries_per_day=10**6), tape_step_s=1e9)
    size = 0
    for n in range(1_000):
        desk.at(NOW + n * NS_PER_HOUR * 7)
        now = Ns(desk.instant.ns)
        wish = scene.intent(f"i{n}", created=now)
        _entered(desk, wish, "5")
        desk.hears(
            scene.order(f"c-i{n}", OrderState.FILLED, "5"),
            scene.position(qty="5"),
            scene.position(qty="0"),
            scene.closed(r=0.1 if n % 2 else -0.1, closed_at=now),
        )
        book = desk.reactor.state.book
        assert (book.positions, book.reservations, book.entry_orders) == ({}, {}, {})
        if n == 500:
            size = len(states.encode(desk.reactor.state))
    assert len(states.encode(desk.reactor.state)) < size * 1.05


# repeats and turns


def test_f57_the_same_intent_a_hundred_times_is_permitted_once() -> None:
    desk = ready()
    said = desk.hears(*(scene.intent() for _ in range(100)))
    assert sum(isinstance(one, RiskPermit) for one in said) == 1


def test_f57_also_after_its_position_is_gone_again() -> None:
    desk = ready(scene.roomy())
    _entered(desk, scene.intent(), "5")
    desk.hears(
        scene.order("c-i1", OrderState.FILLED, "5"), scene.position(), scene.position(qty="0")
    )
    assert desk.refuses(scene.intent()) is Gate.DUPLICATE_INTENT


def test_f59_a_refused_intent_may_ask_again() -> None:
    desk = ready(None, trip(Cause.OPERATOR_PAUSE, NOW))
    assert desk.refuses(scene.intent()) is Gate.PAUSED
    desk.reactor.state.book.latches.clear()
    desk.permits(scene.intent())


def test_an_intent_past_its_end_is_refused() -> None:
    desk = ready().at(NOW + 61 * NS_PER_S)
    desk.hears(scene.account(time=Ns(desk.instant.ns)))
    stale = desk.asks(scene.intent())
    assert isinstance(stale, RiskRefusal)
    assert not check(stale, Gate.STALE_INTENT).ok


@pytest.mark.parametrize("profile", ["default", "research"])
def test_f62_the_same_side_is_refused_while_open_or_pending(profile: str) -> None:
    pending = ready(scene.policy(profile))
    pending.permits(scene.intent())
    refused = pending.asks(scene.intent("i2", qty="0.2"))
    assert not check(refused, Gate.SAME_SIDE).ok
    held = ready(scene.policy(profile), scene.position())
    assert held.refuses(scene.intent()) is Gate.SAME_SIDE


@pytest.mark.parametrize("profile", ["default", "research"])
def test_f63_the_opposite_side_waits_until_flat_and_a_young_one_is_not_turned(profile: str) -> None:
    short = scene.intent(side=PositionSide.SHORT)
    young = ready(scene.policy(profile), scene.position(opened_at=Ns(NOW - 899 * NS_PER_S)))
    assert young.refuses(short) is Gate.MIN_HOLD
    old = ready(scene.policy(profile), scene.position(opened_at=Ns(NOW - 900 * NS_PER_S)))
    assert old.refuses(short) is Gate.OPPOSITE
    old.hears(scene.position(qty="0"))
    old.permits(short)


def test_f64_a_cooldown_ends_by_itself() -> None:
    desk = ready()
    desk.hears(scene.closed(r=0.1))
    assert desk.refuses(scene.intent()) is Gate.COOLDOWN
    desk.permits(scene.intent("other", ETH))
    desk.at(NOW + 180 * NS_PER_S)
    now = Ns(desk.instant.ns)
    desk.hears(scene.account(time=now), scene.market(now))
    desk.permits(scene.intent("i2", created=now))


def test_f61_alternating_signals_every_minute_make_at_most_four_round_trips_a_day() -> None:
    desk = ready(scene.policy(limits={"entries_per_day": 10**6}), tape_step_s=1e6)
    trips = 0
    for minute in range(24 * 60):
        now = Ns(NOW + minute * 60 * NS_PER_S)
        side = PositionSide.LONG if minute % 2 else PositionSide.SHORT
        answer = desk.at(now).asks(scene.intent(f"i{minute}", side=side, created=now))
        if isinstance(answer, RiskPermit):
            trips += 1
            desk.hears(scene.result(answer, ResultStatus.FILLED, "5"), scene.position(qty="5"))
            desk.hears(scene.position(qty="0"), scene.closed(net="0.01", r=0.01, closed_at=now))
    assert trips == 4


# day, exposure, venue


def test_f20_entries_are_counted_by_fills_roll_at_midnight_and_survive_a_restart() -> None:
    policy = scene.policy(limits={"entries_per_day": 2, "positions_max": 9, "cluster_margin": 1.0})
    desk = ready(policy)
    for n, symbol in enumerate(SYMBOLS[:2]):
        _entered(desk, scene.intent(f"i{n}", symbol, qty="1"), "1")
    again = Desk(RiskGate())
    again.reactor.restore(desk.reactor.snapshot())
    again.hears(scene.reconciled())
    assert again.refuses(scene.intent("i3", SYMBOLS[3], qty="1")) is Gate.TRADE_COUNT
    again.at(NOW // NS_PER_DAY * NS_PER_DAY + NS_PER_DAY)
    now = Ns(again.instant.ns)
    again.hears(scene.account(time=now), scene.market(now))
    again.permits(scene.intent("i3", SYMBOLS[3], qty="1", created=now))


def test_f20_an_unfilled_entry_is_not_one_of_the_days() -> None:
    desk = ready(scene.policy(limits={"entries_per_day": 1}))
    permit = desk.permits(scene.intent())
    assert desk.refuses(scene.intent("i2", ETH)) is Gate.TRADE_COUNT
    desk.hears(scene.result(permit, ResultStatus.REJECTED))
    desk.permits(scene.intent("i3", ETH))


def test_f40_six_correlated_longs_are_blocked_by_what_the_book_holds() -> None:
    held = [scene.position(symbol, qty="4") for symbol in SYMBOLS[:5]]
    policy = scene.roomy(positions_max=20, gross_margin=1.0)
    desk = ready(policy, *held)
    refused = desk.asks(scene.intent(symbol=SYMBOLS[5], qty="4"))
    assert isinstance(refused, RiskRefusal)
    assert refused.code is Gate.CLUSTER_MARGIN
    assert check(refused, Gate.CLUSTER_MARGIN).value == pytest.approx(0.24)


def test_f40_heat_of_open_stops_leaves_no_room() -> None:
    held = [scene.position(symbol, qty="1", risk="150") for symbol in SYMBOLS[:8]]
    desk = ready(scene.roomy(positions_max=20, gross_margin=1.0, cluster_margin=1.0), *held)
    assert desk.refuses(scene.intent(symbol=SYMBOLS[9], qty="1")) is Gate.HEAT


@pytest.mark.parametrize(("held", "warns"), [(3, False), (6, True)])
def test_heat_above_the_policys_warning_is_said_on_the_permit(held: int, warns: bool) -> None:
    """A permit may still follow, smaller; whoever reads its checks sees how near the limit is."""
    open_ = [scene.position(symbol, qty="1", risk="120") for symbol in SYMBOLS[:held]]
    desk = ready(scene.roomy(positions_max=20, gross_margin=1.0, cluster_margin=1.0), *open_)
    permit = desk.asks(scene.intent(symbol=SYMBOLS[9], qty="1"))
    assert isinstance(permit, RiskPermit)
    check = next(check for check in permit.checks if check.name is Gate.HEAT)
    assert check.value is not None
    assert (check.value > 0.06) is warns
    assert ("above the warning of 6%" in check.note) is warns


def test_a_position_without_its_stop_risks_its_whole_margin() -> None:
    desk = ready(scene.roomy(), but(scene.position(ETH, qty="9"), stop_price=None))
    assert desk.refuses(scene.intent()) is Gate.HEAT


@pytest.mark.parametrize(("venue", "ok"), [("sim:bybit", False), ("sim:binance", True)])
def test_f22_prices_come_from_where_we_trade(venue: str, ok: bool) -> None:
    desk = ready(None, scene.started(venue=venue), scene.reconciled())
    assert isinstance(desk.asks(scene.intent()), RiskPermit) == ok


def test_the_order_rate_counts_every_request_of_the_last_minute() -> None:
    desk = ready(None, *(scene.entry_order("x", f"c{n}", Leg.STOP) for n in range(20)))
    assert desk.refuses(scene.intent()) is Gate.ORDER_RATE
    desk.at(NOW + 60 * NS_PER_S)
    desk.hears(scene.account(time=Ns(desk.instant.ns)), scene.market(Ns(desk.instant.ns)))
    desk.permits(scene.intent("i2", created=Ns(desk.instant.ns)))


def test_f39_unknown_equity_is_never_a_guess() -> None:
    desk = Desk(RiskGate())
    desk.hears(scene.started(), scene.policy(), scene.instruments(), scene.universe())
    desk.hears(scene.reconciled(), scene.market())
    assert desk.refuses(scene.intent()) is Gate.EQUITY_UNKNOWN


# profiles


def test_research_reports_its_gates_and_still_permits() -> None:
    closes = [scene.closed(ETH, r=-0.1) for _ in range(8)]
    permit = ready(scene.policy("research"), *closes).permits(scene.intent())
    assert check(permit, Gate.STREAK).report_only
    assert ready(None, *closes).refuses(scene.intent()) is Gate.STREAK


@pytest.mark.parametrize("mode", [Mode.TESTNET, Mode.LIVE])
def test_report_only_is_worth_nothing_on_a_real_venue(mode: Mode) -> None:
    closes = [scene.closed(ETH, r=-0.1) for _ in range(8)]
    desk = ready(scene.policy("research"), *closes, scene.started(mode), scene.reconciled())
    assert desk.refuses(scene.intent()) is Gate.STREAK


def test_a_policy_cannot_disarm_a_gate_that_protects_money() -> None:
    loose = scene.policy("research")
    everything = but(loose.policy, report_only=tuple(Gate))
    desk = ready(but(loose, policy=everything), scene.account(drawdown=Frac(0.11)))
    assert desk.refuses(scene.intent()) is Gate.DRAWDOWN


# the gate's own test


class PermissiveGate(RiskGate):
    """The stub of the old system: everything is armed, and everything passes."""

    def evaluate(self, intent: TradeIntent, book: Book, limits: Limits | None) -> Verdict:
        return Verdict((), intent.qty)


def test_f83_a_gate_that_permits_everything_is_caught_at_its_start() -> None:
    assert ready(gate=PermissiveGate()).reactor.state.book.self_test is False
    assert ready().reactor.state.book.self_test is True


class OneEyedGate(RiskGate):
    """A gate that has lost one check."""

    blind = Gate.LEVERAGE

    def evaluate(self, intent: TradeIntent, book: Book, limits: Limits | None) -> Verdict:
        seen = super().evaluate(intent, book, limits)
        kept = tuple(c for c in seen.checks if c.name is not self.blind)
        return Verdict(kept, seen.qty)


def test_f83_a_gate_that_lost_a_check_keeps_entries_off() -> None:
    desk = ready(gate=OneEyedGate())
    assert desk.refuses(scene.intent()) is Gate.LATCHED


@pytest.mark.parametrize("profile", ["default", "research"])
@pytest.mark.parametrize("mode", ["GROWTH", "EXPANSION", "CAPITAL_PRESERVATION", "BLACK_SWAN"])
def test_f83_the_true_gate_passes_under_every_policy(profile: str, mode: str) -> None:
    assert ready(scene.policy(profile, mode=mode)).reactor.state.book.self_test is True


# exits and restarts


def test_r7_the_gate_does_not_even_hear_exits() -> None:
    assert ExitIntent not in RiskGate.consumes
    assert StopRequested not in RiskGate.consumes


def test_a_restart_keeps_reservations_and_asks_for_a_new_reconciliation() -> None:
    desk = ready(scene.policy(limits={"positions_max": 1}))
    desk.permits(scene.intent())
    again = Desk(RiskGate())
    again.reactor.restore(desk.reactor.snapshot())
    assert again.reactor.state == desk.reactor.state
    again.hears(scene.started(world_went_on=True))
    both = again.asks(scene.intent("i2", ETH))
    assert {Gate.NOT_RECONCILED, Gate.MAX_POSITIONS} <= {c.name for c in failed(both)}


# monotony

TIGHTER = st.sampled_from(
    (
        "risk_per_trade",
        "symbol_margin",
        "cluster_margin",
        "gross_margin",
        "gross_notional_x",
        "leverage_max",
        "positions_max",
        "daily_loss",
    )
)


def _asked(policy: PolicyUpdated, wish: TradeIntent, held: str, drawdown: float) -> Decimal:
    desk = ready(policy, scene.position(ETH, qty=held), scene.account(drawdown=Frac(drawdown)))
    answer = desk.asks(wish)
    return answer.qty if isinstance(answer, RiskPermit) else Decimal(0)


@settings(max_examples=60, deadline=None)
@given(
    TIGHTER,
    st.floats(0.0, 1.0),
    st.decimals("0.1", "30", places=2),
    st.integers(1, 5),
    st.floats(0.0, 0.11),
)
def test_r1_tightening_a_limit_never_permits_more(
    name: str, by: float, qty: Decimal, leverage: int, drawdown: float
) -> None:
    loose = scene.roomy()
    old = getattr(loose.limits, name)
    new = int(old * by) if isinstance(old, int) else old * by
    tight = but(loose, limits=but(loose.limits, **{name: new}))
    wish = scene.intent(qty=qty, leverage=leverage)
    assert _asked(tight, wish, "5", drawdown) <= _asked(loose, wish, "5", drawdown)


@settings(max_examples=60, deadline=None)
@given(
    st.decimals("0", "20", places=2),
    st.decimals("0", "20", places=2),
    st.decimals("0.1", "30", places=2),
    st.floats(0.0, 0.12),
    st.floats(0.0, 0.12),
)
def test_r1_holding_more_or_having_lost_more_never_permits_more(
    held: Decimal, more: Decimal, qty: Decimal, drawdown: float, deeper: float
) -> None:
    wish = scene.intent(qty=qty, leverage=1)
    policy = scene.roomy()
    before = _asked(policy, wish, str(held), drawdown)
    assert _asked(policy, wish, str(held + more), max(drawdown, deeper)) <= before


def test_a_gate_keeps_its_answers_in_order() -> None:
    stage = Stage(RiskGate())
    assert [type(one) for one in stage.hears(scene.intent(), scene.intent("i2"))] == [
        RiskRefusal,
        RiskRefusal,
    ]


def fed(topic: str, state: FeedStatus, venue: str = "binance") -> FeedState:
    return FeedState(venue, topic, state, NOW)


@pytest.mark.parametrize("topic", ["*", f"quote.{BTC}", f"trade.{BTC}", f"reference.{BTC}"])
@pytest.mark.parametrize("state", [FeedStatus.STALE, FeedStatus.DOWN, FeedStatus.RESYNCING])
def test_f90_nothing_is_entered_while_its_feed_is_silent(topic: str, state: FeedStatus) -> None:
    desk = ready()
    desk.hears(fed(topic, state))
    refused = desk.asks(scene.intent())
    assert isinstance(refused, RiskRefusal)
    assert refused.code is Gate.DATA_STALE
    desk.hears(fed(topic, FeedStatus.LIVE))
    desk.permits(scene.intent())


def test_a_silence_elsewhere_or_a_hole_in_the_past_refuses_nothing() -> None:
    desk = ready()
    desk.hears(fed("*", FeedStatus.STALE, venue="bybit"))
    desk.hears(fed(f"quote.{ETH}", FeedStatus.STALE))
    desk.hears(fed("*", FeedStatus.GAP))
    desk.permits(scene.intent())
