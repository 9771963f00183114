"""The plan stands before the entry: in order, on the grid, harvested whole, and worth its costs."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.ai import CandidateRefused, Gate
from quantum_os.events.base import Event
from quantum_os.events.exits import ExitbrainAdaptiveLevels, ExitStopProposed
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, PositionSide, Regime
from quantum_os.exits.planner import Planner
from quantum_os.formulas.exit_levels import levels
from tests.exits.desk import Desk, only, played, played_cut
from tests.exits.scene import (
    LONG,
    SHORT,
    T0,
    decision,
    instruments,
    market_data,
    policy,
    sized,
)


def ready(tick: str = "0.01", least: str = "5") -> Desk:
    desk = Desk(Planner())
    desk.hears(policy(), instruments(tick, least=least), market_data())
    return desk


def code_of(said: list[Event]) -> Gate:
    (refused,) = said
    assert isinstance(refused, CandidateRefused)
    assert refused.stage == "exits.planner"
    return refused.code


def test_a_calm_candidate_gets_one_and_a_half_atr_and_all_it_was_derived_from() -> None:
    (stop,) = ready().hears(decision())
    assert isinstance(stop, ExitStopProposed)
    assert stop.sl == pytest.approx(0.015)
    assert stop.round_trip_cost == pytest.approx(0.0015)
    assert (stop.regime, stop.ref_price, stop.atr_frac) == (Regime.NORMAL, 100.0, 0.01)


def test_divergence_and_volatility_widen_the_stop_and_unknown_divergence_counts_half() -> None:
    desk = ready()
    desk.hears(market_data(ratio=2.0, divergence=50.0))
    (wide,) = only(desk.hears(decision()), ExitStopProposed)
    assert wide.sl == pytest.approx(0.015 * (1 + 0.4 + 0.1))
    desk.hears(market_data(divergence=None))
    (half,) = only(desk.hears(decision()), ExitStopProposed)
    assert half.sl == pytest.approx(0.015 * 1.2)


def test_f34_a_stop_that_its_costs_would_eat_is_refused() -> None:
    desk = ready()
    desk.hears(market_data(atr=0.0039))
    (refused,) = desk.hears(decision())
    assert isinstance(refused, CandidateRefused)
    assert refused.code is Gate.STOP_TOO_TIGHT_FOR_COST
    assert refused.value == pytest.approx(0.00585)
    assert refused.limit == pytest.approx(0.006)


@given(st.floats(0.004, 0.02), st.integers(1, 80), st.sampled_from([LONG, SHORT]))
def test_f34_the_first_target_is_worth_three_round_trips(
    atr: float, leverage: int, side: PositionSide
) -> None:
    desk = ready()
    desk.hears(market_data(atr=atr))
    (stop,) = only(desk.hears(decision(side)), ExitStopProposed)
    assert levels(stop.sl, leverage).tp1 >= 3 * stop.round_trip_cost


def test_a_stop_under_the_floor_is_raised_to_it_and_one_above_the_ceiling_refused() -> None:
    desk = ready()
    desk.hears(market_data(atr=0.004, ratio=0.0))
    (floored,) = only(desk.hears(decision()), ExitStopProposed)
    assert floored.sl == pytest.approx(0.006)
    desk.hears(market_data(atr=0.05))
    assert code_of(desk.hears(decision())) is Gate.VOL_TOO_HIGH


@pytest.mark.parametrize(
    ("atr", "ratio"),
    [(None, 1.0), (0.01, None), (float("nan"), 1.0), (0.01, float("nan")), (0.0, 1.0)],
)
def test_an_unknown_range_is_refused_not_defaulted(atr: float | None, ratio: float | None) -> None:
    desk = ready()
    desk.hears(market_data(atr=atr, ratio=ratio))
    assert code_of(desk.hears(decision())) is Gate.UNKNOWN_INPUT


def test_a_candidate_of_another_bar_or_symbol_or_without_a_price_is_refused() -> None:
    assert code_of(ready().hears(decision(bar_close=T0 + 1))) is Gate.UNKNOWN_INPUT
    assert code_of(ready().hears(decision(price=0.0))) is Gate.UNKNOWN_INPUT
    desk = Desk(Planner())
    desk.hears(policy())
    assert code_of(desk.hears(decision())) is Gate.UNKNOWN_INPUT


def test_no_policy_and_an_expired_policy_plan_nothing() -> None:
    desk = Desk(Planner())
    desk.hears(instruments(), market_data())
    assert code_of(desk.hears(decision())) is Gate.POLICY_STALE
    late = ready()
    late.hears(decision())
    assert code_of(late.hears(sized(), at=T0 + NS_PER_DAY + 1)) is Gate.POLICY_STALE


def plan_of(desk: Desk, side: PositionSide = LONG, **size: object) -> ExitbrainAdaptiveLevels:
    said = desk.hears(sized(side, **size))  # type: ignore[arg-type]
    (plan,) = only(said, ExitbrainAdaptiveLevels)
    assert isinstance(plan, ExitbrainAdaptiveLevels)
    return plan


def test_the_plan_carries_levels_legs_limits_and_the_other_profile() -> None:
    desk = ready()
    desk.hears(decision())
    plan = plan_of(desk)
    at = levels(0.015, 3)
    assert (plan.tp1, plan.tp2, plan.tp3) == pytest.approx((at.tp1, at.tp2, at.tp3))
    assert plan.sl_price == Decimal("98.50")
    assert [str(price) for price in plan.tp_prices] == ["101.52", "102.14", "102.85"]
    assert plan.tp_qtys == (Decimal("3.000"), Decimal("3.000"), Decimal("4.000"))
    assert plan.harvest == pytest.approx((0.3, 0.3, 0.4))
    assert not plan.legs_merged
    assert (plan.trailing_atr, plan.max_hold_h) == (2.0, 36.0)
    assert plan.expires == T0 + 36 * NS_PER_HOUR
    assert (plan.v3.stop, plan.v3.target) == pytest.approx((0.015, 0.03))


def test_in_a_trend_the_last_leg_runs_without_a_target() -> None:
    desk = ready()
    desk.hears(decision(regime=Regime.TREND_UP))
    plan = plan_of(desk)
    assert plan.tp_prices[2] is None
    assert plan.tp_qtys[2] == Decimal(4)
    assert (plan.trailing_atr, plan.max_hold_h) == (2.5, 72.0)


@given(
    st.integers(-5, 5),
    st.sampled_from([LONG, SHORT]),
    st.integers(1, 20),
    st.floats(0.005, 0.02),
    st.sampled_from(list(Regime)),
)
def test_f30_f33_prices_are_in_order_at_any_price_and_for_both_sides(
    power: int, side: PositionSide, leverage: int, atr: float, regime: Regime
) -> None:
    price = 1.2345 * 10.0**power
    desk = ready(tick=str(Decimal(10) ** (power - 5)))
    desk.hears(market_data(atr=atr))
    (stop,) = desk.hears(decision(side, regime=regime, price=price, q=0.9))
    if isinstance(stop, CandidateRefused):
        assert stop.code in (Gate.VOL_TOO_HIGH, Gate.STOP_TOO_TIGHT_FOR_COST)
        return
    (plan,) = desk.hears(sized(side, qty="1000000", leverage=leverage, price=repr(price)))
    if isinstance(plan, CandidateRefused):
        # Half the way to liquidation is sizing's to keep; here a stop behind it cannot be planned.
        assert plan.code is Gate.LIQUIDATION_DISTANCE
        return
    assert isinstance(plan, ExitbrainAdaptiveLevels)
    targets = [target for target in plan.tp_prices if target is not None]
    path = [plan.sl_price, Decimal(repr(price)), *targets]
    assert path == sorted(path, reverse=side is SHORT)
    for level in (plan.sl_price, *targets):
        assert 0.001 <= abs(float(level) / price - 1) <= 0.2


def test_a_grid_too_coarse_for_the_levels_is_refused() -> None:
    desk = ready(tick="5")
    desk.hears(decision())
    assert code_of(desk.hears(sized())) is Gate.NOT_TRADABLE


def test_f33_a_stop_behind_the_liquidation_price_is_refused() -> None:
    desk = ready()
    desk.hears(market_data(atr=0.03), decision())
    assert code_of(desk.hears(sized(leverage=40))) is Gate.LIQUIDATION_DISTANCE


@given(
    st.integers(1, 2_000), st.sampled_from(["5", "20", "100"]), st.sampled_from(list(Regime)[:4])
)
def test_f78_the_legs_close_the_whole_quantity(steps: int, least: str, regime: Regime) -> None:
    desk = ready(least=least)
    desk.hears(decision(regime=regime, q=1.0))
    qty = Decimal(steps) / 1000
    plan = plan_of(desk, qty=str(qty))
    assert sum(plan.tp_qtys) == qty
    assert len(plan.tp_qtys) == len(plan.tp_prices) == len(plan.harvest)
    assert plan.legs_merged == (len(plan.tp_qtys) < 3)
    small = [leg for leg in plan.tp_qtys if leg * 100 < Decimal(least)]
    assert not small or len(plan.tp_qtys) == 1
    assert all(leg % Decimal("0.001") == 0 for leg in plan.tp_qtys)


def test_merged_legs_take_the_nearest_targets_and_are_worth_less() -> None:
    whole, merged = ready(), ready(least="400")
    whole.hears(decision())
    merged.hears(decision())
    three, fewer = plan_of(whole), plan_of(merged)
    assert fewer.tp_qtys == (Decimal("6.000"), Decimal("4.000"))
    assert fewer.tp_prices == three.tp_prices[:2]
    assert fewer.e_net < three.e_net


def test_the_reference_plan_is_worth_what_the_policy_says_to_the_rounding_of_its_prices() -> None:
    desk = ready()
    desk.hears(decision(q=0.65))
    assert plan_of(desk).e_net == pytest.approx(0.65 * 1.02 - 0.35 * 0.95 - 0.1, abs=0.01)


def test_further_targets_are_never_worth_more_than_the_reference() -> None:
    near, far = ready(), ready()
    near.hears(decision())
    far.hears(decision())
    assert plan_of(far, leverage=1).e_net == pytest.approx(0.65 * 1.02 - 0.35 * 0.95 - 0.1)
    assert plan_of(near, leverage=20).e_net < 0.65 * 1.02 - 0.35 * 0.95 - 0.1


def test_a_plan_under_the_margin_is_refused_and_in_research_it_is_shown_instead() -> None:
    desk = ready()
    desk.hears(decision(q=0.5))
    assert code_of(desk.hears(sized())) is Gate.NO_EDGE_AFTER_COSTS
    research = ready()
    research.hears(policy("research"))
    research.hears(decision(q=0.5))
    assert plan_of(research).e_net < 0.05


def test_a_symbol_without_leverage_brackets_or_size_is_not_planned() -> None:
    bare, empty = ready(), ready()
    known = instruments().instruments[0]
    unknown = msgspec.structs.replace(known, brackets=())
    bare.hears(msgspec.structs.replace(instruments(), instruments=(unknown,)), decision())
    assert code_of(bare.hears(sized())) is Gate.UNKNOWN_INPUT
    empty.hears(decision())
    assert code_of(empty.hears(sized(qty="0"))) is Gate.UNKNOWN_INPUT


def test_a_symbol_outside_the_cross_section_is_refused() -> None:
    desk = ready()
    other = msgspec.structs.replace(decision(), symbol="ETH/USDT:USDT")
    assert code_of(desk.hears(other)) is Gate.UNKNOWN_INPUT


@pytest.mark.parametrize("table", ["stop_atr", "max_hold_h", "trailing_atr"])
def test_f37_a_regime_without_its_row_in_the_exit_tables_is_refused(table: str) -> None:
    document = policy().policy
    exits = msgspec.structs.replace(document.exits, **{table: {}})
    changed = msgspec.structs.replace(document, exits=exits)
    desk = ready()
    desk.hears(msgspec.structs.replace(policy(), policy=changed))
    assert code_of(desk.hears(decision())) is Gate.UNKNOWN_INPUT


def test_a_size_without_a_pending_plan_ends_in_a_refusal_and_plans_last_one_bar() -> None:
    desk = ready()
    desk.hears(decision())
    desk.hears(market_data(bar_close=T0 + NS_PER_HOUR))
    assert code_of(desk.hears(sized())) is Gate.UNKNOWN_INPUT
    planner = desk.reactor
    assert isinstance(planner, Planner)
    assert planner.state.pending == {}


def test_a_cut_anywhere_changes_nothing() -> None:
    script = [
        (T0, event)
        for event in (policy(), instruments(), market_data(), decision(), sized(), sized())
    ]
    whole = played(Planner(), script)
    assert len(whole) == 3
    for cut in range(len(script) + 1):
        assert played_cut(Planner, script, cut) == whole
